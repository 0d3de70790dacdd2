package templates

import (
	"cmp"
	"fmt"
	"html"
	"html/template"
	"regexp"
	"strings"
	"text/template/parse"
	"time"
)

var (
	bold   = regexp.MustCompile(`\*\*(.+?)\*\*`)
	linked = regexp.MustCompile(`\[(.+?)\]`)
	digits = regexp.MustCompile(`\+?\d[\d•-]{7,}\d`)
)

// funcs is what pages may call:
//
//	t KEY ARG…        words with **bold** and [links]; links go to the arguments named href
//	ts KEY ARG…       the same as plain text, for attributes
//	d, clock, stamp   a time's date, its hour and minute, both, in its own location
//	iso               a time for <time datetime>
//	title PAGE        the title of the page
//	icon NAME         a drawing, hidden from screen readers
//	L JA EN           one of two
//	list, m           a list and a map, as arguments of {{template}}
//	static NAME       the URL of a static file
//	name              the service's name
//	support, senders  whom to ask, and who sends codes
//	problem           the URL to report a problem at (N-06)
//	tel               the URL of a telephone number
//	asof, version     the date of the help, and the program's version
//	terms, privacy    the URLs of the marketplace's pages, or nothing
func (s *Set) funcs(lang string) template.FuncMap {
	return template.FuncMap{
		"t":  func(key string, args ...any) (template.HTML, error) { return s.rich(lang, key, args) },
		"ts": func(key string, args ...any) (string, error) { return s.plain(lang, key, args) },
		"d":  func(t time.Time) string { return s.Date(lang, t) }, "clock": Clock,
		"stamp": func(t time.Time) string { return s.Date(lang, t) + " " + Clock(t) },
		"iso":   func(t time.Time) string { return t.Format(time.RFC3339) },
		"icon":  icon,
		"title": func(p Page) (string, error) { return s.plain(lang, p.Title, p.TitleArgs) },
		"L": func(ja, en string) string {
			if lang == "ja" {
				return ja
			}
			return en
		},
		"list": func(v ...any) []any { return v },
		"m":    pairs, "static": s.assets.url,
		"name":    func() string { return s.opt.Name },
		"support": func() Support { return s.opt.Support }, "senders": func() Senders { return s.opt.Senders },
		"problem": func() string { return cmp.Or(s.opt.Support.URL, "/help#contact") }, "tel": tel,
		"version": func() string { return s.opt.Version },
		"asof": func() string {
			if s.opt.AsOf.IsZero() {
				return ""
			}
			return s.Date(lang, s.opt.AsOf)
		},
		"terms": func() string { return s.opt.Terms }, "privacy": func() string { return s.opt.Privacy },
	}
}

// rich is a text as HTML: escaped first, so that no argument brings markup.
func (s *Set) rich(lang, key string, args []any) (template.HTML, error) {
	text, err := s.plain(lang, key, args)
	if err != nil {
		return "", err
	}
	out := html.EscapeString(text)
	if strings.Contains(out, "**") {
		out = bold.ReplaceAllString(out, "<strong>$1</strong>")
	}
	if strings.ContainsAny(out, "0123456789") {
		out = digits.ReplaceAllString(out, `<span class="num">$0</span>`)
	}
	out = strings.ReplaceAll(out, "\n", "<br>")
	if strings.Contains(out, "[") {
		out = link(out, argsNamed(args, "href"))
	}
	return template.HTML(out), nil //nolint:gosec // G203: the text was escaped above
}

// link makes links of [words], in turn; without a URL they stay words.
func link(text string, hrefs []string) string {
	return linked.ReplaceAllStringFunc(text, func(m string) string {
		word, href := m[1:len(m)-1], ""
		if len(hrefs) > 0 {
			href, hrefs = hrefs[0], hrefs[1:]
		}
		if href == "" {
			return word
		}
		return `<a href="` + html.EscapeString(href) + `">` + word + `</a>`
	})
}

func argsNamed(args []any, name string) []string {
	var out []string
	for i := 0; i+1 < len(args); i += 2 {
		if args[i] == name {
			out = append(out, fmt.Sprint(args[i+1]))
		}
	}
	return out
}

// Date is the date of t in its own location: 2026年11月22日 or 22 November 2026.
func (s *Set) Date(lang string, t time.Time) string {
	if lang == "ja" {
		return t.Format("2006年1月2日")
	}
	return t.Format("2 January 2006")
}

// tel is the URL of a telephone number, which holds nothing but digits and a plus.
func tel(number string) template.URL {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '+' {
			return r
		}
		return -1
	}, number)
	return template.URL("tel:" + digits) //nolint:gosec // G203: see above
}

// Clock is the hour and minute of t in its own location.
func Clock(t time.Time) string { return t.Format("15:04") }

func pairs(kv ...any) (map[string]any, error) {
	if len(kv)%2 != 0 {
		return nil, fmt.Errorf("m: %d arguments", len(kv))
	}
	m := make(map[string]any, len(kv)/2)
	for i := 0; i < len(kv); i += 2 {
		m[fmt.Sprint(kv[i])] = kv[i+1]
	}
	return m, nil
}

// checkKeys finds the keys that pages and mails name and no language has.
func (s *Set) checkKeys() error {
	for name := range mails {
		if !s.Has(name+".s") || !s.Has(name+".b") {
			return fmt.Errorf("no words for mail %q", name)
		}
	}
	for _, t := range s.pages[Languages[0]].Templates() {
		if t.Tree == nil || t.Tree.Root == nil {
			continue
		}
		for _, key := range keysOf(t.Tree.Root) {
			if _, ok := s.words[key]; !ok {
				return fmt.Errorf("page %s: no words for key %q", t.Name(), key)
			}
		}
	}
	return nil
}

// keysOf are the literal first arguments of t and ts below a node.
func keysOf(n parse.Node) []string {
	var keys []string
	each := func(nodes ...parse.Node) {
		for _, c := range nodes {
			keys = append(keys, keysOf(c)...)
		}
	}
	branch := func(b *parse.BranchNode) {
		each(b.Pipe, b.List)
		if b.ElseList != nil {
			each(b.ElseList)
		}
	}
	switch n := n.(type) {
	case *parse.ListNode:
		each(n.Nodes...)
	case *parse.ActionNode:
		each(n.Pipe)
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.RangeNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	case *parse.TemplateNode:
		if n.Pipe != nil {
			each(n.Pipe)
		}
	case *parse.PipeNode:
		for _, c := range n.Cmds {
			each(c)
		}
	case *parse.CommandNode:
		each(n.Args...)
		if id, ok := n.Args[0].(*parse.IdentifierNode); ok && (id.Ident == "t" || id.Ident == "ts") && len(n.Args) > 1 {
			if key, ok := n.Args[1].(*parse.StringNode); ok {
				keys = append(keys, key.Text)
			}
		}
	}
	return keys
}
