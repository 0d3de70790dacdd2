package protocol_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/oauth2"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/protocol"
	"github.com/sekisho-id/sekisho/mfa"
)

// waiting is a device that shows a code.
type waiting struct {
	*world
	t      *testing.T
	client string
	// secret is what polls, code what is shown.
	secret, code string
}

// deviceAsks has a device of a client ask for its codes.
func (w *world) deviceAsks(t *testing.T, client string, pairs ...string) reply {
	t.Helper()
	v := form(pairs...)
	if client == "kiosk" {
		v.Set("client_id", client)
		return w.machine(t).post(protocol.PathDevice, v)
	}
	return w.machine(t).post(protocol.PathDevice, v, "Authorization", basic(client))
}

func (w *world) device(t *testing.T, client string) waiting {
	t.Helper()
	r := w.deviceAsks(t, client, "scope", "openid email offline_access")
	if r.status != http.StatusOK {
		t.Fatalf("device authorization: got %d %s", r.status, r.body)
	}
	return waiting{w, t, client, r.str("device_code"), r.str("user_code")}
}

// poll asks whether it is connected.
func (d waiting) poll() reply {
	d.t.Helper()
	v := form("grant_type", string(clients.GrantDevice), "device_code", d.secret)
	if d.client == "kiosk" {
		v.Set("client_id", d.client)
		return d.machine(d.t).post(protocol.PathToken, v)
	}
	return d.machine(d.t).post(protocol.PathToken, v, "Authorization", basic(d.client))
}

// confirm enters the code in a browser and signs in up to the confirmation page.
func (d waiting) confirm(b *idptest.Browser, email string) *idptest.Page {
	d.t.Helper()
	p := b.Submit(b.Get("/device"), "/device", "code", d.code)
	if p.URL.Path == "/signin" {
		p = b.Submit(p, "/signin", "identifier", email, "password", password)
	}
	if p.URL.Path == "/signin/confirm" {
		p = b.Submit(p, "/signin/confirm", "password", password)
	}
	if p.URL.Path == "/signin/code" {
		p = b.Submit(p, "/signin/code", "code", d.Code(d.t, mobile))
	}
	if p.URL.Path != "/device/confirm" {
		d.t.Fatalf("at %s (%d), want the confirmation page:\n%s", p.URL, p.Status, p.Body)
	}
	return p
}

// connect is confirm, and yes.
func (d waiting) connect(b *idptest.Browser, email string) {
	d.t.Helper()
	if p := b.Submit(d.confirm(b, email), "/device/confirm", "decision", "yes"); p.URL.Path != "/device/done" {
		d.t.Fatalf("at %s (%d), want the end:\n%s", p.URL, p.Status, p.Body)
	}
}

