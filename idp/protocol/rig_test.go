package protocol_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/protocol"
	"github.com/sekisho-id/sekisho/idp/signin"
)

const (
	secret   = "a-client-secret-of-256-random-bits-0000000"
	password = "a long and quiet password"
	alice    = "alice@example.jp"
	bob      = "bob@example.jp"
	carol    = "carol@example.jp"
	mobile   = "+819012345678"
	bye      = "https://rp.example/bye"
)

// defaultLog catches what the library writes to the process's default log (H-16).
var defaultLog idptest.Log

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewTextHandler(&defaultLog, nil)))
	m.Run()
}

// parties are the relying parties of every world.
func parties() []clients.Client {
	both := []clients.GrantType{clients.GrantCode, clients.GrantRefresh}
	party := func(id string, change func(*clients.Client)) clients.Client {
		c := clients.Client{
			ID: id, Name: id, SecretHashes: []string{clients.HashSecret(secret)}, Grants: both,
			RedirectURIs: []string{callback}, PostLogoutURIs: []string{bye}, Rules: clients.Rules{FirstParty: true},
		}
		change(&c)
		return c
	}
	return []clients.Client{
		party("web", func(c *clients.Client) {
			c.Scopes = []string{"openid", "profile", "email", "phone", "address", "account", "offline_access"}
			c.ResponseModes = []clients.ResponseMode{clients.ModeQuery, clients.ModeFormPost}
		}),
		party("other", func(c *clients.Client) { c.RedirectURIs = []string{"https://other.example/cb"} }),
		party("post", func(c *clients.Client) { c.Auth = clients.AuthPost }),
		party("spa", func(c *clients.Client) { c.Auth, c.SecretHashes = clients.AuthNone, nil }),
		party("old", func(c *clients.Client) { c.NoPKCE = true }),
		party("push", func(c *clients.Client) { c.RequirePAR = true }),
		party("signs", func(c *clients.Client) { c.JWKS, c.RequestObjectAlg = partyKeys("ES256"), "ES256" }),
		party("ps", func(c *clients.Client) { c.IDTokenAlg = "PS256" }),
		party("es", func(c *clients.Client) { c.IDTokenAlg = "ES256" }),
		party("ed", func(c *clients.Client) { c.IDTokenAlg = "EdDSA" }),
		party("third", func(c *clients.Client) { c.Rules = clients.Rules{} }),
		party("api", func(c *clients.Client) { c.Resources = []string{"https://api.example", "https://pay.example"} }),
		{
			ID: "payapi", Name: "Payout API", SecretHashes: []string{clients.HashSecret(secret)},
			Serves: []string{"https://pay.example", "https://api.example"}, IntrospectionAlg: "ES256",
		},
		party("pair", func(c *clients.Client) { c.SubjectType = clients.SubjectPairwise }),
		party("twin", func(c *clients.Client) { c.SubjectType = clients.SubjectPairwise }),
		party("far", func(c *clients.Client) {
			c.SubjectType, c.SectorURI = clients.SubjectPairwise, "https://far.example/sector.json"
		}),
		party("tv", func(c *clients.Client) {
			c.Grants = []clients.GrantType{clients.GrantDevice, clients.GrantRefresh}
			c.RedirectURIs, c.PostLogoutURIs = nil, nil
		}),
		party("tv-post", func(c *clients.Client) {
			c.Grants, c.Auth = []clients.GrantType{clients.GrantDevice}, clients.AuthPost
			c.RedirectURIs, c.PostLogoutURIs = nil, nil
		}),
		party("kiosk", func(c *clients.Client) {
			c.Grants = []clients.GrantType{clients.GrantDevice, clients.GrantRefresh}
			c.RedirectURIs, c.PostLogoutURIs, c.Auth, c.SecretHashes = nil, nil, clients.AuthNone, nil
		}),
		party("gone", func(c *clients.Client) { c.Disabled = true }),
		party("machine", func(c *clients.Client) {
			c.Grants, c.Scopes = []clients.GrantType{clients.GrantClientCredentials}, []string{"openid", "payout", "report"}
			c.RedirectURIs, c.PostLogoutURIs, c.Resources = nil, nil, []string{"https://api.example"}
		}),
	}
}

// world is a running provider with two people and the relying parties above.
type world struct {
	*idptest.Server
	alice, bob idp.User
}

