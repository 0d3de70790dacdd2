package protocol_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/protocol"
	"github.com/sekisho-id/sekisho/idp/signin"
)

// person are those of claims that are about a person.
func person(claims map[string]any) map[string]any {
	out := map[string]any{}
	for _, name := range []string{
		"name", "locale", "zoneinfo", "updated_at", "email", "email_verified", "phone_number", "phone_number_verified", "address",
	} {
		if v, ok := claims[name]; ok {
			out[name] = v
		}
	}
	return out
}

// OIDC Core §5.5: what is asked for one by one is told where it was asked for,
// whatever the scopes are, after a refresh too; and nothing else is.
func TestClaimsAreToldWhereTheyWereAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.tellAll(t)
	verified := map[string]any{"phone_number": mobile, "phone_number_verified": true}
	address := map[string]any{"address": map[string]any{
		"postal_code": "100-0001", "region": "東京都", "locality": "千代田区", "street_address": "千代田1-1", "country": "日本",
	}}
	tests := []struct {
		name, scope, claims string
		info, id            map[string]any
	}{
		{"nothing asked", "openid", ``, map[string]any{}, map[string]any{}},
		{"scopes are told by userinfo alone", "openid phone", ``, verified, map[string]any{}},
		{"an essential claim of userinfo", "openid", `{"userinfo":{"name":{"essential":true}}}`, map[string]any{"name": w.alice.Name}, map[string]any{}},
		{"a claim of the ID token", "openid", `{"id_token":{"email":null,"email_verified":{}}}`, map[string]any{}, map[string]any{"email": alice, "email_verified": true}},
		{
			"each in its place", "openid phone", `{"id_token":{"locale":null},"userinfo":{"address":null}}`,
			map[string]any{"phone_number": mobile, "phone_number_verified": true, "address": address["address"]},
			map[string]any{"locale": "ja"},
		},
		{"an address in the ID token", "openid", `{"id_token":{"address":{"essential":true}}}`, map[string]any{}, address},
		{"one of a pair", "openid", `{"userinfo":{"phone_number_verified":null}}`, map[string]any{"phone_number_verified": true}, map[string]any{}},
		{"a value that is not true is not made true", "openid", `{"userinfo":{"email":{"value":"president@example.jp"}}}`, map[string]any{"email": alice}, map[string]any{}},
		{"unknown claims and members (§5.5)", "openid", `{"userinfo":{"shoe_size":{"essential":true,"x":[]}},"other":7}`, map[string]any{}, map[string]any{}},
		{"no members", "openid", `{"userinfo":null,"id_token":{}}`, map[string]any{}, map[string]any{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := w.tokens(t, "web", "scope", tt.scope+" offline_access", "claims", tt.claims)
			for _, r := range []reply{r, w.refresh(t, "web", r.str("refresh_token"))} {
				_, id := parts(t, r.str("id_token"))
				info := w.userInfo(t, r.str("access_token")).json()
				if diff := cmp.Diff(tt.info, person(info)); diff != "" {
					t.Errorf("userinfo (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(tt.id, person(id)); diff != "" {
					t.Errorf("ID token (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// a claim of a scope that the client may not have is not told, nor
// one of a scope that it lost since (T-14).
func TestClaimsStayWithinWhatTheClientMayHave(t *testing.T) {
	t.Parallel()
	w := newWorld(t, idptest.Clients(clients.Client{
		ID: "narrow", Name: "Narrow", SecretHashes: []string{clients.HashSecret(secret)}, RedirectURIs: []string{callback},
		Scopes: []string{"openid", "email"}, Rules: clients.Rules{FirstParty: true},
	}))
	r := w.tokens(t, "narrow", "scope", "openid", "claims", `{"userinfo":{"name":null,"email":null},"id_token":{"name":null,"email":null}}`)
	_, id := parts(t, r.str("id_token"))
	for where, got := range map[string]map[string]any{"userinfo": w.userInfo(t, r.str("access_token")).json(), "ID token": id} {
		if diff := cmp.Diff(map[string]any{"email": alice}, person(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", where, diff)
		}
	}
}

// a third party that asks for a claim needs the same consent as for its scope.
func TestClaimsNeedConsent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	v := request("client_id", "third", "claims", `{"id_token":{"email":null}}`)
	b.signIn(request(), alice)
	v.Set("prompt", "none")
	if q := b.returned(b.authorize(v), callback); q.Get("error") != "consent_required" {
		t.Errorf("under prompt=none: got %v, want consent_required", q)
	}
	v.Del("prompt")
	page := b.authorize(v)
	real := w.Browser(t)
	real.Lang = "en"
	p := real.Submit(real.Get(protocol.PathAuthorize+"?"+v.Encode()), "/signin", "identifier", alice, "password", password)
	if p.URL.Path != "/consent" || !strings.Contains(p.Body, "Your email address") || !strings.Contains(p.Body, alice) {
		t.Errorf("at %s: want consent for the address\n%s", p.URL, p.Body)
	}
	to, err := b.answer(page, alice)
	if err != nil {
		t.Fatal(err)
	}
	r := w.redeem(t, "third", b.returned(to, callback).Get("code"))
	if _, id := parts(t, r.str("id_token")); id["email"] != alice || r.str("scope") != "openid" {
		t.Errorf("after consent: got %v, scope %s", id, r.str("scope"))
	}
	v.Set("prompt", "none")
	if q := b.returned(b.authorize(v), callback); q.Get("code") == "" {
		t.Errorf("asked again: got %v, want a code", q)
	}
}

func TestClaimsParameterIsReadStrictly(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		`{`, `[]`, `7`, `"x"`, `null`, `{"userinfo":[]}`, `{"userinfo":"name"}`, `{"userinfo":{"name":true}}`, `{"id_token":{"name":"x"}}`,
		`{"userinfo":{"name":{"essential":"yes"}}}`, `{"userinfo":{"name":{"values":"x"}}}`, `{"id_token":{"sub":{"value":7}}}`,
		`{"id_token":{"sub":{"value":""}}}`, `{"id_token":{"acr":{"values":[1]}}}`, `{"id_token":{"acr":{"value":{}}}}`,
		`{"id_token":{"sub":{"values":["a","b"]}}}`, `{"id_token":{"sub":{"value":"a"}},"userinfo":{"sub":{"value":"b"}}}`,
		`{"userinfo":{}} x`,
	} {
		if _, code, err := protocol.ReadAuthorize(request("claims", raw), nil, relyingParties.Lookup); err != nil || code != "invalid_request" {
			t.Errorf("claims=%s: got %q, %v, want invalid_request", raw, code, err)
		}
	}
}

// O-23: an essential acr is binding, any of its values will do, and what nobody
// can reach is refused at once.
func TestEssentialACR(t *testing.T) {
	t.Parallel()
	const refeds = "https://refeds.org/profile/mfa"
	aliases := map[string]string{refeds: "urn:sekisho:acr:2sv"}
	tests := []struct {
		claims, acrValues string
		want              signin.Level
		essential         bool
		code              string
	}{
		{`{"id_token":{"acr":{"essential":true,"value":"urn:sekisho:acr:2sv"}}}`, "", signin.LevelTwoStep, true, ""},
		{`{"id_token":{"acr":{"essential":true,"values":["` + refeds + `"]}}}`, "", signin.LevelTwoStep, true, ""},
		{`{"id_token":{"acr":{"essential":true,"values":["urn:sekisho:acr:2sv","urn:sekisho:acr:pwd","gold"]}}}`, "", signin.LevelPassword, true, ""},
		{`{"id_token":{"acr":{"essential":true,"values":["phrh","urn:sekisho:acr:2sv"]}}}`, "", signin.LevelTwoStep, true, ""},
		{`{"id_token":{"acr":{"essential":true,"value":"phrh"}}}`, "", signin.LevelHardware, true, ""}, // Decide refuses it
		{`{"id_token":{"acr":{"essential":true,"values":["gold","silver"]}}}`, "", 0, false, "unmet_authentication_requirements"},
		{`{"id_token":{"acr":{"essential":true}}}`, "", signin.LevelNone, false, ""},
		{`{"id_token":{"acr":{"essential":true}}}`, "urn:sekisho:acr:2sv", signin.LevelTwoStep, false, ""},
		{`{"id_token":{"acr":{"value":"urn:sekisho:acr:2sv"}}}`, "urn:sekisho:acr:pwd", signin.LevelTwoStep, false, ""},
		{`{"id_token":{"acr":{"essential":true,"value":"urn:sekisho:acr:pwd"}}}`, "urn:sekisho:acr:2sv", signin.LevelPassword, true, ""},
		{`{"userinfo":{"acr":{"essential":true,"value":"phrh"}}}`, "", signin.LevelNone, false, ""}, // of the ID token only
	}
	for _, tt := range tests {
		got, code, err := protocol.ReadAuthorize(request("claims", tt.claims, "acr_values", tt.acrValues), aliases, relyingParties.Lookup)
		if err != nil || code != tt.code || code == "" && (got.Want != tt.want || got.Essential != tt.essential) {
			t.Errorf("claims=%s: got %q, level %d, essential %v, %v", tt.claims, code, got.Want, got.Essential, err)
		}
	}
}

// O-23 end to end: refused where it cannot be reached, a code where it can; and
// the ID token names the level as it was asked for.
func TestEssentialACRIsReachedOrRefused(t *testing.T) {
	t.Parallel()
	const refeds = "https://refeds.org/profile/mfa"
	w := newWorld(t, idptest.ACRAliases(map[string]string{refeds: "urn:sekisho:acr:2sv"}))
	w.AddUserWith(t, carol, password, mobile, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
	acr := func(values ...string) string {
		raw, err := json.Marshal(map[string]any{"id_token": map[string]any{"acr": map[string]any{"essential": true, "values": values}}})
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	for name, changes := range map[string][]string{
		"unknown": {"claims", acr("gold")}, "too strong": {"claims", acr("phrh")}, "unknown, silently": {"claims", acr("gold"), "prompt", "none"},
		"too strong, silently": {"claims", acr("phrh"), "prompt", "none"},
	} {
		b := w.browser(t)
		if q := b.returned(b.authorize(request(changes...)), callback); q.Get("error") != "unmet_authentication_requirements" || q.Get("state") != "s" {
			t.Errorf("%s: got %v, want unmet_authentication_requirements", name, q)
		}
	}
	b := w.browser(t)
	b.signIn(request(), alice) // a session with a password
	silent := request("claims", acr(refeds), "prompt", "none")
	if q := b.returned(b.authorize(silent), callback); q.Get("error") != "unmet_authentication_requirements" {
		t.Errorf("a session that is too weak, silently: got %v", q)
	}
	for _, tt := range []struct{ claims, acrValues, want string }{
		{acr(refeds), "", refeds},
		{acr("urn:sekisho:acr:2sv", refeds), "", "urn:sekisho:acr:2sv"},
		{acr("urn:sekisho:acr:pwd"), "", "urn:sekisho:acr:pwd"}, // §5.5.1.1: it takes no other answer
		{"", refeds, refeds},
		{"", "urn:sekisho:acr:pwd", "urn:sekisho:acr:2sv"}, // a wish: the truth is better
	} {
		q := w.visit(t, w.Browser(t), protocol.PathAuthorize+"?"+request("claims", tt.claims, "acr_values", tt.acrValues, "scope", "openid offline_access").Encode(), carol)
		r := w.redeem(t, "web", q.Get("code"))
		for _, r := range []reply{r, w.refresh(t, "web", r.str("refresh_token"))} {
			for _, token := range []string{"id_token", "access_token"} {
				if _, claims := parts(t, r.str(token)); claims["acr"] != tt.want {
					t.Errorf("claims=%s acr_values=%s: acr of the %s is %v, want %s", tt.claims, tt.acrValues, token, claims["acr"], tt.want)
				}
			}
		}
		w.Clock.Advance(61 * 1e9)
	}
}

// OIDC Core §5.5.1: an answer about another person than the one asked for is none.
func TestSubjectAskedForMustBeTheOneWhoAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sub := func(where, id string) string { return `{"` + where + `":{"sub":{"value":"` + id + `"}}}` }
	for _, where := range []string{"id_token", "userinfo"} {
		b := w.browser(t)
		b.signIn(request(), alice)
		silent := func(id string) url.Values {
			return b.returned(b.authorize(request("prompt", "none", "claims", sub(where, id))), callback)
		}
		if q := silent(w.alice.ID); !q.Has("code") {
			t.Errorf("%s: the one who is signed in: got %v, want a code", where, q)
		}
		for name, id := range map[string]string{"another person": w.bob.ID, "nobody": "nobody"} {
			if q := silent(id); q.Get("error") != "login_required" || q.Has("code") {
				t.Errorf("%s: %s: got %v, want login_required", where, name, q)
			}
		}
		// The password page asks for bob's password, whoever's address is typed; the two have the same.
		to, err := b.answer(b.authorize(request("claims", sub(where, w.bob.ID))), alice)
		if err != nil {
			t.Fatal(err)
		}
		_, id := parts(t, w.redeem(t, "web", b.returned(to, callback).Get("code")).str("id_token"))
		if id["sub"] != w.bob.ID {
			t.Errorf("%s: the answer is about %v, want bob", where, id["sub"])
		}
		page := b.authorize(request("claims", sub(where, "nobody")))
		if to, err := b.answer(page, alice); err == nil {
			t.Errorf("%s: alice answered for somebody unknown: sent to %s", where, to)
		}
	}
	b := w.browser(t)
	hint := w.redeem(t, "web", b.signIn(request(), alice).Get("code")).str("id_token")
	q := b.returned(b.authorize(request("id_token_hint", hint, "claims", sub("id_token", w.bob.ID))), callback)
	if q.Get("error") != "invalid_request" {
		t.Errorf("a hint and a claim that differ: got %v, want invalid_request", q)
	}
}

func FuzzClaims(f *testing.F) {
	f.Add(`{"userinfo":{"name":null},"id_token":{"acr":{"essential":true,"values":["urn:sekisho:acr:2sv"]},"sub":{"value":"x"}}}`)
	f.Add(`{"id_token":{"email":{"value":1e400}}}`)
	f.Add(`{"USERINFO":{"Name":{}}}`)
	f.Fuzz(func(t *testing.T, raw string) {
		got, code, err := protocol.ReadAuthorize(request("claims", raw), nil, relyingParties.Lookup)
		if err != nil || code != "" {
			return
		}
		for _, claim := range append(got.Claims.UserInfo, got.Claims.IDToken...) {
			if len(person(map[string]any{claim: 1})) != 1 {
				t.Errorf("claims=%q: %q is not a claim we give", raw, claim)
			}
		}
		if got.Essential && got.Want == signin.LevelNone {
			t.Errorf("claims=%q: an essential acr that asks for nothing", raw)
		}
		if text, err := json.Marshal(got.Claims); err != nil || len(text) > len(raw)+100 {
			t.Errorf("claims=%q: kept as %s, %v", raw, text, err)
		}
	})
}
