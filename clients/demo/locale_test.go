package demo_test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEveryTextExistsInBothLanguages(t *testing.T) {
	t.Parallel()
	keys := func(lang string) []string {
		raw, err := os.ReadFile("locale/" + lang + ".json")
		if err != nil {
			t.Fatal(err)
		}
		texts := map[string]string{}
		if err := json.Unmarshal(raw, &texts); err != nil {
			t.Fatal(err)
		}
		for key, text := range texts {
			if text == "" {
				t.Errorf("%s: %q is empty", lang, key)
			}
		}
		return slices.Sorted(maps.Keys(texts))
	}
	if diff := cmp.Diff(keys("ja"), keys("en")); diff != "" {
		t.Errorf("keys (-ja +en)\n%s", diff)
	}
}
