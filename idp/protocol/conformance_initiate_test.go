package protocol_test

import (
	"net/http"
	"strings"

	"github.com/sekisho-id/sekisho/idp/protocol"
)

// initiateModules are those of the third-party initiated login plan, which
// register their clients by program.
var initiateModules = []module{
	{"oidcc-3rd_party-init-login", func(s *suite) {
		const uri = "https://www.certification.openid.net/test/a/sekisho/initiate-login"
		w := openWorld(s.t)
		r := w.register(s.t, w.ticket(s.t, 1), shop("initiate_login_uri", uri))
		if r.status != http.StatusCreated || r.str("initiate_login_uri") != uri {
			s.t.Fatalf("registration: %d %s", r.status, r.body)
		}
		r = w.speak(s.t, http.MethodGet, r.str("registration_client_uri"), r.str("registration_access_token"), nil)
		if r.status != http.StatusOK || !strings.HasPrefix(r.header.Get("Content-Type"), "application/json") || r.str("initiate_login_uri") != uri {
			s.t.Errorf("client configuration: %d %s", r.status, r.body)
		}
	}},
	{"oidcc-3rd_party-init-login-nohttps", func(s *suite) {
		w := openWorld(s.t)
		r := w.speak(s.t, http.MethodPost, protocol.PathRegister, w.ticket(s.t, 1), shop("initiate_login_uri", "http://www.certification.openid.net/initiate-login"))
		wantError(s.t, r, http.StatusBadRequest, "invalid_client_metadata")
		if !strings.HasPrefix(r.header.Get("Content-Type"), "application/json") || !strings.Contains(r.body, "initiate_login_uri") {
			s.t.Errorf("%v %s", r.header, r.body)
		}
	}},
}
