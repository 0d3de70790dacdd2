package protocol_test

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/protocol"
)

// configModules are those of the Config plan.
var configModules = []module{{"oidcc-discovery-endpoint-verification", func(s *suite) {
	const issuer = "https://id.example.jp" // the suite runs against https only
	doc := secureDocument(s, issuer)
	for name, want := range map[string]string{
		"response_types_supported": "code", "grant_types_supported": "authorization_code", "subject_types_supported": "public",
		"id_token_signing_alg_values_supported": "RS256", "scopes_supported": "openid", "code_challenge_methods_supported": "S256",
		"request_object_signing_alg_values_supported": "RS256", "claims_supported": "sub",
	} {
		if !slices.Contains(list(doc[name]), want) {
			s.t.Errorf("%s: got %v, want %s in it", name, doc[name], want)
		}
	}
	scope, locale := regexp.MustCompile(`^[!#-\[\]-~]+$`), regexp.MustCompile(`^[a-z]{2}(-[A-Z]{2})?$`)
	for _, v := range list(doc["scopes_supported"]) {
		if !scope.MatchString(v) {
			s.t.Errorf("scope %q", v)
		}
	}
	for _, v := range list(doc["ui_locales_supported"]) {
		if !locale.MatchString(v) {
			s.t.Errorf("locale %q", v)
		}
	}
	if doc["issuer"] != issuer {
		s.t.Errorf("issuer %v, want the URL it was fetched from", doc["issuer"])
	}
	s.secureEndpoints(doc, "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "end_session_endpoint")
}}}

// secureDocument is the metadata of a provider behind https.
func secureDocument(s *suite, issuer string) map[string]any {
	s.t.Helper()
	w := newWorld(s.t, idptest.Issuer(issuer))
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, w.URL+protocol.PathDiscovery, http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Host = strings.TrimPrefix(issuer, "https://")
	resp, err := w.machine(s.t).c.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	doc := map[string]any{}
	if err := json.Unmarshal(raw, &doc); err != nil || resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "application/json" {
		s.t.Fatalf("metadata: %d %s %s", resp.StatusCode, resp.Header.Get("Content-Type"), raw)
	}
	return doc
}

// secureEndpoints: CheckDiscEndpointAllEndpointsAreHttps, and those that must be there.
func (s *suite) secureEndpoints(doc map[string]any, needed ...string) {
	s.t.Helper()
	for name, v := range doc {
		if url, ok := v.(string); ok && (strings.HasSuffix(name, "_endpoint") || strings.HasSuffix(name, "_uri")) && !strings.HasPrefix(url, "https://") {
			s.t.Errorf("%s: %s is not https", name, url)
		}
	}
	for _, name := range needed {
		if doc[name] == nil {
			s.t.Errorf("%s is missing", name)
		}
	}
}

// logoutModules are those of the RP-initiated logout plan.
var logoutModules = []module{
	{"oidcc-rp-initiated-logout-discovery-endpoint-verification", func(s *suite) {
		s.secureEndpoints(secureDocument(s, "https://id.example.jp"), "end_session_endpoint")
	}},
	{"oidcc-rp-initiated-logout", func(s *suite) {
		v := s.endSession()
		s.loggedOut(s.end(v), v.Get("state"))
	}},
	{"oidcc-rp-initiated-logout-bad-post-logout-redirect-uri", func(s *suite) {
		v := s.endSession("post_logout_redirect_uri", "https://rp.example/bad")
		s.refused(s.end(v), "redirect_uri")
		s.again("prompt", "none") // nothing was ended
	}},
	{"oidcc-rp-initiated-logout-modified-id-token-hint", func(s *suite) {
		v := s.endSession()
		parts := strings.Split(v.Get("id_token_hint"), ".")
		v.Set("id_token_hint", segment(map[string]any{"alg": "none"})+"."+parts[1]+".")
		s.staysHere(s.end(v))
	}},
	{"oidcc-rp-initiated-logout-no-id-token-hint", func(s *suite) { s.staysHere(s.end(s.endSession("id_token_hint", ""))) }},
	{"oidcc-rp-initiated-logout-no-params", func(s *suite) {
		s.endSession()
		s.pageSays(s.end(url.Values{}))
	}},
	{"oidcc-rp-initiated-logout-no-post-logout-redirect-uri", func(s *suite) {
		s.pageSays(s.end(s.endSession("post_logout_redirect_uri", "")))
	}},
	{"oidcc-rp-initiated-logout-no-state", func(s *suite) { s.loggedOut(s.end(s.endSession("state", "")), "") }},
	{"oidcc-rp-initiated-logout-only-state", func(s *suite) {
		s.pageSays(s.end(s.endSession("id_token_hint", "", "post_logout_redirect_uri", "")))
	}},
	{"oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri", func(s *suite) {
		s.refused(s.end(s.endSession("post_logout_redirect_uri", bye+"?a=b")), "redirect_uri")
	}},
	{"oidcc-rp-initiated-logout-bad-id-token-hint", func(s *suite) {
		v := s.endSession()
		_, claims := parts(s.t, v.Get("id_token_hint"))
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(secret)}, nil) // as the suite forges it
		if err != nil {
			s.t.Fatal(err)
		}
		raw, err := json.Marshal(claims)
		if err != nil {
			s.t.Fatal(err)
		}
		jws, err := signer.Sign(raw)
		if err != nil {
			s.t.Fatal(err)
		}
		forged, err := jws.CompactSerialize()
		if err != nil {
			s.t.Fatal(err)
		}
		v.Set("id_token_hint", forged)
		s.staysHere(s.end(v))
	}},
}

