package web_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/sekisho-id/sekisho/templates"
)

// Whoever adds a rule to the decision says in words what it means.
func TestEveryReasonHasWords(t *testing.T) {
	t.Parallel()
	set, err := templates.New(templates.Options{Name: "Mon"})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, name := range []string{"../signin/decide.go", "../signin/explain.go"} {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\t(?:Reason|Rule)[A-Za-z]+ += "([a-z_]+)"`).FindAllSubmatch(raw, -1) {
			n++
			for _, lang := range templates.Languages {
				if word := string(m[1]); set.Why(lang, word) == word {
					t.Errorf("%s: no words for %s", lang, word)
				}
			}
		}
	}
	if n < 25 {
		t.Errorf("found %d reasons only", n)
	}
}
