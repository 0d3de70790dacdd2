package templates

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

//go:embed html locale mail static
var files embed.FS

// Languages are those of every page and message; the first is the one of last resort.
var Languages = []string{"ja", "en"}

// Options say who speaks.
type Options struct {
	// Name is the service's name wherever it is shown; Reading is how the
	// Japanese voice says it, Name if empty.
	Name, Reading string
	// Market is the marketplace's name; empty means Name.
	Market string
	// IssuerHost is the host of the issuer's URL: the last line of a text
	// message binds its code to it (ux 8.1), mails tell people to type it.
	IssuerHost string
	// Fits reports whether a text message goes in one part; nil means always. Of
	// several wordings of a text the first one that fits is sent (H-26).
	Fits func(text string) bool
	// Zone is the deployment's time zone; nil means UTC.
	Zone *time.Location
	// Support is whom people may ask, Senders what they see as the senders of codes.
	Support Support
	Senders Senders
	// AsOf is the date of what the help says, Version the program's; the zero
	// date and the empty version are left out (S-002).
	AsOf    time.Time
	Version string
	// Terms and Privacy are the marketplace's pages; empty leaves the links out.
	Terms, Privacy string
}

// Support is whom people may ask; empty fields are left out.
type Support struct{ URL, Mail, Phone string }

// None reports whether nobody is named.
func (s Support) None() bool { return s == Support{} }

// Senders are what people see as the senders of text messages, calls and mails (S-106).
type Senders struct {
	SMS, Voice []string
	Mail       string
}

// Set is everything that can be shown. It is safe for concurrent use.
type Set struct {
	opt    Options
	words  catalogue
	assets *assets
	pages  map[string]*template.Template // by language
	names  []string                      // of the pages, sorted
	letter *template.Template
}

// Page is what is shown in answer to one request.
type Page struct {
	// Lang is "ja" or "en".
	Lang string
	// Name is the file html/NAME.html; Layout is "flow", "account", "staff" or,
	// for the development inbox, "admin".
	Name, Layout string
	// Title is the key of the page's title, with the arguments of [Set.Text].
	Title     string
	TitleArgs []any
	// Path is where the language links come back to: a path of ours with its query.
	Path string
	// Flow and CSRF are the hidden fields of every form.
	Flow, CSRF string
	// Client is whom the sign-in is for; nil on pages of our own.
	Client *ClientRef
	// Nav names the entry of the menu the page belongs to.
	Nav string
	// Shops says that the account's menu has an entry for shops.
	Shops bool
	// Desk is the member of staff on duty; nil on all other pages.
	Desk *Desk
	// Err is set when the page is shown again because of a fault (ux 2.4).
	Err bool
	// Data is the page's own struct.
	Data any
	// Main is what the layout frames; [Set.Render] makes it of the page's file.
	Main template.HTML
}

// ClientRef is a relying party as people see it.
type ClientRef struct{ Name, URI string }

// Initial is the letter of its icon.
func (c ClientRef) Initial() string {
	for _, r := range c.Name {
		return string(r)
	}
	return ""
}

// New reads and checks everything there is: a page that uses a key which a
// language lacks is an error.
func New(opt Options) (*Set, error) {
	opt.Market = cmp.Or(opt.Market, opt.Name)
	if opt.Zone == nil {
		opt.Zone = time.UTC
	}
	words, err := readCatalogue()
	if err != nil {
		return nil, err
	}
	a, err := readAssets()
	if err != nil {
		return nil, err
	}
	s := &Set{opt: opt, words: words, assets: a, pages: map[string]*template.Template{}}
	if s.letter, err = template.ParseFS(files, "mail/mail.html"); err != nil {
		return nil, err
	}
	if s.names, err = pageNames(); err != nil {
		return nil, err
	}
	for _, lang := range Languages {
		if s.pages[lang], err = s.parse(lang); err != nil {
			return nil, err
		}
	}
	return s, s.checkKeys()
}

// parse makes one set of all that a language shows: html/base*.html, the layouts
// and what pages share, and every page under the name of its file. What a page
// defines for itself beside "main" is nobody else's.
func (s *Set) parse(lang string) (*template.Template, error) {
	empty := func() *template.Template { return template.New("").Funcs(s.funcs(lang)).Option("missingkey=error") }
	all, err := empty().ParseFS(files, "html/base*.html")
	if err != nil {
		return nil, fmt.Errorf("parse the layouts: %w", err)
	}
	for _, name := range s.names {
		page, err := empty().ParseFS(files, "html/"+file(name))
		if err != nil {
			return nil, fmt.Errorf("parse page %s: %w", name, err)
		}
		for _, t := range page.Templates() {
			as := t.Name()
			if as == "" || as == file(name) { // what stands outside of every definition: nothing
				continue
			}
			if as == "main" {
				as = file(name)
			}
			if all.Lookup(as) != nil {
				return nil, fmt.Errorf("page %s: %q is defined twice", name, as)
			}
			if _, err := all.AddParseTree(as, t.Tree); err != nil {
				return nil, fmt.Errorf("page %s: %w", name, err)
			}
		}
	}
	return all, nil
}

// pageNames are the names of all pages, sorted.
func pageNames() ([]string, error) {
	found, err := fs.Glob(files, "html/*.html")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, at := range found {
		if name := strings.TrimSuffix(path.Base(at), ".html"); !strings.HasPrefix(name, "base") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// file is the file of a page.
func file(name string) string { return name + ".html" }

// Names are the names of all pages, sorted.
func (s *Set) Names() []string { return slices.Clone(s.names) }

// Render writes a page, or nothing at all when it fails.
func (s *Set) Render(w io.Writer, p Page) error {
	all := s.pages[p.Lang]
	if _, known := slices.BinarySearch(s.names, p.Name); all == nil || !known {
		return fmt.Errorf("no page %q in language %q", p.Name, p.Lang)
	}
	var body, buf bytes.Buffer
	err := all.ExecuteTemplate(&body, file(p.Name), p)
	if err == nil {
		p.Main = template.HTML(body.String()) //nolint:gosec // G203: a template made it
		err = all.ExecuteTemplate(&buf, p.Layout, p)
	}
	if err != nil {
		return fmt.Errorf("render page %s: %w", p.Name, err)
	}
	_, err = buf.WriteTo(w)
	return err
}