func newWorld(t testing.TB, opts ...idptest.Option) *world {
	t.Helper()
	often := idptest.Limits(func(l *idp.Limits) { // these tests sign one person in more often than people do
		l.Password.PerAccountIPMinute, l.Password.PerAccountIPHour, l.Password.PerIPMinute = 1000, 1000, 1000
	})
	wrong := idptest.Limits(func(l *idp.Limits) { l.Tokens.ClientFailures = 1000 })
	opts = append([]idptest.Option{wrong, idptest.Sectors(false)}, opts...)
	w := &world{Server: idptest.New(t, append(opts, often, idptest.Clients(parties()...))...)}
	w.alice, w.bob = w.AddUser(t, alice, password), w.AddUser(t, bob, password)
	return w
}

// reply is an answer with its body read.
type reply struct {
	status int
	header http.Header
	body   string
}

func (r reply) location() string { return r.header.Get("Location") }

// json is the body as an object; empty when it is none.
func (r reply) json() map[string]any {
	m := map[string]any{}
	_ = json.Unmarshal([]byte(r.body), &m)
	return m
}

func (r reply) str(name string) string { s, _ := r.json()[name].(string); return s }

// agent is a browser, or a machine when it has no jar.
type agent struct {
	t testing.TB
	w *world
	c *http.Client
}

// browser is a browser without history.
func (w *world) browser(t testing.TB) *agent {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	a := w.machine(t)
	a.c.Jar = jar
	return a
}

// machine keeps no cookies.
func (w *world) machine(t testing.TB) *agent {
	own := &http.Transport{} // the shared one loses its connections whenever another test's server ends
	t.Cleanup(own.CloseIdleConnections)
	return &agent{t: t, w: w, c: &http.Client{Timeout: 20 * time.Second, Transport: own, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}}
}

// do sends a request; headers come in pairs.
func (a *agent) do(method, path, body string, headers ...string) reply {
	a.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = a.w.URL + path
	}
	r, err := http.NewRequestWithContext(a.t.Context(), method, path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	resp, err := a.c.Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(raw)}
}

func (a *agent) get(path string, headers ...string) reply {
	a.t.Helper()
	return a.do(http.MethodGet, path, "", headers...)
}

func (a *agent) post(path string, form url.Values, headers ...string) reply {
	a.t.Helper()
	return a.do(http.MethodPost, path, form.Encode(), headers...)
}

// authorize sends an authorization request and returns where it leads.
func (a *agent) authorize(v url.Values) string {
	a.t.Helper()
	r := a.get(protocol.PathAuthorize + "?" + v.Encode())
	if r.status != http.StatusSeeOther {
		a.t.Fatalf("authorize %s: got %d %s, want 303", v.Encode(), r.status, r.body)
	}
	return r.location()
}

// state is the browser as the pages see it; keep stores what a verb changed.
func (a *agent) state() *idp.Browser {
	b := &idp.Browser{IP: "192.0.2.1", UserAgent: "test"}
	u, _ := url.Parse(a.w.URL)
	for _, c := range a.c.Jar.Cookies(u) {
		switch strings.TrimPrefix(c.Name, "__Host-") {
		case "sekisho_flow":
			b.Flow = c.Value
		case "sekisho_session":
			b.Session = c.Value
		}
	}
	return b
}

func (a *agent) keep(b *idp.Browser) {
	u, _ := url.Parse(a.w.URL)
	prefix := map[string]string{"https": "__Host-"}[u.Scheme]
	a.c.Jar.SetCookies(u, []*http.Cookie{
		{Name: prefix + "sekisho_flow", Value: b.Flow, Path: "/"}, {Name: prefix + "sekisho_session", Value: b.Session, Path: "/"},
	})
}

// answer gives the password, and consent where it is asked for, at a sign-in
// page, and returns where the browser is sent to at the end.
func (a *agent) answer(page, email string) (string, error) {
	a.t.Helper()
	u, err := url.Parse(page)
	if err != nil || !strings.HasPrefix(u.Path, "/signin") {
		a.t.Fatalf("not a sign-in page: %s", page)
	}
	id, b := u.Query().Get("flow"), a.state()
	next, err := a.w.Provider.SubmitPassword(a.t.Context(), b, id, email, password)
	if err == nil && next.Reply == nil && next.Step.Page == signin.PageConsent {
		next, err = a.w.Provider.SubmitConsent(a.t.Context(), b, id, true)
	}
	a.keep(b)
	if err != nil {
		return "", err
	}
	if next.Reply == nil {
		a.t.Fatalf("sign-in stops at page %q (%s)", next.Step.Page, next.Step.Reason)
	}
	return next.Reply.Location(), nil
}

