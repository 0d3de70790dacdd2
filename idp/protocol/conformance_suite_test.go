package protocol_test

import (
	"crypto/rand"
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/protocol"
)

// The modules of the OpenID Foundation's conformance suite, played against the
// real pages and endpoints: the same requests in the same order, and the checks
// that the suite makes in every module. docs/conformance.md lists them all.

// suite is one run of one module: a provider of its own, one browser, and a
// relying party as the certification instructions register it.
type suite struct {
	*world
	t      *testing.T
	b      *idptest.Browser
	client string
	// mode is "form_post" in that plan, else empty.
	mode string
	doc  map[string]any
	keys jose.JSONWebKeySet
}

// certified are the relying parties of the plans. No module but one sends PKCE,
// and one sends neither PKCE nor nonce.
func certified() []clients.Client {
	party := func(id string, auth clients.AuthMethod) clients.Client {
		return clients.Client{
			ID: id, Name: "Conformance Suite", Auth: auth, SecretHashes: []string{clients.HashSecret(secret)},
			Grants: []clients.GrantType{clients.GrantCode, clients.GrantRefresh}, RedirectURIs: []string{callback}, PostLogoutURIs: []string{bye},
			Scopes: []string{"openid", "profile", "email", "phone", "address", "offline_access"},
			NoPKCE: true, NoNonce: true, ResponseModes: []clients.ResponseMode{clients.ModeQuery, clients.ModeFormPost},
		}
	}
	return []clients.Client{party("suite", clients.AuthBasic), party("suite-post", clients.AuthPost), party("suite-2", clients.AuthBasic)}
}

// newSuite sets a module up and makes the first of the base checks.
func newSuite(t *testing.T, mode string, opts ...idptest.Option) *suite {
	t.Helper()
	s := &suite{world: newWorld(t, append(opts, idptest.Clients(append(certified(), fapiClients()...)...))...), t: t, client: "suite", mode: mode}
	s.tellAll(t)
	s.Clock.Advance(time.Minute)
	s.b = s.Browser(t)
	s.doc = s.metadata(t)
	if err := json.Unmarshal([]byte(s.machine(t).get(protocol.PathJWKS).body), &s.keys); err != nil {
		t.Fatal(err)
	}
	s.setUp()
	return s
}

// setUp: CheckServerConfiguration, ValidateJwksSequence, CheckForKeyIdInServerJWKs,
// CheckDistinctKeyIdValueInServerJWKs, and the client's way of authentication.
func (s *suite) setUp() {
	s.t.Helper()
	for _, name := range []string{"issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"} {
		if v, ok := s.doc[name].(string); !ok || v == "" {
			s.t.Fatalf("configuration without %s", name)
		}
	}
	for _, k := range s.keys.Keys {
		if !k.IsPublic() || !k.Valid() || k.KeyID == "" || len(s.keys.Key(k.KeyID)) != 1 {
			s.t.Errorf("key %q: not a public key with a kid of its own", k.KeyID)
		}
	}
	for _, method := range []string{"client_secret_basic", "client_secret_post"} {
		if !slices.Contains(list(s.doc["token_endpoint_auth_methods_supported"]), method) {
			s.t.Errorf("%s is not advertised", method)
		}
	}
}

// ask makes an authorization request as the suite does, with changes.
func (s *suite) ask(changes ...string) url.Values {
	v := form("client_id", s.client, "redirect_uri", callback, "scope", "openid", "state", rand.Text(), "nonce", rand.Text(), "response_type", "code")
	if s.mode != "" {
		v.Set("response_mode", s.mode)
	}
	for i := 0; i+1 < len(changes); i += 2 {
		v.Del(changes[i])
		if changes[i+1] != "" {
			v.Set(changes[i], changes[i+1])
		}
	}
	return v
}

// open sends the browser to the authorization endpoint.
func (s *suite) open(v url.Values) *idptest.Page {
	s.t.Helper()
	return s.b.Get(protocol.PathAuthorize + "?" + v.Encode())
}

// login fills in the login page that must be shown, and the consent page after it.
func (s *suite) login(p *idptest.Page) *idptest.Page {
	s.t.Helper()
	if p.Status != http.StatusOK || !strings.Contains(p.Body, `type="password"`) {
		s.t.Fatalf("at %s (%d), want a login page:\n%s", p.URL, p.Status, p.Body)
	}
	if p.URL.Path == "/signin/confirm" { // somebody known
		return s.consent(s.b.Submit(p, "/signin/confirm", "password", password))
	}
	return s.consent(s.b.Submit(p, "/signin", "identifier", alice, "password", password))
}

func (s *suite) consent(p *idptest.Page) *idptest.Page {
	s.t.Helper()
	if strings.Contains(p.Body, `name="decision"`) {
		return s.b.Submit(p, "/consent", "decision", "allow")
	}
	return p
}

