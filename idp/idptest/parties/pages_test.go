package parties_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/idp/idptest"
)

// Places below this folder.
const (
	root  = "../../.."
	pages = root + "/docs/integrate"
	tools = root + "/.bin/parties" // what .ci/need.sh installed
)

// page is one recipe of docs/integrate.
type page struct {
	name, text string
	blocks     []block
}

// block is one piece of code on a page. Its info string is a language and,
// where it is a file, the file's name.
type block struct{ lang, file, text string }

var fence = regexp.MustCompile("(?ms)^ *```([a-z]+)(?: ([^\\n]+))?\\n(.*?)^ *```$")

// readPage reads docs/integrate/NAME.md.
func readPage(t *testing.T, name string) *page {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(pages, name+".md"))
	must(t, err)
	p := &page{name: name, text: string(text)}
	for _, m := range fence.FindAllStringSubmatch(p.text, -1) {
		p.blocks = append(p.blocks, block{m[1], m[2], m[3]})
	}
	return p
}

// first is the first block in a language that is not a file.
func (p *page) first(t *testing.T, lang string) string {
	t.Helper()
	for _, b := range p.blocks {
		if b.lang == lang && b.file == "" {
			return b.text
		}
	}
	t.Fatalf("%s has no block of %s", p.name, lang)
	return ""
}

// file is the block that is a file of that name.
func (p *page) file(t *testing.T, name string) string {
	t.Helper()
	for _, b := range p.blocks {
		if b.file == name {
			return b.text
		}
	}
	t.Fatalf("%s has no file %s", p.name, name)
	return ""
}

// has reports whether the page has a file of that name.
func (p *page) has(name string) bool {
	return slices.ContainsFunc(p.blocks, func(b block) bool { return b.file == name })
}

// place puts the test's hosts for those of the pages.
func place(text, issuer, app string) string {
	return strings.NewReplacer("id.example.jp", strings.TrimPrefix(issuer, "https://"), "app.example.jp", strings.TrimPrefix(app, "https://")).Replace(text)
}

// Every page answers the same questions, and the index knows it.
func TestPagesAreComplete(t *testing.T) {
	t.Parallel()
	index, err := os.ReadFile(filepath.Join(pages, "README.md"))
	must(t, err)
	for _, p := range parties() {
		text := readPage(t, p.page).text
		for _, heading := range []string{"Register", "Two-step verification and step-up", "Sign-out", "Pitfalls"} {
			if !strings.Contains(text, "\n## "+heading+"\n") {
				t.Errorf("%s.md has no section %q", p.page, heading)
			}
		}
		if !strings.Contains(string(index), "("+p.page+".md)") {
			t.Errorf("the index does not lead to %s.md", p.page)
		}
	}
}

var installed = regexp.MustCompile(`(?m)^npm install (.+)$`)

// The versions that pages say are those that are tried.
func TestPagesInstallWhatIsTried(t *testing.T) {
	t.Parallel()
	var tried struct{ Dependencies map[string]string }
	text, err := os.ReadFile("package.json")
	must(t, err)
	must(t, json.Unmarshal(text, &tried))
	for _, p := range parties() {
		for _, line := range installed.FindAllStringSubmatch(readPage(t, p.page).text, -1) {
			for _, want := range strings.Fields(line[1]) {
				at := strings.LastIndex(want, "@")
				if name, version := want[:at], want[at+1:]; tried.Dependencies[name] != version {
					t.Errorf("%s.md installs %s %s, tried is %s", p.page, name, version, tried.Dependencies[name])
				}
			}
		}
	}
}

var endpoint = regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| `(https://id[^`]+)` \\|$")

// The addresses of the generic page are those of the metadata, and what it
// registers is a client.
func TestGenericPageIsTrue(t *testing.T) {
	t.Parallel()
	p, s := readPage(t, "generic"), idptest.New(t)
	res, err := s.Browser(t).Client.Get(s.URL + "/.well-known/openid-configuration")
	must(t, err)
	defer res.Body.Close()
	var metadata map[string]any
	must(t, json.NewDecoder(res.Body).Decode(&metadata))
	rows := endpoint.FindAllStringSubmatch(p.text, -1)
	if len(rows) != 6 {
		t.Fatalf("%d endpoints, want 6", len(rows))
	}
	for _, row := range rows {
		if want := strings.Replace(row[2], "https://id.example.jp", s.URL, 1); metadata[row[1]] != want {
			t.Errorf("%s is %v, the page says %s", row[1], metadata[row[1]], row[2])
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)#:\s]+)(?:#[^)]*)?\)`)

// Links between the documents lead somewhere.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(root + "/*.md")
	must(t, err)
	must(t, filepath.WalkDir(root+"/docs", func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".md" {
			files = append(files, path)
		}
		return err
	}))
	for _, f := range files {
		text, err := os.ReadFile(f)
		must(t, err)
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(string(text), ""), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(f), m[1])); err != nil {
				t.Errorf("%s: %v", f, err)
			}
		}
	}
}
