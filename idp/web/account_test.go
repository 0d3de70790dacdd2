package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/mfa"
)

// newcomer signs somebody in who has no two-step verification.
func (k *kit) newcomer(t *testing.T) *idptest.Browser {
	t.Helper()
	k.AddUser(t, email, secret)
	b := k.Browser(t)
	at(t, password(b, b.Get("/account")), "/account")
	return b
}

// submit posts a form with the token of the page it stands on.
func submit(b *idptest.Browser, page *idptest.Page, path string, pairs ...string) *idptest.Page {
	form := url.Values{"csrf": {token(page)}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return b.Post(path, form)
}

// find is the first group of a pattern in a page.
func find(t *testing.T, p *idptest.Page, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(p.Body)
	if m == nil {
		t.Fatalf("%s has no %s:\n%s", p.URL, pattern, p.Body)
	}
	return m[1]
}

// S-099: a session is not enough to change how one signs in.
func TestNothingChangesWithoutFreshProofs(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	k.enter(t, b, "/account")
	home := b.Get(twoStepPath)
	method := twoStepPath + "/methods/" + find(t, home, `/methods/(\w+)/name`)
	home = b.Get("/account/profile") // it has a form, and so the token
	k.Clock.Advance(11 * time.Minute)
	for path, pair := range map[string][2]string{
		"/account/security/password": {"new-password", "another horse battery"},
		twoStepPath + "/devices":     {"reset", "1"},
		twoStepPath + "/off":         {"do", "send"},
		method + "/name":             {"name", "x"},
		method + "/remove":           {"", ""},
	} {
		p := submit(b, home, path, pair[:]...)
		if got := p.URL.Path; got != "/signin/confirm" && got != "/signin/code" {
			t.Errorf("POST %s ended on %s (%d), want a proof of identity", path, p.URL, p.Status)
		}
	}
	for _, path := range []string{"/account", "/account/security", twoStepPath, "/account/activity"} { // to look is allowed
		at(t, b.Get(path), path)
	}
}

func TestProfileIsSavedAndSpeaksTheNewLanguage(t *testing.T) {
	t.Parallel()
	k := start(t)
	b := k.newcomer(t)
	p := b.Get("/account/profile")
	wants(t, b.Submit(p, "", "name", " "), http.StatusUnprocessableEntity, "Enter your name", `aria-invalid="true"`)
	p = b.Submit(p, "", "name", "Kenji", "lang", "ja", "zone", "America/New_York")
	wants(t, p, http.StatusOK, "変更を保存しました", `value="Kenji"`, `value="America/New_York" selected`)
	wants(t, b.Get("/account"), http.StatusOK, "Kenjiさん")
	b.Submit(p, "", "zone", "Local") // the machine's zone is nobody's business
	if body := b.Get("/account/profile").Body; strings.Contains(body, `"Local"`) {
		t.Error("the zone Local was taken")
	}
}

func TestChangePasswordSaysWhatIsWrongAndEndsOtherSessions(t *testing.T) {
	t.Parallel()
	k := start(t)
	b := k.newcomer(t)
	other := k.Browser(t)
	password(other, other.Get("/account"))
	p := b.Get("/account/security/password")
	for name, c := range map[string]struct{ current, fresh, say string }{
		"the current one is wrong": {"wrong", "a new horse battery", "Your current password is not right"},
		"too short":                {secret, "short", "at least 15 characters"},
		"about the person":         {secret, email, "be like your name or email"},
	} {
		t.Run(name, func(t *testing.T) {
			wants(t, b.Submit(p, "", "current-password", c.current, "new-password", c.fresh), http.StatusUnprocessableEntity, c.say)
		})
		k.Clock.Advance(15 * time.Second) // C-26
	}
	p = b.Submit(p, "", "current-password", secret, "new-password", "a new horse battery")
	at(t, p, "/account/security")
	wants(t, p, http.StatusOK, "Your password is changed")
	at(t, b.Get("/account"), "/account")
	at(t, other.Get("/account"), "/signin")
}

func TestSessionsAreEndedOneByOneAndAllAtOnce(t *testing.T) {
	t.Parallel()
	k := start(t)
	b := k.newcomer(t)
	var others []*idptest.Browser
	for range 3 {
		o := k.Browser(t)
		password(o, o.Get("/account"))
		others = append(others, o)
	}
	p := b.Get("/account/activity")
	wants(t, p, http.StatusOK, "Signed in (password)", "This device")
	p = submit(b, p, "/account/activity", "end", find(t, p, `name="end" value="(\w+)"`))
	wants(t, p, http.StatusOK, "That device is signed out")
	live := 0
	for _, o := range others {
		if o.Get("/account").URL.Path == "/account" {
			live++
		}
	}
	if live != 2 {
		t.Errorf("%d other sessions are live, want 2", live)
	}
	wants(t, submit(b, p, "/account/activity", "end", "others"), http.StatusOK, "Every other device is signed out")
	for _, o := range others {
		at(t, o.Get("/account"), "/signin")
	}
	at(t, b.Get("/account"), "/account")
}

// S-095: what is somebody else's does not exist, whoever knows its name.
func TestOtherPeoplesThingsAreNotFound(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	owner := k.Browser(t)
	k.enter(t, owner, "/account")
	method := find(t, owner.Get(twoStepPath), `/methods/(\w+)/name`)

	k.AddUserWith(t, "thief@example.jp", secret, "+819088887777", "MFRGGZDFMZTWQ2LKMFRGGZDFMZTWQ2LK")
	thief := k.Browser(t)
	p := thief.Submit(thief.Get("/account"), "/signin", "identifier", "thief@example.jp", "password", secret)
	thief.Submit(p, "/signin/code", "code", k.Code(t, "+819088887777"))
	home := thief.Get("/account/activity")
	at(t, home, "/account/activity")
	k.Clock.Advance(time.Minute)
	k.enter(t, k.Browser(t), "/account")
	sid := find(t, owner.Get("/account/activity"), `name="end" value="(\w+)"`)
	for path, pair := range map[string][2]string{
		twoStepPath + "/methods/" + method + "/remove": {"", ""},
		twoStepPath + "/methods/" + method + "/name":   {"name", "mine"},
		twoStepPath + "/devices":                       {"remove", "X"},
		"/account/activity":                            {"end", sid},
	} {
		if got := submit(thief, home, path, pair[:]...); got.Status != http.StatusNotFound {
			t.Errorf("POST %s: status %d, want 404", path, got.Status)
		}
	}
}

// S-103, C-34: a trusted device can be ended by itself.
func TestOneTrustedDeviceIsEnded(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	p := password(b, b.Get("/account"))
	b.Submit(p, "/signin/code", "code", k.Code(t, mobile), "trust", "1")
	p = b.Get(twoStepPath + "/devices")
	wants(t, p, http.StatusOK, "Until 22 December 2026", "This device")
	p = submit(b, p, twoStepPath+"/devices", "remove", find(t, p, `name="remove" value="(\w+)"`))
	wants(t, p, http.StatusOK, "That device will be asked for a code next time", "No device skips codes")
}

// N-07, S-099: off takes a code always, and a password that may stand alone.
func TestTurnOffNeedsACodeAndALongPassword(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	k.enter(t, b, "/account")
	p := b.Get(twoStepPath + "/off")
	wants(t, submit(b, p, twoStepPath+"/off", "do", "verify", "code", "123456"), http.StatusUnprocessableEntity)
	if !strings.Contains(b.Get(twoStepPath).Body, "verification is on") {
		t.Fatal("two-step verification went off without a code")
	}
	change := b.Get("/account/security/password")
	wants(t, change, http.StatusOK, "At least 8 characters")
	b.Submit(change, "", "current-password", secret, "new-password", "tall gate")
	wants(t, b.Get(twoStepPath+"/off"), http.StatusOK, "at least 15 characters")
	k.Clock.Advance(time.Minute)
	submit(b, p, twoStepPath+"/off", "do", "send", "method", ":"+string(mfa.SMS))
	p = submit(b, p, twoStepPath+"/off", "do", "verify", "code", k.Code(t, mobile))
	wants(t, p, http.StatusUnprocessableEntity, "at least 15 characters")
}
