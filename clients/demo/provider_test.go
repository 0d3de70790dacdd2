package demo_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sekisho-id/sekisho/clients/demo"
)

const (
	pwd     = "urn:sekisho:acr:pwd"
	trusted = "urn:sekisho:acr:trusted-device"
	twoStep = "urn:sekisho:acr:2sv"
)

// provider answers as a test tells it to, also as no honest provider would.
type provider struct {
	URL string
	key jose.JSONWebKey

	mu       sync.Mutex
	codes    map[string]map[string]any // claims by code
	audience string                    // of access tokens
	lifetime time.Duration             // of access tokens
	ended    bool                      // refresh tokens are refused
	verifier string                    // the last code_verifier
	issued   []string                  // every token handed out
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{
		key:   jose.JSONWebKey{Key: key, KeyID: "k", Algorithm: "ES256", Use: "sig"},
		codes: map[string]map[string]any{}, lifetime: 5 * time.Minute,
	}
	mux := http.NewServeMux()
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	p.URL, p.audience = srv.URL, srv.URL
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, map[string]any{
			"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token",
			"userinfo_endpoint": p.URL + "/userinfo", "jwks_uri": p.URL + "/jwks", "end_session_endpoint": p.URL + "/logout",
		})
	})
	mux.HandleFunc("GET /jwks", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{p.key.Public()}})
	})
	mux.HandleFunc("GET /userinfo", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, map[string]string{"sub": "sakura", "name": "Sakura"})
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) { p.token(t, w, r) })
	return p
}

func (p *provider) token(t *testing.T, w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.verifier = r.FormValue("code_verifier")
	claims, ok := p.codes[r.FormValue("code")]
	delete(p.codes, r.FormValue("code"))
	if r.FormValue("grant_type") == "refresh_token" {
		claims, ok = p.claims("sakura", pwd), !p.ended
	}
	if !ok {
		w.WriteHeader(http.StatusBadRequest)
		reply(w, map[string]string{"error": "invalid_grant"})
		return
	}
	access := maps.Clone(claims)
	maps.Copy(access, map[string]any{"aud": p.audience, "client_id": "minato", "scope": "openid payout", "jti": rand.Text()})
	accessToken, refreshToken := p.sign(t, "at+jwt", access), "refresh-"+rand.Text()
	tokens := map[string]any{
		"access_token": accessToken, "refresh_token": refreshToken, "id_token": p.sign(t, "JWT", claims),
		"token_type": "Bearer", "expires_in": int(p.lifetime / time.Second),
	}
	p.issued = append(p.issued, accessToken, refreshToken)
	reply(w, tokens)
}

func (p *provider) claims(sub, acr string) map[string]any {
	now := time.Now().Unix()
	amr := []string{"pwd"}
	if acr == twoStep {
		amr = append(amr, "otp")
	}
	return map[string]any{"iss": p.URL, "sub": sub, "aud": "minato", "iat": now, "exp": now + 300, "acr": acr, "amr": amr, "auth_time": now - 1}
}

func (p *provider) sign(t *testing.T, typ string, claims map[string]any) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: p.key}, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		t.Error(err)
		return ""
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Error(err)
	}
	sig, err := signer.Sign(payload)
	if err != nil {
		t.Error(err)
	}
	raw, err := sig.CompactSerialize()
	if err != nil {
		t.Error(err)
	}
	return raw
}

// answer is the redirect URL of a successful sign-in that ends with claims.
func (p *provider) answer(asked url.Values, claims map[string]any) string {
	if _, ok := claims["nonce"]; !ok {
		claims["nonce"] = asked.Get("nonce")
	}
	code := rand.Text()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.codes[code] = claims
	return asked.Get("redirect_uri") + "?" + url.Values{"code": {code}, "state": {asked.Get("state")}, "iss": {p.URL}}.Encode()
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// browser keeps cookies, follows nothing, and remembers all it received.
type browser struct {
	t      *testing.T
	client *http.Client
	app    string
	seen   *strings.Builder
}

func newBrowser(t *testing.T, app string) browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return browser{t: t, app: app, seen: &strings.Builder{}, client: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// do sends a request and returns status, Location and body.
func (b browser) do(method, target string, header ...string) (status int, location, body string) {
	b.t.Helper()
	if strings.HasPrefix(target, "/") {
		target = b.app + target
	}
	req, err := http.NewRequestWithContext(b.t.Context(), method, target, http.NoBody)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Accept-Language", "en")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	_ = resp.Header.Write(b.seen)
	b.seen.Write(raw)
	return resp.StatusCode, resp.Header.Get("Location"), string(raw)
}

// depart presses a button that leads to the provider and returns what is asked there.
func (b browser) depart(path string) url.Values {
	b.t.Helper()
	status, location, body := b.do(http.MethodPost, path)
	u, err := url.Parse(location)
	if err != nil || status != http.StatusSeeOther || u.Path != "/authorize" {
		b.t.Fatalf("POST %s: %d %s %s; want a redirect to the provider", path, status, location, body)
	}
	return u.Query()
}

// signIn signs in and expects to be back on the start page.
func (b browser) signIn(p *provider, claims map[string]any) {
	b.t.Helper()
	if status, location, body := b.do(http.MethodGet, p.answer(b.depart("/login"), claims)); status != http.StatusSeeOther || location != "/" {
		b.t.Fatalf("callback: %d %s %s", status, location, body)
	}
}

// page shows the start page and expects it to say every word.
func (b browser) page(words ...string) {
	b.t.Helper()
	b.expect(http.StatusOK, words...)(b.do(http.MethodGet, "/"))
}

func (b browser) expect(want int, words ...string) func(status int, location, body string) {
	return func(status int, location, body string) {
		b.t.Helper()
		if status != want {
			b.t.Errorf("status %d (Location %s), want %d", status, location, want)
		}
		for _, word := range words {
			if !strings.Contains(body, word) {
				b.t.Errorf("page does not say %q:\n%s", word, body)
			}
		}
	}
}

// newApp starts an app; api is the seller's.
func newApp(t *testing.T, p *provider, kind demo.Kind, api string) browser {
	t.Helper()
	srv := httptest.NewUnstartedServer(nil)
	url := "http://" + srv.Listener.Addr().String()
	app, err := demo.New(demo.Config{
		Kind: kind, Issuer: p.URL, URL: url, ClientID: "minato", ClientSecret: demo.DevBuyerSecret, API: api, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	srv.Config.Handler = app.Handler()
	srv.Start()
	t.Cleanup(srv.Close)
	return newBrowser(t, url)
}

// newSeller starts a seller app with the real payout API behind it.
func newSeller(t *testing.T, p *provider) browser {
	t.Helper()
	srv := httptest.NewUnstartedServer(nil)
	url := "http://" + srv.Listener.Addr().String()
	api, err := demo.NewAPI(demo.APIConfig{Issuer: p.URL, URL: url, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	srv.Config.Handler = api
	srv.Start()
	t.Cleanup(srv.Close)
	p.audience = url
	return newApp(t, p, demo.Seller, url)
}
