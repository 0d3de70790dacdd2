package protocol_test

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/protocol"
)

// walk proves the metadata, value by value. Whoever adds a member adds its proof.
type walk struct {
	*world
	t   *testing.T
	b   *agent // alice is signed in
	pki *pki
}

// ask sends an authorization request and answers with its error.
func (w walk) ask(changes ...string) string {
	w.t.Helper()
	return w.b.returned(w.b.authorize(request(changes...)), callback).Get("error")
}

// opens reports whether a request leads to a page or an answer without error.
func (w walk) opens(changes ...string) bool {
	return !strings.Contains(w.b.authorize(request(changes...)), "error=")
}

// lists are the members that hold values, each with the proof that one works.
func (w walk) lists() map[string]func(value string) bool {
	claims := w.claims(w.t)
	return map[string]func(value string) bool{
		"scopes_supported": func(s string) bool {
			return slices.Contains(strings.Fields(w.tokens(w.t, "web", "scope", "openid "+s).str("scope")), s)
		},
		"response_types_supported": func(s string) bool { return w.ask("response_type", s) == "" },
		"response_modes_supported": func(s string) bool {
			if s == "form_post" {
				_, fields := w.b.askPosted(request("response_mode", s))
				return fields.Has("code")
			}
			return w.ask("response_mode", s) == ""
		},
		"prompt_values_supported":          func(s string) bool { return w.opens("prompt", s) },
		"ui_locales_supported":             func(s string) bool { return w.ask("ui_locales", s) == "" },
		"acr_values_supported":             func(s string) bool { return w.opens("acr_values", s) },
		"grant_types_supported":            func(s string) bool { return w.grantType(w.t, s) != "unsupported_grant_type" },
		"code_challenge_methods_supported": func(s string) bool { return w.ask("code_challenge_method", s) == "" },
		"id_token_signing_alg_values_supported": func(s string) bool {
			client := map[string]string{"RS256": "web", "PS256": "ps", "ES256": "es", "EdDSA": "ed"}[s]
			header, _ := parts(w.t, w.tokens(w.t, client).str("id_token"))
			return header["alg"] == s
		},
		"request_object_signing_alg_values_supported":              w.requestObject,
		"token_endpoint_auth_methods_supported":                    func(s string) bool { return w.authMethod(w.t, protocol.PathToken, s, w.pki) },
		"revocation_endpoint_auth_methods_supported":               func(s string) bool { return w.authMethod(w.t, protocol.PathRevoke, s, w.pki) },
		"token_endpoint_auth_signing_alg_values_supported":         func(s string) bool { return w.authAlg(w.t, protocol.PathToken, s) },
		"revocation_endpoint_auth_signing_alg_values_supported":    func(s string) bool { return w.authAlg(w.t, protocol.PathRevoke, s) },
		"introspection_endpoint_auth_methods_supported":            func(s string) bool { return w.authMethod(w.t, protocol.PathStatus, s, w.pki) },
		"introspection_endpoint_auth_signing_alg_values_supported": func(s string) bool { return w.authAlg(w.t, protocol.PathStatus, s) },
		"introspection_signing_alg_values_supported": func(s string) bool {
			r := w.introspect(w.t, "signs-"+strings.ToLower(s), "x", "Accept", "application/token-introspection+jwt")
			header, _ := parts(w.t, r.body)
			return header["alg"] == s
		},
		"dpop_signing_alg_values_supported": func(s string) bool {
			h := holder{partySigners()[s], w.world}
			h.kid = ""
			return w.machineToken(w.t, "machine", h.atToken(w.t)...).str("token_type") == "DPoP"
		},
		"claims_supported": func(s string) bool { return claims[s] != nil },
		"subject_types_supported": func(s string) bool {
			client := map[string]string{"public": "web", "pairwise": "pair"}[s]
			_, c := parts(w.t, w.tokens(w.t, client).str("id_token"))
			return (c["sub"] == w.alice.ID) == (s == "public")
		},
		"claim_types_supported": func(s string) bool { return s == "normal" },
	}
}