// RFC 8628 by x/oauth2 and zitadel's relying party: a person with two-step
// verification connects a device, and the tokens tell how it was done.
func TestRelyingPartyDevice(t *testing.T) {
	t.Parallel()
	w := newDay(t)
	u := w.AddUserWith(t, carol, password, mobile, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
	b := w.Browser(t)
	party, err := rp.NewRelyingPartyOIDC(t.Context(), w.URL, "tv-post", secret, "", []string{"openid", "email"}, rp.WithAuthStyle(oauth2.AuthStyleInParams))
	if err != nil {
		t.Fatal(err)
	}
	asked, err := rp.DeviceAuthorization(t.Context(), []string{"openid", "email"}, party, nil)
	if err != nil {
		t.Fatal(err)
	}
	if asked.VerificationURI != w.URL+"/device" || asked.ExpiresIn != 300 || asked.Interval != 5 ||
		!regexp.MustCompile(`^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$`).MatchString(asked.UserCode) || len(asked.DeviceCode) < 43 {
		t.Errorf("got %+v", asked)
	}
	waiting{w, t, "tv-post", asked.DeviceCode, asked.UserCode}.connect(b, carol)
	got, err := rp.DeviceAccessToken(t.Context(), asked.DeviceCode, time.Second, party)
	if err != nil {
		t.Fatal(err)
	}
	claims, err := rp.VerifyTokens[*oidc.IDTokenClaims](t.Context(), got.AccessToken, got.IDToken, party.IDTokenVerifier())
	if err != nil {
		t.Fatal(err)
	}
	if claims.Subject != u.ID || claims.AuthenticationContextClassReference != "urn:sekisho:acr:2sv" || claims.Claims["sid"] != nil {
		t.Errorf("ID token %+v", claims)
	}
	conf := oauth2.Config{ClientID: "kiosk", Scopes: []string{"openid", "email"}, Endpoint: oauth2.Endpoint{
		DeviceAuthURL: w.URL + protocol.PathDevice, TokenURL: w.URL + protocol.PathToken, AuthStyle: oauth2.AuthStyleInParams,
	}}
	shown, err := conf.DeviceAuth(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if shown.VerificationURIComplete != w.URL+"/device?user_code="+shown.UserCode {
		t.Errorf("verification_uri_complete %q", shown.VerificationURIComplete)
	}
	waiting{w, t, "kiosk", shown.DeviceCode, shown.UserCode}.connect(b, carol)
	shown.Interval = 1
	token, err := conf.DeviceAccessToken(t.Context(), shown)
	if err != nil || token.RefreshToken == "" {
		t.Errorf("x/oauth2: got %+v, %v", token, err)
	}
}

// RFC 8628 §3.5: what a device hears while it waits.
func TestDeviceWaitsAndSlowsDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.device(t, "kiosk")
	wantError(t, d.poll(), http.StatusBadRequest, "authorization_pending")
	wantError(t, d.poll(), http.StatusBadRequest, "slow_down")
	w.Clock.Advance(5 * time.Second)
	wantError(t, d.poll(), http.StatusBadRequest, "slow_down") // it is ten by now, then fifteen
	w.Clock.Advance(15 * time.Second)
	wantError(t, d.poll(), http.StatusBadRequest, "authorization_pending")
	w.Clock.Advance(5 * time.Minute)
	wantError(t, d.poll(), http.StatusBadRequest, "expired_token")
	b := w.Browser(t)
	if p := b.Submit(b.Get("/device"), "/device", "code", d.code); p.Status != http.StatusUnprocessableEntity || !strings.Contains(p.Body, "expired") {
		t.Errorf("an expired code: got %d at %s", p.Status, p.URL)
	}
	w.Clock.Advance(time.Hour)
	w.jobs(t)
	wantError(t, d.poll(), http.StatusBadRequest, "invalid_grant")
}

// jobs deletes what has outlived its use.
func (w *world) jobs(t *testing.T) {
	t.Helper()
	if err := w.Provider.Expire(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// RFC 8628 §5.4: the page names what is connected, and a no reaches the device.
func TestDeviceIsRefusedByThePerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t, idptest.Place(func(string, string) string { return "Osaka, Japan" }))
	d := w.device(t, "kiosk")
	b := w.Browser(t)
	p := d.confirm(b, alice)
	for _, want := range []string{d.code, "kiosk", "Osaka, Japan", "may be a scam", alice} {
		if !strings.Contains(p.Body, want) {
			t.Errorf("the confirmation page lacks %q", want)
		}
	}
	if p = b.Submit(p, "/device/confirm", "decision", "no"); p.URL.Path != "/device/denied" {
		t.Errorf("no leads to %s (%d)", p.URL, p.Status)
	}
	wantError(t, d.poll(), http.StatusBadRequest, "access_denied")
	wantError(t, d.poll(), http.StatusBadRequest, "access_denied")
	if p := b.Submit(b.Get("/device"), "/device", "code", d.code); p.Status != http.StatusUnprocessableEntity {
		t.Errorf("entered again: got %d at %s", p.Status, p.URL)
	}
}

// T-17: a device's code is good for one set of tokens, and for its client alone.
func TestDeviceCodeCannotBeUsedTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.device(t, "tv")
	d.connect(w.Browser(t), alice)
	wantError(t, waiting{w, t, "kiosk", d.secret, d.code}.poll(), http.StatusBadRequest, "invalid_grant")
	r := d.poll()
	if r.status != http.StatusOK || r.str("refresh_token") == "" || r.str("id_token") == "" {
		t.Fatalf("got %d %s, want tokens", r.status, r.body)
	}
	if got := w.userInfo(t, r.str("access_token")); got.str("email") != alice {
		t.Errorf("userinfo: got %d %s", got.status, got.body)
	}
	if got := w.refresh(t, "tv", r.str("refresh_token")); got.status != http.StatusOK {
		t.Errorf("refresh: got %d %s", got.status, got.body)
	}
	wantError(t, d.poll(), http.StatusBadRequest, "invalid_grant")
	if got := w.userInfo(t, r.str("access_token")); got.status != http.StatusUnauthorized {
		t.Errorf("after the second use the token answers %d", got.status)
	}
}

// A device lives on when the browser that connected it signs out, and ends by the mail's link.
func TestDeviceOutlivesTheBrowserAndEndsByTheMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.device(t, "tv")
	b := w.Browser(t)
	d.connect(b, alice)
	r := d.poll()
	if p := b.Submit(b.Get("/signout"), "/signout"); p.Status != http.StatusOK {
		t.Fatalf("sign-out: %d", p.Status)
	}
	if got := w.userInfo(t, r.str("access_token")); got.status != http.StatusOK {
		t.Errorf("after sign-out: got %d", got.status)
	}
	m := w.Message(t, mfa.Mail, alice)
	if !strings.Contains(m.Body, d.code) {
		t.Errorf("the mail does not name the device's code:\n%s", m.Body)
	}
	link := regexp.MustCompile(`http\S+/report\?\S+`).FindString(m.Body)
	b.Submit(b.Get(link), "/report")
	if got := w.userInfo(t, r.str("access_token")); got.status != http.StatusUnauthorized {
		t.Errorf("after the report: got %d", got.status)
	}
}

