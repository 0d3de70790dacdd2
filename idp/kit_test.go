package idp_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
)

const (
	password15 = "correct horse battery"
	mobile     = "+819012345678"
	landline   = "+81312345678"
	back       = "https://rp.example/cb"
	verifier   = "a-verifier-of-forty-three-characters-at-least-0"
)

// base32Key is appKey as people import it.
const base32Key = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

// appKey is the TOTP key of people added with an app.
var appKey = []byte("12345678901234567890")

// buyer demands nothing; seller demands two-step verification since long ago;
// vault demands a code each time.
func buyer() clients.Client {
	return clients.Client{
		ID: "buyer", Name: "Buyer", Auth: clients.AuthNone, RedirectURIs: []string{back},
		Grants: []clients.GrantType{clients.GrantCode, clients.GrantRefresh}, Rules: clients.Rules{FirstParty: true},
	}
}

func seller() clients.Client {
	c := buyer()
	c.ID, c.Name = "seller", "Seller"
	c.Rules.EnforceFrom = idptest.Start.Add(-24 * time.Hour)
	return c
}

func vault() clients.Client {
	c := buyer()
	c.ID, c.Name, c.Rules.MinACR = "vault", "Vault", signin.LevelTwoStep.ACR()
	return c
}

func serve(t *testing.T, opts ...idptest.Option) *idptest.Server {
	t.Helper()
	return idptest.New(t, append([]idptest.Option{idptest.DSN(database(t)), idptest.Clients(buyer(), seller(), vault())}, opts...)...)
}

// browser is one browser as the verbs see it.
func browser() *idp.Browser {
	return &idp.Browser{IP: "192.0.2.7", UserAgent: "Mozilla/5.0 Test", Lang: "en", RequestID: "r1"}
}

func challenge() string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func request(client string) idp.AuthorizeRequest {
	return idp.AuthorizeRequest{
		ClientID: client, RedirectURI: back, Scopes: []string{"openid"}, State: "s", Nonce: "n", CodeChallenge: challenge(),
	}
}

// story drives one browser through verbs and fails the test on surprises.
type story struct {
	t *testing.T
	s *idptest.Server
	b *idp.Browser
}

func (st story) authorize(client string) idp.Next {
	st.t.Helper()
	return st.ask(request(client))
}

func (st story) ask(r idp.AuthorizeRequest) idp.Next {
	st.t.Helper()
	n, err := st.s.Provider.Authorize(st.t.Context(), st.b, r)
	fatal(st.t, err)
	return n
}

func (st story) password(n idp.Next, email string) idp.Next {
	st.t.Helper()
	want(st.t, n, signin.PagePassword)
	n, err := st.s.Provider.SubmitPassword(st.t.Context(), st.b, n.SignInID, email, password15)
	fatal(st.t, err)
	return n
}

// sms enters the code that was sent to a number.
func (st story) sms(n idp.Next, number string, trust bool) idp.Next {
	st.t.Helper()
	want(st.t, n, signin.PageCode)
	n, err := st.s.Provider.SubmitCode(st.t.Context(), st.b, n.SignInID, st.s.Code(st.t, number), trust)
	fatal(st.t, err)
	return n
}

// redeem exchanges the code of a finished sign-in.
func (st story) redeem(n idp.Next, client string) idp.Issue {
	st.t.Helper()
	if n.Reply == nil {
		st.t.Fatalf("sign-in is at %q, not done", n.Step.Page)
	}
	if e := n.Reply.Params.Get("error"); e != "" {
		st.t.Fatalf("sign-in ended with %s", e)
	}
	c, ok := st.s.Provider.Config().Clients.Lookup(client)
	if !ok {
		st.t.Fatalf("no client %s", client)
	}
	issue, err := st.s.Provider.RedeemCode(st.t.Context(), st.b, c, idp.Redemption{Code: n.Reply.Params.Get("code"), RedirectURI: back, Verifier: verifier})
	fatal(st.t, err)
	return issue
}

// app is the code an authenticator app with appKey shows now.
func (st story) app() string { return mfa.TOTPAt(appKey, st.s.Clock.Now()) }

func want(t *testing.T, n idp.Next, page signin.Page) {
	t.Helper()
	if n.Reply != nil || n.Step.Page != page {
		t.Fatalf("next is %q (%s), reply %v; want %q", n.Step.Page, n.Step.Reason, n.Reply, page)
	}
}

func wantErr(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Fatalf("got error %v, want %v", err, target)
	}
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wrong is a well-formed code that differs from the right one.
func wrong(code string) string {
	if code[0] == '9' {
		return "0" + code[1:]
	}
	return string(code[0]+1) + code[1:]
}

// bought is somebody who has signed in to the buyer's app, at a provider of
// their own, and what that was worth.
func bought(t *testing.T) (story, idp.User, idp.Issue) {
	t.Helper()
	s := serve(t)
	u := s.AddUser(t, "sakura@example.jp", password15)
	st := story{t, s, browser()}
	return st, u, st.buy()
}

// buy signs sakura in to the buyer's app.
func (st story) buy() idp.Issue {
	st.t.Helper()
	return st.redeem(st.password(st.authorize("buyer"), "sakura@example.jp"), "buyer")
}