// requestObject reports whether a client may sign its requests with an algorithm.
func (w walk) requestObject(alg string) bool {
	token := partySigners()[alg].signed(w.t, "", object(w.Clock.Now(), w.URL, "iss", "signs-"+strings.ToLower(alg), "client_id", nil))
	return w.ask("client_id", "signs-"+strings.ToLower(alg), "request", token) == ""
}

// algParties are clients that sign their requests, one for each algorithm.
func algParties() []clients.Client {
	var out []clients.Client
	for alg := range partySigners() {
		out = append(out, clients.Client{
			ID: "signs-" + strings.ToLower(alg), Name: alg, SecretHashes: []string{clients.HashSecret(secret)}, RedirectURIs: []string{callback},
			Rules: clients.Rules{FirstParty: true}, JWKS: partyKeys(alg), RequestObjectAlg: alg, IntrospectionAlg: alg,
		})
	}
	return out
}

// H-12: every value that is advertised is used, and works.
func TestDiscoveryTellsTheTruth(t *testing.T) {
	t.Parallel()
	w := walk{t: t, pki: newPKI(t)}
	w.world = newWorld(t, idptest.Clients(append(algParties(), keyed("key", func(*clients.Client) {}))...),
		idptest.Clients(w.pki.certified(t)...), w.pki.byHeader())
	w.shop(t)
	w.b = w.browser(t)
	w.b.signIn(request(), alice)
	doc := w.metadata(t)
	for name, works := range w.lists() {
		values := list(doc[name])
		if len(values) == 0 {
			t.Errorf("%s: nothing is advertised", name)
		}
		for _, v := range values {
			if !works(v) {
				t.Errorf("%s: %q is advertised and does not work", name, v)
			}
		}
		delete(doc, name)
	}
	for name, method := range map[string]string{
		"authorization_endpoint": "GET", "token_endpoint": "POST", "userinfo_endpoint": "GET", "jwks_uri": "GET",
		"end_session_endpoint": "GET", "revocation_endpoint": "POST", "pushed_authorization_request_endpoint": "POST",
		"introspection_endpoint":        "POST",
		"device_authorization_endpoint": "POST",
	} {
		url, _ := doc[name].(string)
		if r := w.browser(t).do(method, url, ""); !strings.HasPrefix(url, w.URL+"/oauth2/") || r.status == http.StatusNotFound || r.status == http.StatusMethodNotAllowed {
			t.Errorf("%s: %q answers %d", name, url, r.status)
		}
		delete(doc, name)
	}
	for name, tt := range map[string]struct {
		want  any
		works bool
	}{
		"issuer": {w.URL, true},
		"authorization_response_iss_parameter_supported": {true, w.b.returned(w.b.authorize(request()), callback).Get("iss") == w.URL},
		"tls_client_certificate_bound_access_tokens":     {true, w.bindsToCertificate()},
		"backchannel_logout_supported":                   {true, true}, // backchannel_test.go
		"backchannel_logout_session_supported":           {true, true}, // the same
		"claims_parameter_supported":                     {true, w.tellsClaim()},
		"request_parameter_supported":                    {true, w.requestObject("ES256")},
		"request_uri_parameter_supported":                {false, w.ask("request_uri", "https://rp.example/r") == "request_uri_not_supported"},
		"require_pushed_authorization_requests":          {false, w.ask() == ""},
	} {
		if doc[name] != tt.want || !tt.works {
			t.Errorf("%s: advertised %v, want %v; the proof holds: %v", name, doc[name], tt.want, tt.works)
		}
		delete(doc, name)
	}
	if diff := cmp.Diff(map[string]any{}, doc); diff != "" {
		t.Errorf("advertised without proof (-want +got):\n%s", diff)
	}
}

// tellsClaim reports whether a claim asked for by itself is told.
func (w walk) tellsClaim() bool {
	r := w.tokens(w.t, "web", "scope", "openid", "claims", `{"userinfo":{"name":null}}`)
	return w.userInfo(w.t, r.str("access_token")).str("name") == w.alice.Name
}