// callback is what arrives at the redirect URI, in the mode that was asked for:
// CheckMatchingCallbackParameters, CheckCallbackHttpMethodIsPost,
// CheckCallbackContentTypeIsFormUrlEncoded, RejectAuthCodeInUrlQuery,
// RejectErrorInUrlQuery, ValidateIssIfPresentInAuthorizationResponse, CheckState.
func (s *suite) callback(v url.Values, p *idptest.Page) url.Values {
	s.t.Helper()
	var got url.Values
	if s.mode == "form_post" {
		action, fields := posted(s.t, reply{p.Status, p.Header, p.Body})
		if action != callback {
			s.t.Errorf("posted to %s, want %s without a query", action, callback)
		}
		got = fields
	} else {
		if p.Left == nil {
			s.t.Fatalf("no callback: at %s (%d)\n%s", p.URL, p.Status, p.Body)
		}
		if to, _, _ := strings.Cut(p.Left.String(), "?"); to != callback || p.Left.Fragment != "" {
			s.t.Errorf("called back at %s, want %s", p.Left, callback)
		}
		got = p.Left.Query()
	}
	if got.Get("iss") != s.URL { // advertised, so it has to be there (RFC 9207)
		s.t.Errorf("iss is %q, want %q", got.Get("iss"), s.URL)
	}
	if got.Get("state") != v.Get("state") || got.Has("state") != v.Has("state") {
		s.t.Errorf("state is %q, want %q", got.Get("state"), v.Get("state"))
	}
	return got
}

// outcome is a flow that went well.
type outcome struct {
	code   string
	tokens reply
	header map[string]any
	id     map[string]any
	info   map[string]any
}

// flow goes through a whole request, with login and consent where they are shown.
func (s *suite) flow(changes ...string) outcome {
	s.t.Helper()
	v := s.ask(changes...)
	p := s.open(v)
	if p.Left == nil && strings.Contains(p.Body, `type="password"`) {
		p = s.login(p)
	}
	return s.succeeds(v, s.consent(p))
}

// again is a request that must show no page.
func (s *suite) again(changes ...string) outcome {
	s.t.Helper()
	v := s.ask(changes...)
	return s.succeeds(v, s.open(v))
}

// succeeds makes the base checks of a flow: callback, code, tokens, ID token, userinfo.
func (s *suite) succeeds(v url.Values, p *idptest.Page) outcome {
	s.t.Helper()
	got := s.callback(v, p)
	if got.Has("error") {
		s.t.Fatalf("called back with %v, want a code", got)
	}
	out := outcome{code: got.Get("code")}
	s.strong("code", out.code)
	out.tokens = s.exchange(out.code)
	if out.tokens.status != http.StatusOK {
		s.t.Fatalf("token endpoint: %d %s", out.tokens.status, out.tokens.body)
	}
	s.strong("access token", out.tokens.str("access_token"))
	if out.tokens.str("token_type") == "" || out.tokens.json()["expires_in"] == nil {
		s.t.Errorf("token response %s: want token_type and expires_in", out.tokens.body)
	}
	out.header, out.id = s.idToken(out.tokens.str("id_token"), v.Get("nonce"))
	r := s.userInfo(s.t, out.tokens.str("access_token"))
	if r.status != http.StatusOK || r.str("sub") != out.id["sub"] {
		s.t.Errorf("userinfo: %d %s, want 200 and the sub of the ID token", r.status, r.body)
	}
	out.info = r.json()
	return out
}

// exchange redeems a code as the client authenticates. No module sends a verifier by itself.
func (s *suite) exchange(code string, extra ...string) reply {
	s.t.Helper()
	v := form(append([]string{"grant_type", "authorization_code", "code", code, "redirect_uri", callback}, extra...)...)
	if s.client == "suite-post" {
		v.Set("client_id", s.client)
		v.Set("client_secret", secret)
		return s.machine(s.t).post(protocol.PathToken, v)
	}
	return s.machine(s.t).post(protocol.PathToken, v, "Authorization", basic(s.client))
}

// strong: EnsureMinimumAuthorizationCodeLength and …Entropy, and those of tokens:
// 128 bits, and more than 96 bits of Shannon entropy.
func (s *suite) strong(what, value string) {
	s.t.Helper()
	count := map[rune]float64{}
	for _, r := range value {
		count[r]++
	}
	entropy := 0.0
	for _, n := range count {
		entropy -= n * math.Log2(n/float64(len(value)))
	}
	if len(value)*8 < 128 || entropy <= 96 {
		s.t.Errorf("%s of %d characters with %.0f bits of entropy", what, len(value), entropy)
	}
}

