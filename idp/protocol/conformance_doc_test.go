package protocol_test

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/sekisho-id/sekisho/clients"
)

// docs/conformance.md names every module that is played and no other, and only
// tests that exist.
func TestConformancePageIsTrue(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../docs/conformance.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile(`(?m)^\| ((?:oidcc|fapi2)-\S+) \|`)
	said := map[string][]string{}
	for _, section := range strings.Split(string(raw), "\n## ")[1:] {
		name, text, _ := strings.Cut(section, "\n")
		for _, m := range row.FindAllStringSubmatch(text, -1) {
			said[name] = append(said[name], m[1])
		}
	}
	played := map[string][]string{}
	for _, plan := range plans {
		for _, m := range plan.modules {
			played[plan.name] = append(played[plan.name], m.name)
		}
	}
	if diff := cmp.Diff(played, said); diff != "" {
		t.Errorf("modules (-played +written):\n%s", diff)
	}
	_, clauses, _ := strings.Cut(string(raw), "\n## Clauses")
	named := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+)`").FindAllStringSubmatch(clauses, -1)
	if len(named) < 50 {
		t.Fatalf("%d tests are named", len(named))
	}
	have := testsOf(t, "../..")
	for _, m := range named {
		if !slices.Contains(have, m[1]) {
			t.Errorf("there is no test %s", m[1])
		}
	}
}

// testsOf are the names of all tests below a folder.
func testsOf(t *testing.T, root string) []string {
	t.Helper()
	var names []string
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9]+)\(`)
	files := os.DirFS(root)
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != ".":
			return fs.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		raw, err := fs.ReadFile(files, path)
		for _, m := range declared.FindAllStringSubmatch(string(raw), -1) {
			names = append(names, m[1])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// The client that the page tells people to register is one that may exist.
func TestConformanceClientIsValid(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../docs/conformance.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(raw), "```yaml\n")
	text, _, _ = strings.Cut(text, "```")
	var list []clients.Client
	d := yaml.NewDecoder(strings.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&list); err != nil || len(list) != 1 || list[0].Validate() != nil {
		t.Fatalf("%v, %+v", err, list)
	}
	want := certified()[0]
	got := list[0]
	want.ID, want.SecretHashes, want.RedirectURIs, want.PostLogoutURIs, want.Auth = got.ID, got.SecretHashes, got.RedirectURIs, got.PostLogoutURIs, ""
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the page's client differs from the one that the modules are played with (-played +written):\n%s", diff)
	}
}