// bindsToCertificate reports whether a token can be bound to a certificate.
func (w walk) bindsToCertificate() bool {
	v := form("grant_type", "client_credentials", "client_id", "bound")
	r := w.machine(w.t).post(protocol.PathToken, v, "Client-Cert", base64.StdEncoding.EncodeToString(w.pki.client.Certificate[0]))
	_, claims := parts(w.t, r.str("access_token"))
	return claims["cnf"] != nil
}

// H-12, the other way round: what is not advertised does not work.
func TestDiscoveryHidesNothing(t *testing.T) {
	t.Parallel()
	w := walk{world: newWorld(t), t: t}
	w.b = w.browser(t)
	w.b.signIn(request(), alice)
	doc := w.metadata(t)
	for name, refused := range map[string]map[string]bool{
		"response_types_supported": {
			"token": w.ask("response_type", "token") != "", "id_token": w.ask("response_type", "id_token") != "",
			"code id_token": w.ask("response_type", "code id_token") != "", "none": w.ask("response_type", "none") != "",
		},
		"response_modes_supported": {
			"fragment": w.ask("response_mode", "fragment") != "", "query.jwt": w.ask("response_mode", "query.jwt") != "",
			"web_message": w.ask("response_mode", "web_message") != "",
		},
		"prompt_values_supported": {"jump": w.ask("prompt", "jump") != "", "NONE": w.ask("prompt", "NONE") != ""},
		"scopes_supported": {
			"admin": !strings.Contains(w.tokens(t, "web", "scope", "openid admin").str("scope"), "admin"),
		},
		"acr_values_supported":             {"gold": w.ask("claims", `{"id_token":{"acr":{"essential":true,"value":"gold"}}}`) == "unmet_authentication_requirements"},
		"code_challenge_methods_supported": {"plain": w.ask("code_challenge_method", "plain") != ""},
		"request_object_signing_alg_values_supported": {
			"none": w.ask("client_id", "signs", "request", "eyJhbGciOiJub25lIn0.e30.") != "",
			"HS256": w.ask("client_id", "signs", "request",
				hs256(t, object(w.Clock.Now(), w.URL))) != "",
		},
		"grant_types_supported": {
			"password": w.grantType(t, "password") != "", "implicit": w.grantType(t, "implicit") != "",
		},
		"token_endpoint_auth_methods_supported":         {"client_secret_jwt": !w.authMethod(t, protocol.PathToken, "client_secret_jwt", nil)},
		"introspection_endpoint_auth_methods_supported": {"none": !w.authMethod(t, protocol.PathStatus, "none", nil)},
	} {
		for value, ok := range refused {
			if slices.Contains(list(doc[name]), value) || !ok {
				t.Errorf("%s: %q is advertised, or works", name, value)
			}
		}
	}
	if m := list(doc["token_endpoint_auth_methods_supported"]); slices.Contains(m, "tls_client_auth") || doc["tls_client_certificate_bound_access_tokens"] != false {
		t.Error("client certificates are advertised where nobody asks for them")
	}
	for _, name := range []string{"mtls_endpoint_aliases", "check_session_iframe", "frontchannel_logout_supported", "op_policy_uri", "id_token_encryption_alg_values_supported"} {
		if doc[name] != nil {
			t.Errorf("%s is advertised", name)
		}
	}
}

// With require_par the metadata says so, and it is so.
func TestDiscoveryTellsThatRequestsMustBePushed(t *testing.T) {
	t.Parallel()
	w := walk{world: newWorld(t, idptest.RequirePAR()), t: t}
	w.b = w.browser(t)
	if w.metadata(t)["require_pushed_authorization_requests"] != true {
		t.Error("not advertised")
	}
	if got := w.ask(); got != "invalid_request" {
		t.Errorf("a request that was not pushed: got error %q, want invalid_request", got)
	}
	r := w.push(t, "web", request())
	q := w.b.signInTo(open("web", r.str("request_uri")), alice, callback)
	if q.Get("code") == "" {
		t.Errorf("a pushed request: got %v", q)
	}
}