// RFC 8628 §5.1: a short code is not to be guessed, and only wrong ones count.
func TestUserCodesCannotBeGuessed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.Browser(t)
	for range 7 { // right ones are no guesses
		d := w.device(t, "kiosk")
		b.Submit(b.Get("/device"), "/device", "code", d.code)
	}
	guess := func(b *idptest.Browser, code string) *idptest.Page {
		return b.Submit(b.Get("/device"), "/device", "code", code)
	}
	for i := range 5 {
		if p := guess(b, "BCDF-GHJ"+string("BCDFG"[i])); !strings.Contains(p.Body, "find that code") {
			t.Fatalf("guess %d: got %d at %s", i+1, p.Status, p.URL)
		}
	}
	d := w.device(t, "kiosk")
	if p := guess(b, d.code); p.Status != http.StatusUnprocessableEntity || !strings.Contains(p.Body, "Too many wrong codes") {
		t.Errorf("after five the right code: got %d at %s", p.Status, p.URL)
	}
	for range 14 { // a new browser each: the address has a limit too
		guess(w.Browser(t), "BCDF-GHJK")
	}
	if p := guess(w.Browser(t), d.code); !strings.Contains(p.Body, "Too many wrong codes") {
		t.Errorf("after twenty from one address: got %d at %s", p.Status, p.URL)
	}
	w.Clock.Advance(16 * time.Minute)
	d = w.device(t, "kiosk")
	if p := guess(b, strings.ToLower(d.code)); p.URL.Path != "/signin" {
		t.Errorf("a quarter of an hour later: at %s", p.URL)
	}
}

// RFC 8628 §3.3.1: a link with the code in it saves typing and no press of a button.
func TestDeviceLinkConnectsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.Browser(t)
	first := w.device(t, "kiosk")
	first.connect(b, alice) // signed in a moment ago
	d := w.device(t, "kiosk")
	p := b.Get("/device?user_code=" + d.code)
	if p.URL.Path != "/device" || !strings.Contains(p.Body, `value="`+d.code+`"`) {
		t.Errorf("at %s: the field is not filled", p.URL)
	}
	p = b.Submit(p, "/device")
	if p.URL.Path != "/device/confirm" {
		t.Errorf("at %s, want to be asked", p.URL)
	}
	wantError(t, d.poll(), http.StatusBadRequest, "authorization_pending")
	if p := b.Get(`/device?user_code="><script>`); strings.Contains(p.Body, "<script>\"") || strings.Contains(p.Body, `value="&#34;`) {
		t.Error("what is no code fills the field")
	}
}

// A trusted device, or a session of this morning, is not enough to connect one.
func TestDeviceNeedsFreshProofs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.Browser(t)
	w.device(t, "kiosk").connect(b, alice)
	w.Clock.Advance(11 * time.Minute)
	d := w.device(t, "kiosk")
	if p := b.Submit(b.Get("/device"), "/device", "code", d.code); p.URL.Path != "/signin/confirm" {
		t.Errorf("after eleven minutes at %s, want the password page", p.URL)
	}
}

func TestDeviceAuthorizationRefusesBadRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tt := range []struct {
		name, client string
		pairs        []string
		status       int
		want         string
	}{
		{"a client without the grant", "web", []string{"scope", "openid"}, 400, "unauthorized_client"},
		{"no scope", "tv", nil, 400, "invalid_scope"},
		{"a scope that it may not have", "tv", []string{"scope", "openid admin"}, 400, "invalid_scope"},
		{"another's resource", "tv", []string{"scope", "openid", "resource", "https://api.example"}, 400, "invalid_target"},
		{"a parameter twice", "tv", []string{"scope", "openid", "scope", "email"}, 400, "invalid_request"},
		{"a disabled client", "gone", []string{"scope", "openid"}, 401, "invalid_client"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantError(t, w.deviceAsks(t, tt.client, tt.pairs...), tt.status, tt.want)
		})
	}
	wantError(t, w.machine(t).get(protocol.PathDevice), http.StatusMethodNotAllowed, "invalid_request")
	for range 100 {
		w.device(t, "tv")
	}
	r := w.deviceAsks(t, "tv", "scope", "openid")
	wantError(t, r, http.StatusTooManyRequests, "slow_down")
	if r.header.Get("Retry-After") == "" {
		t.Error("Retry-After is missing")
	}
	if r := w.deviceAsks(t, "kiosk", "scope", "openid"); r.status != http.StatusOK {
		t.Errorf("another client: got %d %s", r.status, r.body)
	}
}
