package protocol_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

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
		if got.Code >= http.StatusInternalServerError {
			t.Errorf("%q: %d %s", query, got.Code, got.Body)
		}
		if strings.Contains(w.Log.String(), marker) {
			t.Errorf("%q: what was sent is in the log", query)
		}
	})
}
