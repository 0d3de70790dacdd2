package parties_test

import (
	"cmp"
	"encoding/json"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/idp/idptest/chrome"
)

// Levels.
const (
	twoStep       = "urn:sekisho:acr:2sv"
	trustedDevice = "urn:sekisho:acr:trusted-device"
)

// claims is what a relying party tells of the person.
type claims struct {
	Sub   string   `json:"sub"`
	Email string   `json:"email"`
	ACR   string   `json:"acr"`
	AMR   []string `json:"amr"`
}

// check is something a client can do besides signing in, tried at the end of
// the journey by a person who is signed in with two steps.
type check func(*journey)

// journey is one person's way through a relying party.
type journey struct {
	*site
	*chrome.Tab
	t     *testing.T
	party party
}

// set opens a browser of its own.
func set(t *testing.T, s *site, p party) *journey {
	t.Helper()
	return &journey{site: s, Tab: s.chrome.New(t, s.origin), t: t, party: p}
}

// travel is what every relying party must pass.
func travel(t *testing.T, s *site, p party) {
	t.Helper()
	j := set(t, s, p)

	// An error answer is shown, not retried.
	j.Open(j.party.path.login)
	j.givePassword()
	j.giveCode(false)
	j.Press("button[value=deny]")
	j.atParty()
	if got := j.Content(); !strings.Contains(got, cmp.Or(p.refused, "access_denied")) {
		t.Errorf("after a refusal the relying party shows %s", got)
	}

	// A refusal ends the whole sign-in, so it begins anew.
	j.Open(j.party.path.login)
	j.givePassword()
	j.giveCode(true)
	j.Press("button[value=allow]")
	j.told(twoStep, "pwd", "otp")

	// The second time nobody is asked.
	j.Open(j.party.path.login)
	j.told(twoStep, "pwd", "otp")

	for _, c := range p.checks {
		c(j)
	}

	j.leave()

	// The trusted device spares the code at a sign-in, and never at a step-up.
	j.Open(j.party.path.login)
	j.givePassword()
	j.told(trustedDevice, "pwd")
	j.Open(j.party.path.payout)
	j.giveCode(false)
	j.atParty()
	if got := j.Content(); !strings.Contains(got, `"payout":"open"`) {
		t.Errorf("after the step-up: %s", got)
	}
}

// leave signs out: the relying party and the provider have forgotten the person.
func (j *journey) leave() {
	j.t.Helper()
	j.Open(cmp.Or(j.logout, j.place(j.party.path.logout)))
	j.atParty()
	if diff := gocmp.Diff(claims{}, j.tells()); diff != "" {
		j.t.Errorf("after signing out (-want +got):\n%s", diff)
	}
}

func (j *journey) givePassword() {
	j.t.Helper()
	j.atProvider("/signin?")
	j.Fill("#identifier", j.person.email)
	j.Fill("#password", password)
	j.Press("main button[type=submit].pri")
}

func (j *journey) giveCode(trust bool) {
	j.t.Helper()
	j.atProvider("/signin/code")
	if trust {
		j.Click("#trust")
	}
	j.Fill("#code", j.code(j.t, j.person.number))
	j.Press("main button[type=submit].pri")
}

// told compares what the relying party knows.
func (j *journey) told(acr string, amr ...string) {
	j.t.Helper()
	j.atParty()
	want := claims{Sub: j.person.id, Email: j.person.email, ACR: acr, AMR: amr}
	if diff := gocmp.Diff(want, j.tells()); diff != "" {
		j.t.Errorf("the relying party at %s says (-want +got):\n%s", j.Address(), diff)
	}
}

func (j *journey) tells() claims {
	j.t.Helper()
	body := j.Content()
	var c claims
	if err := json.Unmarshal([]byte(body), &c); err != nil {
		j.t.Fatalf("at %s: %v:\n%s", j.Address(), err, body)
	}
	return c
}

func (j *journey) atParty() { j.t.Helper(); j.Arrive(j.origin + "/") }

func (j *journey) atProvider(path string) { j.t.Helper(); j.Arrive(j.issuer + path) }

// refreshes calls an API twice: the access token lives for less time than the
// relying party wants to have left, so the second call comes after a refresh.
func refreshes(j *journey) {
	j.t.Helper()
	for range 2 { // a refresh token that was rotated is used too
		j.Open("/profile")
		got := j.Content()
		if !strings.Contains(got, `"refreshed":true`) || !strings.Contains(got, j.person.email) {
			j.t.Errorf("the API call after a refresh: %s", got)
		}
	}
}

// bound has tokens that are worth nothing without a key (RFC 9449).
func bound(j *journey) {
	j.t.Helper()
	j.Open("/profile")
	if got := j.Content(); !strings.Contains(got, `"token_type":"dpop"`) {
		j.t.Errorf("the tokens are not bound: %s", got)
	}
}

// renews asks for no page: that works while the session lasts, and ends in an
// error that is shown when it does not.
func renews(j *journey) {
	j.t.Helper()
	j.silent.Store(true)
	j.Open(j.party.path.login)
	j.told(twoStep, "pwd", "otp")
	stranger := set(j.t, j.site, j.party)
	stranger.Open(j.party.path.login)
	if got := stranger.Content(); !strings.Contains(got, "login_required") {
		j.t.Errorf("prompt=none without a session: %s", got)
	}
	j.silent.Store(false)
}

// minds meets an answer of another issuer (RFC 9207): a mix-up of providers.
func minds(j *journey) {
	j.t.Helper()
	j.mixUp.Store(true)
	j.Open(j.party.path.login)
	got := j.Content()
	j.mixUp.Store(false)
	j.atParty()
	if !strings.Contains(got, "error") {
		j.t.Errorf("an answer with another issuer was taken: %s", got)
	}
	j.Open(j.party.path.login)
	j.told(twoStep, "pwd", "otp")
}

// hears is told that the session has ended elsewhere (OpenID Connect
// Back-Channel Logout 1.0).
func hears(j *journey) {
	j.t.Helper()
	j.cli(j.t, "user", "end-sessions", j.person.email)
	end := time.Now().Add(patience)
	for j.Open("/"); j.tells().Sub != ""; j.Open("/") {
		if time.Now().After(end) {
			j.t.Fatal("the relying party never heard that the session has ended")
		}
	}
	j.Open(j.party.path.login)
	j.givePassword()
	j.giveCode(true) // an operator ends trusted devices too
	j.told(twoStep, "pwd", "otp")
}