// idToken: PerformStandardIdTokenChecks.
func (s *suite) idToken(token, nonce string) (header, claims map[string]any) {
	s.t.Helper()
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.EdDSA})
	if err != nil {
		s.t.Fatalf("id_token: %v", err)
	}
	keys := s.keys.Key(jws.Signatures[0].Protected.KeyID)
	if len(keys) != 1 {
		s.t.Fatalf("id_token: kid %q is not in the JWKS", jws.Signatures[0].Protected.KeyID)
	}
	if _, err := jws.Verify(keys[0]); err != nil {
		s.t.Errorf("id_token: %v", err)
	}
	header, claims = parts(s.t, token)
	now := s.Clock.Now()
	seconds := func(name string) time.Time {
		n, ok := claims[name].(float64)
		if !ok {
			s.t.Errorf("id_token: %s is %v, want a number", name, claims[name])
		}
		return time.Unix(int64(n), 0)
	}
	exp, iat, auth := seconds("exp"), seconds("iat"), seconds("auth_time")
	sub, _ := claims["sub"].(string)
	acr, _ := claims["acr"].(string)
	got, has := claims["nonce"]
	for what, wrong := range map[string]bool{
		"iss": claims["iss"] != s.URL, "aud": claims["aud"] != s.client, "exp": !exp.After(now) || exp.Sub(now) > 50*365*24*time.Hour,
		"iat": iat.After(now) || now.Sub(iat) > 5*time.Minute, "auth_time": auth.After(now), "acr": acr == "",
		"sub":   sub == "" || len(sub) > 255 || strings.ContainsFunc(sub, func(r rune) bool { return r > 0x7e || r < 0x20 }),
		"nonce": has != (nonce != "") || has && got != nonce,
	} {
		if wrong {
			s.t.Errorf("id_token: %s is wrong: %v", what, claims)
		}
	}
	for _, unasked := range []string{"name", "email", "phone_number", "address"} { // EnsureIdTokenDoesNotContain… [WARNING]
		if claims[unasked] != nil {
			s.t.Errorf("id_token: %s was not asked for", unasked)
		}
	}
	return header, claims
}

// fails checks an error answer: state and iss right, no code, one of the errors,
// no unexpected parameters, and a description of RFC 6749's characters.
func (s *suite) fails(v url.Values, p *idptest.Page, errors ...string) {
	s.t.Helper()
	got := s.callback(v, p)
	if got.Has("code") || !slices.Contains(errors, got.Get("error")) {
		s.t.Errorf("called back with %v, want one of %v", got, errors)
	}
	for name := range got {
		if !slices.Contains([]string{"error", "error_description", "state", "iss"}, name) {
			s.t.Errorf("unexpected parameter %s", name)
		}
	}
	if strings.ContainsAny(got.Get("error_description"), "\"\\\r\n\t") {
		s.t.Errorf("description %q", got.Get("error_description"))
	}
}

// refused checks an error page: its own words, no password asked for first, and
// nobody sent away.
func (s *suite) refused(p *idptest.Page, words ...string) {
	s.t.Helper()
	if p.Left != nil || p.Status < 400 || p.Status > 499 || strings.Contains(p.Body, `type="password"`) || strings.Contains(p.Body, "<form") {
		s.t.Fatalf("at %s (%d) %v, want an error page:\n%s", p.URL, p.Status, p.Left, p.Body)
	}
	for _, w := range words {
		if !strings.Contains(p.Body, w) {
			s.t.Errorf("the page does not say %q:\n%s", w, p.Body)
		}
	}
}

// sameAuthentication: CheckIdTokenAuthTimeClaimsSameIfPresent and …SubConsistent….
func (s *suite) sameAuthentication(a, b outcome) {
	s.t.Helper()
	if a.id["auth_time"] != b.id["auth_time"] || a.id["sub"] != b.id["sub"] {
		s.t.Errorf("auth_time and sub: %v %v, then %v %v, want the same", a.id["auth_time"], a.id["sub"], b.id["auth_time"], b.id["sub"])
	}
}

// newAuthentication: CheckSecondIdTokenAuthTimeIsLaterIfPresent.
func (s *suite) newAuthentication(a, b outcome) {
	s.t.Helper()
	first, _ := a.id["auth_time"].(float64)
	second, _ := b.id["auth_time"].(float64)
	if second <= first || a.id["sub"] != b.id["sub"] {
		s.t.Errorf("auth_time %v, then %v, want a later one of the same person", a.id["auth_time"], b.id["auth_time"])
	}
}

// module is one module of the suite and how it is played.
type module struct {
	name string
	play func(s *suite)
}

// plans are the certification plans that this provider answers to, in the
// order of the suite.
var plans = []struct {
	name, mode string
	modules    []module
}{
	{"oidcc-basic-certification-test-plan", "", basicModules},
	{"oidcc-formpost-basic-certification-test-plan", "form_post", basicModules},
	{"oidcc-config-certification-test-plan", "", configModules},
	{"oidcc-rp-initiated-logout-certification-test-plan", "", logoutModules},
	{"oidcc-backchannel-rp-initiated-logout-certification-test-plan", "", backchannelModules},
	{"oidcc-3rdparty-init-login-certification-test-plan", "", initiateModules},
	{"fapi2-security-profile-final-test-plan", "", fapiModules},
}

// TestConformance plays every module of every plan.
func TestConformance(t *testing.T) {
	t.Parallel()
	for _, plan := range plans {
		t.Run(plan.name, func(t *testing.T) {
			t.Parallel()
			for _, m := range plan.modules {
				t.Run(m.name, func(t *testing.T) {
					t.Parallel()
					m.play(newSuite(t, plan.mode))
				})
			}
		})
	}
}