// endSession signs in and makes the end-session request, with changes.
func (s *suite) endSession(changes ...string) url.Values {
	s.t.Helper()
	v := form("id_token_hint", s.flow().tokens.str("id_token"), "post_logout_redirect_uri", bye, "state", rand.Text())
	for i := 0; i+1 < len(changes); i += 2 {
		v.Del(changes[i])
		if changes[i+1] != "" {
			v.Set(changes[i], changes[i+1])
		}
	}
	return v
}

// end sends the browser to the end-session endpoint, and lets the person confirm
// where they are asked.
func (s *suite) end(v url.Values) *idptest.Page {
	s.t.Helper()
	p := s.b.Get(protocol.PathLogout + "?" + v.Encode())
	if p.Left == nil && p.URL.Path == "/signout" {
		return s.b.Submit(p, "/signout")
	}
	return p
}

// over: afterwards prompt=none needs a page.
func (s *suite) over() {
	s.t.Helper()
	v := s.ask("prompt", "none")
	s.fails(v, s.open(v), needsPage...)
}

// loggedOut: CheckPostLogoutState, CheckForUnexpectedParametersInPostLogoutRedirect.
func (s *suite) loggedOut(p *idptest.Page, state string) {
	s.t.Helper()
	want := bye
	if state != "" {
		want += "?state=" + state
	}
	if p.Left == nil || p.Left.String() != want {
		s.t.Errorf("sent to %v, at %s, want %s", p.Left, p.URL, want)
	}
	s.over()
}

// pageSays: the person sees that they are signed out, and nobody is sent away.
func (s *suite) pageSays(p *idptest.Page) {
	s.t.Helper()
	if p.Left != nil || p.Status != http.StatusOK || p.URL.Path != "/signout/done" || !strings.Contains(p.Body, "You're signed out") && !strings.Contains(p.Body, "You&#39;re signed out") {
		s.t.Errorf("at %s (%d), left for %v", p.URL, p.Status, p.Left)
	}
	s.over()
}

// staysHere: whatever the person answers, the browser does not go back to the client.
func (s *suite) staysHere(p *idptest.Page) {
	s.t.Helper()
	if p.Left != nil {
		s.t.Errorf("sent to %s, want a page of ours", p.Left)
	}
	s.pageSays(p)
}
