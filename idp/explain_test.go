package idp_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/signin"
)

func ask(t *testing.T, s *idptest.Server, q idp.Question) idp.Answer {
	t.Helper()
	a, err := s.Provider.Explain(t.Context(), q)
	fatal(t, err)
	return a
}

// What is explained is what the sign-in does: for a new browser, for the one
// that was used last, and for the account pages.
func TestExplainTellsWhatTheSignInDoes(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	st := kenji(t, s, true)
	a := ask(t, s, idp.Question{Who: u.Email, ClientID: "seller"})
	if a.Step.Page != signin.PagePassword || len(a.Way) != 3 || a.Way[1].Page != signin.PageCode || a.Way[1].Reason != signin.ReasonEnforced {
		t.Errorf("a new browser meets %+v", a.Way)
	}
	for _, client := range []string{"seller", "vault", "buyer"} {
		r := request(client)
		r.CreatedAt = s.Clock.Now()
		n := st.ask(r)
		a := ask(t, s, idp.Question{Who: u.ID, ClientID: client, Session: idp.LastSession})
		if a.Step.Page != n.Step.Page || a.Step.Reason != n.Step.Reason || a.Step.Need != n.Step.Need || a.Step.Have != n.Step.Have {
			t.Errorf("%s: explained %+v, was %+v", client, a.Step, n.Step)
		}
	}
	if a.User.Password != "" {
		t.Error("the answer holds the password's hash")
	}
	for _, f := range a.Methods {
		if f.Number == mobile || f.Secret != nil {
			t.Errorf("the answer holds %+v", f)
		}
	}
}

func TestExplainWhatIf(t *testing.T) {
	t.Parallel()
	s := serve(t)
	u := s.AddUser(t, "hana@example.jp", password15)
	for _, tc := range []struct {
		client string
		with   []string
		page   signin.Page
		reason string
	}{
		{"buyer", []string{"password=1m"}, signin.PageDone, signin.ReasonDone},
		{"seller", []string{"password=1m"}, signin.PageEnrol, signin.ReasonEnforced},
		{"seller", []string{"password=1m", "extended_until=2026-12-01"}, signin.PageNotice, signin.ReasonNotice},
		{"seller", []string{"password=1m", "enforce_from=never"}, signin.PageDone, signin.ReasonDone},
		{"seller", []string{"password=1m", "two_step=on", "main=on", "backup=on"}, signin.PageCode, signin.ReasonEnforced},
		{"seller", []string{"password=1m", "two_step=on", "main=on", "backup=on", "device=on"}, signin.PageDone, signin.ReasonDone},
		{"seller", []string{"password=1m", "two_step=on", "main=on", "backup=on", "device=on", "trusted_devices=off"}, signin.PageCode, signin.ReasonEnforced},
		{"buyer", []string{"password=1m", "two_step=on", "main=on", "backup=off"}, signin.PageCode, signin.ReasonNoBackup},
		{"buyer", []string{"password=1m", "prompt=login"}, signin.PagePassword, signin.ReasonLogin},
		{"buyer", []string{"password=10m", "max_age=300s"}, signin.PagePassword, signin.ReasonMaxAge},
		{"buyer", []string{"password=1m", "acr=urn:sekisho:acr:2sv"}, signin.PageEnrol, signin.ReasonVoluntary},
		{"buyer", []string{"password=1m", "acr_essential=phrh"}, signin.PageRefuse, signin.ReasonUnreachable},
		{"buyer", []string{"password=1m", "first_party=off", "scopes=email,profile", "granted=email"}, signin.PageConsent, signin.ReasonScopes},
		{"buyer", []string{"password=1m", "disabled=on"}, signin.PageRefuse, signin.ReasonDisabled},
		{"buyer", []string{"password=1m", "reset=on"}, signin.PageEnrol, signin.ReasonReset},
		{"vault", []string{"password=1m", "passkey=on", "passkey_used=1m"}, signin.PageDone, signin.ReasonDone},
		{"vault", []string{"password=1m", "min_acr=none"}, signin.PageDone, signin.ReasonDone},
		{"buyer", []string{"password=20h"}, signin.PagePassword, signin.ReasonAbsolute},
		{"", []string{"password=1m"}, signin.PageDone, signin.ReasonDone},
	} {
		a := ask(t, s, idp.Question{Who: u.ID, ClientID: tc.client, With: tc.with})
		if a.Step.Page != tc.page || a.Step.Reason != tc.reason {
			t.Errorf("%s %v: %s (%s), want %s (%s)", tc.client, tc.with, a.Step.Page, a.Step.Reason, tc.page, tc.reason)
		}
	}
	for _, with := range []string{"shoes=on", "two_step", "two_step=yes", "password=-1m", "password=soon", "enforce_from=tomorrow", "acr=high", "prompt=maybe", "=", ""} {
		_, err := s.Provider.Explain(t.Context(), idp.Question{Who: u.ID, With: []string{with}})
		if _, ok := errors.AsType[*idp.ChangeError](err); !ok {
			t.Errorf("with %q: %v", with, err)
		}
	}
	_, err := s.Provider.Explain(t.Context(), idp.Question{Who: "nobody"})
	wantErr(t, err, idp.ErrNotFound)
	_, err = s.Provider.Explain(t.Context(), idp.Question{Who: u.ID, ClientID: "nobody"})
	wantErr(t, err, idp.ErrNotFound)
	_, err = s.Provider.Explain(t.Context(), idp.Question{Who: u.ID, Session: "nobody"})
	wantErr(t, err, idp.ErrNotFound)
	// A question changes nothing, not even the client it asks about.
	a := ask(t, s, idp.Question{Who: u.ID, ClientID: "seller", With: []string{"password=1m"}})
	if a.Step.Page != signin.PageEnrol {
		t.Errorf("after all that, the seller app asks for %s", a.Step.Page)
	}
}

// A past moment is explained by what was true then.
func TestExplainOfAPastMoment(t *testing.T) {
	t.Parallel()
	s := serve(t)
	u := s.AddUser(t, "hana@example.jp", password15)
	dated := buyer()
	dated.ID = "dated"
	s.AddClient(t, dated)
	s.Clock.Advance(time.Hour)
	then := s.Clock.Now()
	s.Clock.Advance(time.Hour)
	fatal(t, s.Provider.SetEnforceFrom(t.Context(), idptest.Operator(), "dated", idptest.Start, "at last"))
	fatal(t, s.Provider.SetUserDisabled(t.Context(), idptest.Operator(), u.ID, true))
	now := ask(t, s, idp.Question{Who: u.ID, ClientID: "dated", With: []string{"password=1m"}})
	if now.Step.Reason != signin.ReasonDisabled || len(now.Events) != 1 || now.Events[0].Name != "user.disabled" {
		t.Errorf("now: %+v, %+v", now.Step, now.Events)
	}
	past := ask(t, s, idp.Question{Who: u.ID, ClientID: "dated", At: then, With: []string{"password=1m"}})
	if past.Step.Page != signin.PageDone || !slices.Equal(past.Rewound, []string{"disabled", "enforce_from"}) {
		t.Errorf("then: %+v, taken back %v", past.Step, past.Rewound)
	}
}
