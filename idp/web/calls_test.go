package web_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/web"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/mfa/send"
)

// gateway is a voice gateway in the middle of a call.
type gateway struct {
	t    *testing.T
	next string
}

// press reports a key and returns what the call says then.
func (g *gateway) press(key string) (int, string) {
	g.t.Helper()
	res, err := http.PostForm(g.next, url.Values{"Digits": {key}})
	if err != nil {
		g.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	if _, after, ok := strings.Cut(string(body), `action="`); ok {
		g.next, _, _ = strings.Cut(after, `"`)
	}
	return res.StatusCode, string(body)
}

// ring signs in up to the code page with a call and answers the phone.
func ring(t *testing.T) (*idptest.Server, *idp.Browser, string, *gateway) {
	t.Helper()
	var calls *send.Calls
	s := idptest.New(t, idptest.Web(func(c *web.Config) {
		var err error
		if calls, err = send.NewCalls(c.Issuer+"/calls", bytes.Repeat([]byte{3}, 32), c.Now); err != nil {
			t.Fatal(err)
		}
		c.Calls = calls
	}))
	s.AddUserWith(t, "kenji@example.jp", "correct horse battery", "+819012345678", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
	b := &idp.Browser{IP: "192.0.2.7", Lang: "en"}
	n, err := s.Provider.AccountSignIn(t.Context(), b, "/account", false)
	if err == nil {
		n, err = s.Provider.SubmitPassword(t.Context(), b, n.SignInID, "kenji@example.jp", "correct horse battery")
	}
	if err == nil {
		n, err = s.Provider.SendCode(t.Context(), b, n.SignInID, "", mfa.Voice)
	}
	if err != nil {
		t.Fatal(err)
	}
	m := s.Message(t, mfa.Call, "+819012345678")
	return s, b, n.SignInID, &gateway{t: t, next: calls.URL(send.FirstTurn(m.ID))}
}

// T-32: an answering machine presses nothing and never hears the code.
func TestAnsweringMachineNeverHearsTheCode(t *testing.T) {
	t.Parallel()
	s, _, _, g := ring(t)
	spoken := s.Inbox.Messages(mfa.Call)[0].Voice.Code
	for range 4 {
		_, says := g.press("")
		if strings.Contains(says, "Your code is") || strings.Contains(says, spoken) {
			t.Fatalf("the code is spoken without a key:\n%s", says)
		}
	}
	_, _, _, g = ring(t)
	if status, says := g.press("1"); status != http.StatusOK || !strings.Contains(says, "Your code is") {
		t.Errorf("after key 1: %d\n%s", status, says)
	}
}

// Key 9 ends the sign-in that asked, and a forged URL says nothing.
func TestKeyNineStopsTheSignIn(t *testing.T) {
	t.Parallel()
	s, b, id, g := ring(t)
	forged := &gateway{t: t, next: g.next[:len(g.next)-2] + "xx"}
	if status, _ := forged.press("1"); status != http.StatusNotFound {
		t.Errorf("forged call URL answers %d", status)
	}
	if status, _ := g.press("9"); status != http.StatusOK {
		t.Fatalf("key 9 answers %d\n%s", status, s.Log)
	}
	if _, err := s.Provider.SignIn(t.Context(), b, id); !errors.Is(err, idp.ErrStale) {
		t.Errorf("sign-in after key 9: %v, want ErrStale", err)
	}
	s.Message(t, mfa.Mail, "kenji@example.jp")
}

// T-32: a machine that answers is told from somebody who listens; the report of
// a call that ended changes neither.
func TestAnsweredCallIsHeardOnlyAfterAKey(t *testing.T) {
	t.Parallel()
	state := func(s *idptest.Server, b *idp.Browser, id string) mfa.Delivery {
		v, err := s.Provider.SignIn(t.Context(), b, id)
		if err != nil {
			t.Fatal(err)
		}
		return v.Code.Delivery
	}
	s, b, id, g := ring(t)
	for range 3 {
		g.press("")
	}
	if got := state(s, b, id); got != mfa.Unheard {
		t.Errorf("after an answering machine: %q", got)
	}
	s, b, id, g = ring(t)
	g.press("1")
	message := s.Inbox.Messages(mfa.Call)[0].ID
	if err := s.Provider.Receipt(t.Context(), "twilio", message, mfa.Unheard, "completed"); err != nil {
		t.Fatal(err)
	}
	if got := state(s, b, id); got != mfa.Delivered {
		t.Errorf("after key 1 and the end of the call: %q", got)
	}
}
