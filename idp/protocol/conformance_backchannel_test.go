package protocol_test

import (
	"time"

	"github.com/google/go-cmp/cmp"
)

// backchannelModules are those of the back-channel logout plan.
var backchannelModules = []module{
	{"oidcc-backchannel-logout-discovery-endpoint-verification", func(s *suite) {
		if s.doc["backchannel_logout_supported"] != true || s.doc["backchannel_logout_session_supported"] != true {
			s.t.Error("back-channel logout is not advertised")
		}
		s.secureEndpoints(secureDocument(s, "https://id.example.jp"), "end_session_endpoint")
	}},
	{"oidcc-backchannel-rp-initiated-logout", func(s *suite) {
		l, party := newListener(s.t), certified()[0]
		party.ID, party.BackchannelLogoutURI = "suite-told", l.url
		s.AddClient(s.t, party)
		s.client = party.ID
		v := s.endSession()
		_, id := parts(s.t, v.Get("id_token_hint"))
		s.loggedOut(s.end(v), v.Get("state"))
		tokens := l.heard(s.t, s.world)
		if len(tokens) != 1 || l.kinds[0] != "POST application/x-www-form-urlencoded" {
			s.t.Fatalf("%d logout tokens, by %v", len(tokens), l.kinds)
		}
		s.logoutToken(tokens[0], id)
	}},
}

// logoutToken: ValidateLogoutTokenSignature, ValidateLogoutTokenClaims,
// CheckLogoutTokenNoNonce, CheckLogoutTokenHasSubOrSid.
func (s *suite) logoutToken(token string, id map[string]any) {
	s.t.Helper()
	if _, err := s.Provider.Keys().Verify(token, "logout+jwt"); err != nil {
		s.t.Errorf("signature: %v", err)
	}
	header, claims := parts(s.t, token)
	if len(s.keys.Key(header["kid"].(string))) != 1 { //nolint:errcheck // a panic fails the test
		s.t.Errorf("kid %v is not in the JWKS", header["kid"])
	}
	iat, _ := claims["iat"].(float64)
	at := time.Unix(int64(iat), 0)
	if at.After(s.Clock.Now()) || s.Clock.Now().Sub(at) > 24*time.Hour || claims["jti"] == nil || claims["exp"] == nil {
		s.t.Errorf("iat, jti or exp: %v", claims)
	}
	want := map[string]any{
		"iss": s.URL, "aud": s.client, "sub": id["sub"], "sid": id["sid"],
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
	}
	for _, timely := range []string{"iat", "jti", "exp"} {
		want[timely] = claims[timely]
	}
	if diff := cmp.Diff(want, claims); diff != "" { // and so no nonce
		s.t.Errorf("logout token (-want +got):\n%s", diff)
	}
}