// signIn goes from an authorization request to the parameters at the redirect URI.
func (a *agent) signIn(v url.Values, email string) url.Values {
	a.t.Helper()
	return a.signInTo(v, email, v.Get("redirect_uri"))
}

// signInTo is signIn where the request does not name the redirect URI that counts.
func (a *agent) signInTo(v url.Values, email, redirectURI string) url.Values {
	a.t.Helper()
	to := a.authorize(v)
	if strings.HasPrefix(to, "/") {
		var err error
		if to, err = a.answer(to, email); err != nil {
			a.t.Fatal(err)
		}
	}
	return a.returned(to, redirectURI)
}

// returned reads the parameters of an answer at the redirect URI.
func (a *agent) returned(to, redirectURI string) url.Values {
	a.t.Helper()
	u, err := url.Parse(to)
	if err != nil || !strings.HasPrefix(to, redirectURI+"?") {
		a.t.Fatalf("sent to %q, want %s", to, redirectURI)
	}
	q := u.Query()
	if got := q.Get("iss"); got != a.w.URL { // RFC 9207, O-16
		a.t.Errorf("iss at the redirect URI: got %q, want %q", got, a.w.URL)
	}
	return q
}

// basic is the header of a client's authentication.
func basic(id string) string { return basicOf(id, secret) }

func basicOf(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret)))
}

// form is a body from pairs.
func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

// redeem sends a code of request() to the token endpoint as a basic client.
func (w *world) redeem(t *testing.T, client, code string, extra ...string) reply {
	t.Helper()
	v := form(append([]string{
		"grant_type", "authorization_code", "code", code, "redirect_uri", callback, "code_verifier", verifier,
	}, extra...)...)
	return w.machine(t).post(protocol.PathToken, v, "Authorization", basic(client))
}

// tokens signs alice in at a client and redeems the code.
func (w *world) tokens(t *testing.T, client string, changes ...string) reply {
	t.Helper()
	changes = append([]string{"client_id", client, "scope", "openid profile email offline_access"}, changes...)
	q := w.browser(t).signIn(request(changes...), alice)
	r := w.redeem(t, client, q.Get("code"))
	if r.status != http.StatusOK {
		t.Fatalf("redeem: got %d %s", r.status, r.body)
	}
	return r
}

// push sends an authorization request ahead, as a basic client.
func (w *world) push(t *testing.T, client string, v url.Values) reply {
	t.Helper()
	v.Set("client_id", client)
	return w.machine(t).post(protocol.PathPush, v, "Authorization", basic(client))
}

func (w *world) refresh(t *testing.T, client, token string, extra ...string) reply {
	t.Helper()
	v := form(append([]string{"grant_type", "refresh_token", "refresh_token", token}, extra...)...)
	return w.machine(t).post(protocol.PathToken, v, "Authorization", basic(client))
}

func (w *world) userInfo(t *testing.T, token string) reply {
	t.Helper()
	return w.machine(t).get(protocol.PathUserInfo, "Authorization", "Bearer "+token)
}

// parts decodes header and claims of a JWT without looking at its signature.
func parts(t *testing.T, token string) (header, claims map[string]any) {
	t.Helper()
	for i, out := range []*map[string]any{&header, &claims} {
		segments := strings.Split(token, ".")
		if len(segments) != 3 {
			t.Fatalf("not a JWT: %q", token)
		}
		raw, err := base64.RawURLEncoding.DecodeString(segments[i])
		if err == nil {
			err = json.Unmarshal(raw, out)
		}
		if err != nil {
			t.Fatalf("JWT %q: %v", token, err)
		}
	}
	return header, claims
}

// wantError checks status and code of an error answer, and that its
// description is one of ours: nothing of err.Error() leaves the server.
func wantError(t *testing.T, r reply, status int, code string) {
	t.Helper()
	if r.status != status || r.str("error") != code {
		t.Errorf("got %d %s, want %d %s", r.status, r.body, status, code)
	}
	if d := r.str("error_description"); d == "" || strings.ContainsAny(d, "\"\\\n%") {
		t.Errorf("description %q: want a fixed one in the characters of RFC 6749", d)
	}
}

// aliceBrowser is alice's browser as verbs see it, freshly signed in.
func (w *world) aliceBrowser(t *testing.T) *idp.Browser {
	t.Helper()
	b := w.browser(t)
	b.signIn(request(), alice)
	return b.state()
}
