package templates_test

import (
	"regexp"
	"strings"
	"testing"
)

// N-11, A-6.2.6, A-6.2.7: every field for a password can be shown, is named to
// password managers, and takes what is pasted.
func TestPasswordFieldsCanBeSeenAndFilled(t *testing.T) {
	t.Parallel()
	field := regexp.MustCompile(`<input [^>]*type="password"[^>]*>`)
	id := regexp.MustCompile(` id="([^"]+)"`)
	eachPage(t, func(t *testing.T, _, body string) {
		for _, input := range field.FindAllString(body, -1) {
			if !strings.Contains(input, `autocomplete="current-password"`) && !strings.Contains(input, `autocomplete="new-password"`) {
				t.Errorf("no manager knows %s", input)
			}
			name := id.FindStringSubmatch(input)
			if name == nil || !strings.Contains(body, `data-show="`+name[1]+`"`) {
				t.Errorf("nothing shows %s", input)
			}
		}
		if strings.Contains(body, "onpaste") {
			t.Error("the page meddles with pasting")
		}
	})
}

// whoever is signed in sees how to sign out.
func TestSignOutIsOnEveryPageOfAnAccount(t *testing.T) {
	t.Parallel()
	eachPage(t, func(t *testing.T, _, body string) {
		inside := strings.Contains(t.Name(), "/account-") || strings.Contains(t.Name(), "/admin-")
		if inside && !strings.Contains(body, `href="/signout"`) {
			t.Error("no way to sign out")
		}
	})
}
