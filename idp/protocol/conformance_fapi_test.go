package protocol_test

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/protocol"
)

// The FAPI 2.0 Security Profile plan in the variant plain_fapi, openid_connect,
// private_key_jwt, dpop, unsigned requests. Connections are the deployment's, so
// what its modules check of TLS is not played here.

// fapi is a run of one module: two clients with keys of their own.
type fapi struct {
	*suite
	dpop holder
}

// fapiClients are registered with nothing but the profile.
func fapiClients() []clients.Client {
	var out []clients.Client
	for id, alg := range map[string]string{"fapi-1": "ES256", "fapi-2": "EdDSA"} {
		out = append(out, clients.Client{
			ID: id, Name: "Conformance Suite", Auth: clients.AuthKey, JWKS: partyKeys(alg, "RS256"), Profile: clients.ProfileFAPI2,
			Grants: []clients.GrantType{clients.GrantCode, clients.GrantRefresh}, RedirectURIs: []string{callback},
			Scopes: []string{"openid", "profile", "email", "phone", "address", "offline_access"}, Rules: clients.Rules{FirstParty: true},
		})
	}
	return out
}

// fapiModule plays a module as fapi-1.
func fapiModule(name string, play func(f *fapi)) module {
	return module{"fapi2-security-profile-final-" + name, func(s *suite) {
		s.client = "fapi-1"
		play(&fapi{s, s.holder(s.t)})
	}}
}

// key signs for the client.
func (f *fapi) key() signer {
	return partySigners()[map[string]string{"fapi-1": "ES256", "fapi-2": "EdDSA"}[f.client]]
}

// as is the other client, with a DPoP key of its own.
func (f *fapi) as(client string) *fapi {
	s := *f.suite
	s.client = client
	return &fapi{&s, f.holder(f.t)}
}

// authenticate adds an assertion with changed claims; nil removes one.
func (f *fapi) authenticate(v url.Values, key signer, changes map[string]any) url.Values {
	claims := f.assertionOf(f.client)
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	v = maps.Clone(v)
	v.Set("client_assertion", key.sign(f.t, claims, nil))
	v.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	return v
}

// ask is a good request with PKCE, and changes.
func (f *fapi) ask(changes ...string) url.Values {
	return f.suite.ask(append([]string{"code_challenge", challenge, "code_challenge_method", "S256"}, changes...)...)
}

// par pushes a request.
func (f *fapi) par(v url.Values, headers ...string) reply {
	f.t.Helper()
	return f.machine(f.t).post(protocol.PathPush, f.authenticate(v, f.key(), nil), headers...)
}

// opens makes the request that opens a pushed one: 201, JSON, entropy, expires_in.
func (f *fapi) opens(r reply) url.Values {
	f.t.Helper()
	if r.status != http.StatusCreated || !strings.HasPrefix(r.header.Get("Content-Type"), "application/json") || r.json()["expires_in"] != float64(60) {
		f.t.Fatalf("PAR: %d %s", r.status, r.body)
	}
	f.strong("request_uri", r.str("request_uri"))
	return open(f.client, r.str("request_uri"))
}

// code goes from a request to its code.
func (f *fapi) code(v url.Values, headers ...string) string {
	f.t.Helper()
	return f.answered(v, f.visit(f.opens(f.par(v, headers...))))
}

// visit opens a pushed request and signs in where that is asked for.
func (f *fapi) visit(v url.Values) *idptest.Page {
	f.t.Helper()
	p := f.open(v)
	if strings.Contains(p.Body, `type="password"`) {
		p = f.login(p)
	}
	return p
}

// answered is the code that an answer carries.
func (f *fapi) answered(v url.Values, p *idptest.Page) string {
	f.t.Helper()
	got := f.callback(v, p)
	f.strong("code", got.Get("code"))
	return got.Get("code")
}

// redeem sends a code with a proof, and changes of the form.
func (f *fapi) redeem(code string, changes ...string) reply {
	f.t.Helper()
	return f.atToken(f.redemption(code, changes...), f.proofOf(nil))
}

func (f *fapi) redemption(code string, changes ...string) url.Values {
	v := form("grant_type", "authorization_code", "code", code, "redirect_uri", callback, "code_verifier", verifier)
	for i := 0; i+1 < len(changes); i += 2 {
		v.Del(changes[i])
		if changes[i+1] != "" {
			v.Set(changes[i], changes[i+1])
		}
	}
	return v
}

func (f *fapi) proofOf(claims map[string]any) []string {
	return []string{"DPoP", f.dpop.proof(f.t, http.MethodPost, protocol.PathToken, "", claims)}
}

// atToken calls the token endpoint as the client.
func (f *fapi) atToken(v url.Values, headers []string) reply {
	f.t.Helper()
	return f.machine(f.t).post(protocol.PathToken, f.authenticate(v, f.key(), nil), headers...)
}

// works makes the base checks of tokens: entropy, binding, ID token, resource.
func (f *fapi) works(v url.Values, r reply) map[string]any {
	f.t.Helper()
	if r.status != http.StatusOK || r.str("token_type") != "DPoP" || r.json()["expires_in"] == nil {
		f.t.Fatalf("token endpoint: %d %s", r.status, r.body)
	}
	f.strong("access token", r.str("access_token"))
	header, id := f.idToken(r.str("id_token"), v.Get("nonce"))
	if !slices.Contains([]any{"PS256", "ES256", "EdDSA"}, header["alg"]) {
		f.t.Errorf("the ID token is signed with %v", header["alg"])
	}
	if got := f.dpop.show(f.t, r.str("access_token")); got.status != http.StatusOK || got.str("sub") != id["sub"] {
		f.t.Errorf("resource: %d %s", got.status, got.body)
	}
	return id
}

// succeeds plays a whole flow.
func (f *fapi) succeeds(v url.Values, headers ...string) reply {
	f.t.Helper()
	r := f.redeem(f.code(v, headers...))
	f.works(v, r)
	return r
}

// denied checks an error of PAR or of the token endpoint, in JSON.
func (f *fapi) denied(r reply, errors ...string) {
	f.t.Helper()
	want := http.StatusBadRequest
	if r.str("error") == "invalid_client" {
		want = http.StatusUnauthorized
	}
	if r.status != want || !slices.Contains(errors, r.str("error")) || !strings.HasPrefix(r.header.Get("Content-Type"), "application/json") {
		f.t.Errorf("got %d %s, want one of %v", r.status, r.body, errors)
	}
	if strings.ContainsAny(r.str("error_description"), "\"\\\r\n\t") {
		f.t.Errorf("description %q", r.str("error_description"))
	}
}

// deniedAssertion pushes a request whose assertion is wrong, and sends one to
// the token endpoint.
func (f *fapi) deniedAssertion(key signer, changes map[string]any) {
	f.t.Helper()
	f.denied(f.machine(f.t).post(protocol.PathPush, f.authenticate(f.ask(), key, changes)), "invalid_client")
	code := f.code(f.ask())
	f.denied(f.machine(f.t).post(protocol.PathToken, f.authenticate(f.redemption(code), key, changes), f.proofOf(nil)...), "invalid_client")
}

func (f *fapi) from(d time.Duration) int64 { return f.Clock.Now().Add(d).Unix() }
