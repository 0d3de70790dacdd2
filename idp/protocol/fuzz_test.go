package protocol_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/protocol"
)

// Whatever is sent to the endpoints of an authorization request, the answer is a
// page, a redirect or an OAuth error, never a fault of ours; and the log holds
// nothing of it. There is no network between: it would drown what is looked for.
func FuzzAuthorizationEndpoints(f *testing.F) {
	w := newWorld(f)
	f.Add(request().Encode(), true)
	f.Add(request("client_id", "push", "claims", `{"id_token":{"acr":{"essential":true,"value":"x"}}}`).Encode(), false)
	f.Add(request("request", "e30.e30.e30", "client_id", "signs").Encode(), false)
	f.Add("request_uri=urn:ietf:params:oauth:request_uri:x&client_id=web", false)
	f.Add("scope=openid&client_id=kiosk", true)
	f.Add("client_id=%zz&;=&&\x00", true)
	f.Fuzz(func(t *testing.T, query string, push bool) {
		const marker = "a-marker-nobody-sends"
		query += "&x=" + marker
		r := httptest.NewRequest(http.MethodGet, w.URL+protocol.PathAuthorize, http.NoBody)
		r.URL = &url.URL{Path: protocol.PathAuthorize, RawQuery: query}
		if push {
			r = httptest.NewRequest(http.MethodPost, w.URL+protocol.PathPush, strings.NewReader(query))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Authorization", basic("web"))
		}
		got := httptest.NewRecorder()
		w.Handler.ServeHTTP(got, r)
		if push { // the same to a device's endpoint, by a client that may
			again := httptest.NewRequest(http.MethodPost, w.URL+protocol.PathDevice, strings.NewReader(query))
			again.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if got.Code < http.StatusInternalServerError {
				got = httptest.NewRecorder()
				w.Handler.ServeHTTP(got, again)
			}
		}
		if got.Code >= http.StatusInternalServerError {
			t.Errorf("%q: %d %s", query, got.Code, got.Body)
		}
		if strings.Contains(w.Log.String(), marker) {
			t.Errorf("%q: what was sent is in the log", query)
		}
	})
}

// Whatever a machine sends to the endpoints that authenticate it, the answer is
// an answer or an OAuth error, never a fault of ours; what is no token of ours is
// never active; and the log holds nothing of it.
func FuzzMachineEndpoints(f *testing.F) {
	w := newWorld(f, idptest.Limits(func(l *idp.Limits) { l.Tokens.ClientFailures = 1 << 40 }))
	const form = "application/x-www-form-urlencoded"
	f.Add(uint8(0), "grant_type=client_credentials&scope=payout&resource=https://api.example", basic("machine"), "", form)
	f.Add(uint8(0), "grant_type=authorization_code&code=x&redirect_uri=x&code_verifier=x&client_id=spa", "", "", form)
	f.Add(uint8(0), "grant_type=refresh_token&refresh_token=x&scope=%20&resource=&resource=y", basic("web"), "", form)
	f.Add(uint8(1), "token=a.b.c&token_type_hint=refresh_token", basic("payapi"), "application/token-introspection+jwt;q=0.1, */*", form)
	f.Add(uint8(1), "token=%00%ff&token=x", basic("web"), ",;q=;,", form+"; charset=x")
	f.Add(uint8(2), "token=eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.AA", basic("web"), "", form)
	f.Add(uint8(2), "client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_assertion=e30.eyJpc3MiOiJhIiwic3ViIjoiYSJ9.", "", "", form)
	f.Add(uint8(3), "response_type=code&client_id=web&request=e30.e30.e30", basic("web"), "", "multipart/form-data; boundary=x")
	paths := []string{protocol.PathToken, protocol.PathStatus, protocol.PathRevoke, protocol.PathPush}
	f.Fuzz(func(t *testing.T, endpoint uint8, body, authorization, accept, kind string) {
		const marker = "a-marker-nobody-sends"
		path := paths[int(endpoint)%len(paths)]
		r := httptest.NewRequest(http.MethodPost, w.URL+path, strings.NewReader(body+"&x="+marker))
		for name, value := range map[string]string{"Authorization": authorization, "Accept": accept, "Content-Type": kind} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		got := httptest.NewRecorder()
		w.Handler.ServeHTTP(got, r)
		if got.Code >= http.StatusInternalServerError {
			t.Errorf("%s %q: %d %s", path, body, got.Code, got.Body)
		}
		if path == protocol.PathStatus && strings.Contains(got.Body.String(), `"active":true`) {
			t.Errorf("%q is active: %s", body, got.Body)
		}
		if strings.Contains(w.Log.String(), marker) {
			t.Errorf("%s %q: what was sent is in the log", path, body)
		}
	})
}
