package protocol_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/protocol"
)

// hot is a provider whose endpoints are called without a network, so that what
// is measured is theirs.
type hot struct {
	b *testing.B
	*idptest.Server
}

func newHot(b *testing.B) hot {
	b.Helper()
	return hot{b, idptest.New(b, idptest.Clients(append(parties(), clients.Client{
		ID: "fast", Name: "fast", SecretHashes: []string{clients.HashSecret(secret)}, IDTokenAlg: "ES256",
		Grants: []clients.GrantType{clients.GrantCode, clients.GrantRefresh}, RedirectURIs: []string{callback}, Rules: clients.Rules{FirstParty: true},
	})...))}
}

// call answers one request and fails the benchmark unless its status is want.
func (h hot) call(method, path, body string, want int, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, h.URL+path, strings.NewReader(body))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.Handler.ServeHTTP(w, r)
	if w.Code != want {
		h.b.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	return w
}

func BenchmarkDiscovery(b *testing.B) {
	h := newHot(b)
	for b.Loop() {
		h.call(http.MethodGet, protocol.PathDiscovery, "", http.StatusOK)
	}
}

func BenchmarkClientCredentials(b *testing.B) {
	h := newHot(b)
	for b.Loop() {
		h.call(http.MethodPost, protocol.PathToken, "grant_type=client_credentials&scope=report", http.StatusOK, "Authorization", basic("machine"))
	}
}

// session signs a person in and returns a request for a code with its cookies.
func (h hot) session() (path, cookies string) {
	h.AddUser(h.b, alice, password)
	a := (&world{Server: h.Server}).browser(h.b)
	v := request("client_id", "fast", "scope", "openid profile email offline_access")
	a.signIn(v, alice)
	at, _ := url.Parse(h.URL)
	for _, c := range a.c.Jar.Cookies(at) {
		cookies += c.Name + "=" + c.Value + "; "
	}
	return protocol.PathAuthorize + "?" + v.Encode(), cookies
}

func (h hot) code(path, cookies string) string {
	w := h.call(http.MethodGet, path, "", http.StatusSeeOther, "Cookie", cookies)
	u, _ := url.Parse(w.Header().Get("Location"))
	return u.Query().Get("code")
}

func (h hot) redeem(code string) *httptest.ResponseRecorder {
	return h.call(http.MethodPost, protocol.PathToken, form("grant_type", "authorization_code", "code", code,
		"redirect_uri", callback, "code_verifier", verifier).Encode(), http.StatusOK, "Authorization", basic("fast"))
}

func BenchmarkCodeFlowWithSession(b *testing.B) {
	h := newHot(b)
	path, cookies := h.session()
	for b.Loop() {
		h.redeem(h.code(path, cookies))
	}
}

func BenchmarkAuthorizeWithSession(b *testing.B) {
	h := newHot(b)
	path, cookies := h.session()
	for b.Loop() {
		h.code(path, cookies)
	}
}

func BenchmarkRefresh(b *testing.B) {
	h := newHot(b)
	token := reply{body: h.redeem(h.code(h.session())).Body.String()}.str("refresh_token")
	for b.Loop() {
		w := h.call(http.MethodPost, protocol.PathToken, "grant_type=refresh_token&refresh_token="+token, http.StatusOK, "Authorization", basic("fast"))
		token = reply{body: w.Body.String()}.str("refresh_token")
	}
}

func BenchmarkUserInfo(b *testing.B) {
	h := newHot(b)
	token := reply{body: h.redeem(h.code(h.session())).Body.String()}.str("access_token")
	for b.Loop() {
		h.call(http.MethodGet, protocol.PathUserInfo, "", http.StatusOK, "Authorization", "Bearer "+token)
	}
}

func BenchmarkIntrospection(b *testing.B) {
	h := newHot(b)
	token := reply{body: h.redeem(h.code(h.session())).Body.String()}.str("access_token")
	for b.Loop() {
		h.call(http.MethodPost, protocol.PathStatus, "token="+token, http.StatusOK, "Authorization", basic("fast"))
	}
}

func BenchmarkIntrospectionOfAClientsToken(b *testing.B) {
	h := newHot(b)
	w := h.call(http.MethodPost, protocol.PathToken, "grant_type=client_credentials", http.StatusOK, "Authorization", basic("machine"))
	token := reply{body: w.Body.String()}.str("access_token")
	for b.Loop() {
		h.call(http.MethodPost, protocol.PathStatus, "token="+token, http.StatusOK, "Authorization", basic("payapi"))
	}
}
