package web_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/idp/idptest/chrome"
	"github.com/sekisho-id/sekisho/mfa"
)

// guardedPages change credentials, or show what opens the account.
var guardedPages = []string{
	"/account/security/password", "/account/security/email", "/account/security/passkeys/new", "/account/data",
	twoStepPath + "/off", twoStepPath + "/recovery-codes", twoStepPath + "/methods/new",
}

// T-40, A-7.5.1, C-33: a cookie that malware took opens the pages to read, and
// none that changes anything: not methods, addresses, the password, passkeys or
// recovery codes. The next proof of the owner's throws the thief out.
func TestBrowserStoryOfAStolenCookie(t *testing.T) {
	b := chrome.Start(t)
	for _, lang := range []string{"ja", "en"} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			k := start(t, roomy())
			v, e164, _ := k.guarded(t, b, lang)
			v.enter("/account", e164)
			v.left(v.OpenAway(authorize("buyer")))
			k.Clock.Advance(11 * time.Minute)
			before := k.account(t, v.email)

			stolen := v.Cookie("sekisho_session")
			thief := &visitor{Tab: b.New(t, k.URL).Language(lang), t: t, k: k, email: v.email}
			thief.Open("/help") // for a form token of the thief's own
			thief.SetCookie("sekisho_session", stolen)
			thief.Open("/account")
			thief.at("/account")
			pages := slices.Clone(guardedPages)
			for _, f := range before.factors {
				change := "/number"
				if f.Channel == mfa.App {
					change = "/key"
				}
				pages = append(pages, twoStepPath+"/methods/"+f.ID+change, twoStepPath+"/methods/"+f.ID+"/primary")
			}
			for _, page := range pages {
				thief.Open(page)
				if on, _, _ := strings.Cut(thief.Path(), "?"); on != "/signin/confirm" && on != twoStepPath {
					t.Errorf("%s opens to a stolen cookie: on %s", page, on)
				}
				if thief.Has("main input[type=tel]") || thief.Has("#new-password") || thief.Has("#email") {
					t.Errorf("%s shows its form to a stolen cookie", page)
				}
			}
			k.postsWith(t, stolen, before)
			after := k.account(t, v.email)
			same(t, before, after)

			v.Open("/account/security/password") // the owner proves it anew for a change of their own
			k.Clock.Advance(time.Minute)
			v.proves(e164)
			v.at("/account/security/password")
			thief.Open("/account")
			thief.at("/signin")

			v.Open("/signout")
			v.Press("main .btn.pri")
			end := k.account(t, v.email)
			if end.sessions != 0 || end.grants != 0 {
				t.Errorf("%d sessions and %d grants are left after signing out", end.sessions, end.grants)
			}
			end.audited(t, before, "signin.done", "session.ended")
		})
	}
}

// postsWith sends every form of the account pages with a stolen cookie, as a
// program would that knows them.
func (k *kit) postsWith(t *testing.T, stolen string, a account) {
	t.Helper()
	b := k.Browser(t)
	csrf := token(b.Get("/signup"))
	base, err := url.Parse(k.URL)
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{
		"csrf": {csrf}, "do": {"make"}, "password": {secret}, "current": {secret}, "new-password": {"a thief's long phrase"}, "email": {"thief@evil.example"},
		"code": {"000000"}, "tel": {"090-9999-0001"}, "cc": {"JP"}, "channel": {"sms"}, "kind": {"phone"}, "saved": {"1"}, "name": {"Thief"}, "unverified": {"1"},
	}
	for _, path := range k.routes(http.MethodPost) {
		if !strings.HasPrefix(path, "/account/security") {
			continue
		}
		for _, do := range []string{"make", "keep", "send", "app", "verify", "remove", "add", "resend"} {
			b.Client.Jar.SetCookies(base, []*http.Cookie{{Name: "sekisho_session", Value: stolen, Path: "/"}})
			form.Set("do", do)
			p := b.Post(strings.ReplaceAll(path, "/X", "/"+a.factors[0].ID), form)
			if p.Status >= 500 {
				t.Errorf("POST %s, do=%s: status %d", path, do, p.Status)
			}
		}
	}
}

// same fails unless nothing of an account was changed or told.
func same(t *testing.T, before, after account) {
	t.Helper()
	if diff := cmp.Diff(before.factors, after.factors); diff != "" {
		t.Errorf("the methods were changed (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(before.mails, after.mails); diff != "" {
		t.Errorf("mails were sent (-before +after):\n%s", diff)
	}
	if after.user.Password != before.user.Password || after.user.Email != before.user.Email || !after.user.TwoStepAt.Equal(before.user.TwoStepAt) ||
		after.passkeys != before.passkeys || after.addresses != before.addresses || after.codes != before.codes {
		t.Error("credentials were changed")
	}
	if after.sessions != before.sessions || after.grants != before.grants {
		t.Errorf("%d sessions and %d grants, %d and %d before", after.sessions, after.grants, before.sessions, before.grants)
	}
}
