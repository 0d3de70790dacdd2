package idp_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/idp/idptest"
)

// whoever adds an event says whether its person is told.
func TestEveryEventIsToldOrQuietForAReason(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("*.go")
	fatal(t, err)
	used := map[string]bool{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		raw, err := os.ReadFile(name)
		fatal(t, err)
		for _, m := range regexp.MustCompile(`"([a-z_]+(?:\.[a-z_0-9]+)+)"`).FindAllStringSubmatch(string(raw), -1) {
			kind, _, _ := strings.Cut(m[1], ".")
			if !slices.Contains([]string{"mail", "sms", "voice", "send"}, kind) {
				used[m[1]] = true
			}
		}
	}
	for name := range used {
		_, told := idptest.Notified[name]
		if told == slices.Contains(idptest.Quiet, name) {
			t.Errorf("event %s must stand in one of idptest.Notified and idptest.Quiet", name)
		}
	}
	for _, name := range idptest.Quiet {
		if !used[name] {
			t.Errorf("there is no event %s", name)
		}
	}
	for name := range idptest.Notified {
		if !used[name] {
			t.Errorf("there is no event %s", name)
		}
	}
}
