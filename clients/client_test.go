package clients_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/clients"
)

func valid() clients.Client {
	return clients.Client{
		ID: "seller", Name: "Seller", SecretHashes: []string{clients.HashSecret("s")},
		RedirectURIs: []string{"https://seller.example/cb"},
	}
}

func TestValidateNamesEveryFault(t *testing.T) {
	t.Parallel()
	hash := clients.HashSecret("s")
	tests := []struct {
		name   string
		change func(*clients.Client)
		want   []string // the fields at fault
	}{
		{"the plain client is fine", func(*clients.Client) {}, nil},
		{"a public client is fine", func(c *clients.Client) { c.Auth, c.SecretHashes = clients.AuthNone, nil }, nil},
		{"a tool is fine", func(c *clients.Client) {
			c.Grants, c.RedirectURIs = []clients.GrantType{clients.GrantClientCredentials}, nil
		}, nil},
		{"loopback http is fine", func(c *clients.Client) { c.RedirectURIs = []string{"http://localhost:9001/cb"} }, nil},
		{"a private scheme is fine for a native client", func(c *clients.Client) {
			c.Native, c.RedirectURIs = true, []string{"jp.example.app:/cb"}
		}, nil},
		{"no id", func(c *clients.Client) { c.ID = "" }, []string{"id"}},
		{"capitals in the id", func(c *clients.Client) { c.ID = "Seller" }, []string{"id"}},
		{"an id like a UUID (T-54)", func(c *clients.Client) { c.ID = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6" }, []string{"id"}},
		{"an id like a user's (T-54)", func(c *clients.Client) { c.ID = "abcdefghijklmnopqrstuvwxyz" }, []string{"id"}},
		{"no name", func(c *clients.Client) { c.Name = " " }, []string{"name"}},
		{"a bad language", func(c *clients.Client) { c.Names = map[string]string{"japanese": "x"} }, []string{"names"}},
		{"a script as home page", func(c *clients.Client) { c.URI = "javascript:alert(1)" }, []string{"uri"}},
		{"a plain http home page", func(c *clients.Client) { c.URI = "http://seller.example" }, []string{"uri"}},
		{"no secret", func(c *clients.Client) { c.SecretHashes = nil }, []string{"secret_hashes"}},
		{"three secrets (C-52)", func(c *clients.Client) { c.SecretHashes = []string{hash, hash, hash} }, []string{"secret_hashes"}},
		{"a secret in clear", func(c *clients.Client) { c.SecretHashes = []string{"s3cret"} }, []string{"secret_hashes[0]"}},
		{"a public client with a secret", func(c *clients.Client) { c.Auth = clients.AuthNone }, []string{"secret_hashes"}},
		{"a public client without PKCE", func(c *clients.Client) {
			c.Auth, c.SecretHashes, c.NoPKCE = clients.AuthNone, nil, true
		}, []string{"require_pkce"}},
		{"a shared secret as a key", func(c *clients.Client) { c.Auth = "client_secret_jwt" }, []string{"auth_method"}},
		{"a key is fine", func(c *clients.Client) {
			c.Auth, c.SecretHashes, c.JWKS, c.AssertionAlg = clients.AuthKey, nil, jwks(t, ecKey(t)), "ES256"
		}, nil},
		{"a published key is fine", func(c *clients.Client) {
			c.Auth, c.SecretHashes, c.JWKSURI = clients.AuthKey, nil, "https://seller.example/keys"
		}, nil},
		{"no key", func(c *clients.Client) { c.Auth, c.SecretHashes = clients.AuthKey, nil }, []string{"jwks"}},
		{"a key and a secret", func(c *clients.Client) { c.Auth, c.JWKS = clients.AuthKey, jwks(t, ecKey(t)) }, []string{"secret_hashes"}},
		{"keys in two places", func(c *clients.Client) { c.JWKS, c.JWKSURI = jwks(t, ecKey(t)), "https://seller.example/keys" }, []string{"jwks_uri"}},
		{"keys published over plain http", func(c *clients.Client) { c.JWKSURI = "http://seller.example/keys" }, []string{"jwks_uri"}},
		{"an unsigned assertion", func(c *clients.Client) {
			c.Auth, c.SecretHashes, c.JWKS, c.AssertionAlg = clients.AuthKey, nil, jwks(t, ecKey(t)), "none"
		}, []string{"assertion_signing_alg"}},
		{"an assertion's algorithm without assertions", func(c *clients.Client) { c.AssertionAlg = "ES256" }, []string{"assertion_signing_alg"}},
		{"a certificate of an authority is fine", func(c *clients.Client) {
			c.Auth, c.SecretHashes, c.TLS.SubjectDN = clients.AuthTLS, nil, `CN=a\, b+UID=7,O=c,1.2.3=d`
		}, nil},
		{"a certificate without a name", func(c *clients.Client) { c.Auth, c.SecretHashes = clients.AuthTLS, nil }, []string{"tls_client_auth"}},
		{"a certificate with two names", func(c *clients.Client) {
			c.Auth, c.SecretHashes, c.TLS.DNS, c.TLS.IP = clients.AuthTLS, nil, "a.example", "192.0.2.1"
		}, []string{"tls_client_auth"}},
		{"a certificate's name that is none", func(c *clients.Client) {
			c.Auth, c.SecretHashes, c.TLS.SubjectDN = clients.AuthTLS, nil, "shop"
		}, []string{"tls_client_auth.subject_dn"}},
		{"a certificate's address that is none", func(c *clients.Client) {
			c.Auth, c.SecretHashes, c.TLS.IP = clients.AuthTLS, nil, "shop.example"
		}, []string{"tls_client_auth.san_ip"}},
		{"a certificate's name without certificates", func(c *clients.Client) { c.TLS.DNS = "a.example" }, []string{"tls_client_auth"}},
		{"a certificate of its own without one", func(c *clients.Client) { c.Auth, c.SecretHashes = clients.AuthSelfSigned, nil }, []string{"jwks"}},
		{"implicit", func(c *clients.Client) { c.Grants = []clients.GrantType{clients.GrantCode, "implicit"} }, []string{"grants[1]"}},
		{"refresh alone", func(c *clients.Client) {
			c.Grants, c.RedirectURIs = []clients.GrantType{clients.GrantRefresh}, nil
		}, []string{"grants[0]"}},
		{"a grant twice", func(c *clients.Client) { c.Grants = []clients.GrantType{clients.GrantCode, clients.GrantCode} }, []string{"grants[1]"}},
		{"client_credentials without a secret", func(c *clients.Client) {
			c.Auth, c.SecretHashes, c.RedirectURIs = clients.AuthNone, nil, nil
			c.Grants = []clients.GrantType{clients.GrantClientCredentials}
		}, []string{"grants[0]"}},
		{"no redirect URI", func(c *clients.Client) { c.RedirectURIs = nil }, []string{"redirect_uris"}},
		{"redirect URIs of a tool", func(c *clients.Client) { c.Grants = []clients.GrantType{clients.GrantClientCredentials} }, []string{"redirect_uris"}},
		{"bad redirect URIs", func(c *clients.Client) {
			c.RedirectURIs = []string{
				"http://seller.example/cb", "https://seller.example/cb#x", "seller.example/cb", "https://a@seller.example/",
				"https://*.seller.example/cb", "jp.example.app:/cb", "https:///cb", "https://s.example/ cb", "https://セラー.example/", "http://127.0.0.1.evil.example/",
			}
		}, []string{
			"redirect_uris[0]", "redirect_uris[1]", "redirect_uris[2]", "redirect_uris[3]", "redirect_uris[4]",
			"redirect_uris[5]", "redirect_uris[6]", "redirect_uris[7]", "redirect_uris[8]", "redirect_uris[9]",
		}},
		{"bad private schemes", func(c *clients.Client) {
			c.Native = true
			c.RedirectURIs = []string{"javascript:alert(1)", "data:text/html,x", "app:/cb", "jp.example.app://host/cb", "jp.example.app:"}
		}, []string{"redirect_uris[0]", "redirect_uris[1]", "redirect_uris[2]", "redirect_uris[3]", "redirect_uris[4]"}},
		{"a URI twice", func(c *clients.Client) {
			c.PostLogoutURIs = []string{"https://seller.example/", "https://seller.example/"}
		}, []string{"post_logout_redirect_uris[1]"}},
		{"two scopes in one", func(c *clients.Client) { c.Scopes = []string{"openid", "a b", "openid"} }, []string{"scopes[1]", "scopes[2]"}},
		{"a relative resource", func(c *clients.Client) { c.Resources = []string{"payout", "https://api.example/#x"} }, []string{"resources[0]", "resources[1]"}},
		{"an API that only introspects is fine", func(c *clients.Client) {
			c.RedirectURIs, c.Serves, c.IntrospectionAlg = nil, []string{"https://api.example"}, "ES256"
		}, nil},
		{"an API that also signs people in must say so", func(c *clients.Client) { c.Serves = []string{"https://api.example"} }, []string{"redirect_uris"}},
		{"an API that cannot authenticate", func(c *clients.Client) {
			c.Auth, c.SecretHashes, c.Grants, c.Serves = clients.AuthNone, nil, []clients.GrantType{clients.GrantCode}, []string{"https://api.example"}
		}, []string{"serves"}},
		{"serving what is no audience, and one twice", func(c *clients.Client) {
			c.RedirectURIs, c.Serves = nil, []string{"payout", "https://api.example", "https://api.example"}
		}, []string{"serves[0]", "serves[2]"}},
		{"unsigned introspection answers", func(c *clients.Client) { c.IntrospectionAlg = "none" }, []string{"introspection_signed_response_alg"}},
		{"an unsigned ID token", func(c *clients.Client) { c.IDTokenAlg = "none" }, []string{"id_token_alg"}},
		{"a level nobody can reach", func(c *clients.Client) { c.Rules.MinACR = "phr" }, []string{"rules.min_acr"}},
		{"no nonce where PKCE needs none", func(c *clients.Client) { c.NoNonce = true }, []string{"require_nonce"}},
		{"neither PKCE nor nonce is fine", func(c *clients.Client) { c.NoPKCE, c.NoNonce = true, true }, nil},
		{"two response modes are fine", func(c *clients.Client) {
			c.ResponseModes = []clients.ResponseMode{clients.ModeQuery, clients.ModeFormPost}
		}, nil},
		{"tokens in the fragment", func(c *clients.Client) { c.ResponseModes = []clients.ResponseMode{"fragment"} }, []string{"response_modes[0]"}},
		{"a form posted to an app", func(c *clients.Client) {
			c.Native, c.RedirectURIs, c.ResponseModes = true, []string{"jp.example.app:/cb"}, []clients.ResponseMode{clients.ModeFormPost}
		}, []string{"redirect_uris[0]"}},
		{"keys that are none", func(c *clients.Client) { c.JWKS = "{}" }, []string{"jwks"}},
		{"request objects without keys", func(c *clients.Client) { c.RequestObjectAlg = "ES256" }, []string{"request_object_signing_alg"}},
		{"unsigned request objects", func(c *clients.Client) {
			c.JWKS, c.RequestObjectAlg = jwks(t, ecKey(t)), "none"
		}, []string{"request_object_signing_alg"}},
		{"a device that refreshes is fine", func(c *clients.Client) {
			c.Grants, c.RedirectURIs = []clients.GrantType{clients.GrantDevice, clients.GrantRefresh}, nil
		}, nil},
		{"redirects of a device", func(c *clients.Client) { c.Grants = []clients.GrantType{clients.GrantDevice} }, []string{"redirect_uris"}},
		{"pairwise with one host is fine", func(c *clients.Client) { c.SubjectType = clients.SubjectPairwise }, nil},
		{"pairwise with two hosts", func(c *clients.Client) {
			c.SubjectType, c.RedirectURIs = clients.SubjectPairwise, []string{"https://a.example/cb", "https://b.example/cb"}
		}, []string{"sector_identifier_uri"}},
		{"pairwise with two hosts and a sector is fine", func(c *clients.Client) {
			c.SubjectType, c.RedirectURIs = clients.SubjectPairwise, []string{"https://a.example/cb", "https://b.example/cb"}
			c.SectorURI = "https://a.example/sector.json"
		}, nil},
		{"a sector of an app", func(c *clients.Client) { c.SectorURI = "jp.example.app:/sector" }, []string{"sector_identifier_uri"}},
		{"an unknown subject type", func(c *clients.Client) { c.SubjectType = "private" }, []string{"subject_type"}},
		{"an unknown profile", func(c *clients.Client) { c.Profile = "fapi1" }, []string{"profile"}},
		{"FAPI 2.0 with a secret, RS256 and no PKCE", func(c *clients.Client) {
			c.Profile, c.IDTokenAlg, c.NoPKCE = clients.ProfileFAPI2, "RS256", true
		}, []string{"id_token_alg", "auth_method", "require_pkce"}},
		{"a page that begins a sign-in is fine", func(c *clients.Client) { c.InitiateLoginURI = "https://seller.example/start?shop=1" }, nil},
		{"one on this machine is fine", func(c *clients.Client) { c.InitiateLoginURI = "http://localhost:9001/start" }, nil},
		{"one over plain http", func(c *clients.Client) { c.InitiateLoginURI = "http://seller.example/start" }, []string{"initiate_login_uri"}},
		{"a script as one", func(c *clients.Client) { c.InitiateLoginURI = "javascript:alert(1)" }, []string{"initiate_login_uri"}},
		{"one with a fragment", func(c *clients.Client) { c.InitiateLoginURI = "https://seller.example/#start" }, []string{"initiate_login_uri"}},
		{"one that says who sends", func(c *clients.Client) { c.InitiateLoginURI = "https://seller.example/?iss=x" }, []string{"initiate_login_uri"}},
		{"one of a tool", func(c *clients.Client) {
			c.Grants, c.RedirectURIs = []clients.GrantType{clients.GrantClientCredentials}, nil
			c.InitiateLoginURI = "https://seller.example/start"
		}, []string{"initiate_login_uri"}},
		{"several at once", func(c *clients.Client) { c.ID, c.Name, c.RedirectURIs = "", "", nil }, []string{"id", "name", "redirect_uris"}},
	}
	for _, tt := range tests {
		c := valid()
		tt.change(&c)
		if diff := cmp.Diff(tt.want, fields(t, c.Validate())); diff != "" {
			t.Errorf("%s: %v (-want +got)\n%s", tt.name, c.Validate(), diff)
		}
	}
}

func fields(t *testing.T, err error) []string {
	t.Helper()
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	var out []string
	for _, e := range joined.Unwrap() {
		f, ok := errors.AsType[*clients.Fault](e)
		if !ok || !strings.HasPrefix(f.Error(), f.Field+": ") {
			t.Fatalf("%v is no fault", e)
		}
		out = append(out, f.Field)
	}
	return out
}

func TestZeroValuesMeanTheSafeChoice(t *testing.T) {
	t.Parallel()
	c := clients.Client{Name: "Seller", Names: map[string]string{"ja": "出品者"}}
	if c.AuthMethod() != clients.AuthBasic || !c.Confidential() || !c.PKCERequired() || c.SigningAlg() != "RS256" {
		t.Errorf("got %v %v %v %v", c.AuthMethod(), c.Confidential(), c.PKCERequired(), c.SigningAlg())
	}
	if !c.Allows(clients.GrantCode) || c.Allows(clients.GrantRefresh) || c.Allows(clients.GrantClientCredentials) {
		t.Error("no grants listed must mean authorization_code alone")
	}
	if diff := cmp.Diff([]string{"openid", "profile", "email", "phone", "offline_access"}, c.AllowedScopes()); diff != "" {
		t.Error(diff)
	}
	if got := c.DisplayName("ja") + c.DisplayName("en"); got != "出品者Seller" {
		t.Errorf("DisplayName: %s", got)
	}
	tool := clients.Client{Grants: []clients.GrantType{clients.GrantClientCredentials}}
	if got := tool.AllowedScopes(); len(got) != 0 {
		t.Errorf("a tool without scopes may ask for %v", got)
	}
	if public := (clients.Client{Auth: clients.AuthNone, NoPKCE: true}); !public.PKCERequired() {
		t.Error("a public client got around PKCE")
	}
}

func TestEntranceSaysWhoSendsAndNoMore(t *testing.T) { // OIDC Core §4
	t.Parallel()
	const home, start = "https://seller.example/", "https://seller.example/start"
	for _, tt := range []struct {
		name   string
		client clients.Client
		want   string
	}{
		{"nothing registered", clients.Client{}, ""},
		{"a home page", clients.Client{URI: home}, home},
		{"a page that begins a sign-in", clients.Client{URI: home, InitiateLoginURI: start}, start + "?iss=https%3A%2F%2Fid.example"},
		{"one with a query", clients.Client{InitiateLoginURI: start + "?shop=1"}, start + "?shop=1&iss=https%3A%2F%2Fid.example"},
		{"a disabled client", clients.Client{URI: home, InitiateLoginURI: start, Disabled: true}, ""},
	} {
		if got := tt.client.Entrance("https://id.example"); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestSecretsAreVerified(t *testing.T) { // C-52
	t.Parallel()
	oldSecret, oldHash := clients.NewSecret()
	newSecret, newHash := clients.NewSecret()
	if len(oldSecret) != 43 || oldSecret == newSecret {
		t.Fatalf("secrets %q and %q must be 256 random bits", oldSecret, newSecret)
	}
	c := clients.Client{SecretHashes: []string{newHash, oldHash}}
	for secret, want := range map[string]bool{oldSecret: true, newSecret: true, "": false, newHash: false, newSecret + "x": false} {
		if got := c.VerifySecret(secret); got != want {
			t.Errorf("VerifySecret(%q) = %v, want %v", secret, got, want)
		}
	}
	empty := clients.Client{SecretHashes: []string{"", clients.HashSecret("")}}
	if empty.VerifySecret("") {
		t.Error("an empty secret was accepted")
	}
	if (clients.Client{}).VerifySecret("") {
		t.Error("a client without secrets accepted one")
	}
}

func TestMomentsBeginInTheDeploymentsZone(t *testing.T) { // S-109
	t.Parallel()
	tokyo := time.FixedZone("Asia/Tokyo", 9*3600)
	for in, want := range map[string]string{
		"2026-12-01":                "2026-11-30T15:00:00Z",
		"2026-12-01T00:00:00+09:00": "2026-11-30T15:00:00Z",
		"2026-12-01T10:00:00Z":      "2026-12-01T10:00:00Z",
	} {
		got, err := clients.ParseMoment(in, tokyo)
		if err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("ParseMoment(%q) = %v, %v; want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"", "tomorrow", "2026-13-01", "2026/12/01", "2026-12-01 00:00"} {
		if _, err := clients.ParseMoment(in, tokyo); !errors.Is(err, clients.ErrMoment) {
			t.Errorf("ParseMoment(%q): %v, want ErrMoment", in, err)
		}
	}
}

func TestClientSurvivesJSON(t *testing.T) { // stored clients are JSON
	t.Parallel()
	c := valid()
	c.NoPKCE, c.NoNonce, c.RequirePAR, c.Profile, c.JWKS = true, true, true, clients.ProfileFAPI2, `{"keys":[]}`
	c.ResponseModes = []clients.ResponseMode{clients.ModeFormPost}
	c.Rules.NoTrustedDevices, c.Rules.EnforceFrom = true, time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var got clients.Client
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c, got); diff != "" {
		t.Error(diff)
	}
}

func TestRegistry(t *testing.T) {
	t.Parallel()
	r := clients.NewRegistry([]clients.Client{{ID: "buyer", Name: "file"}, {ID: "gone", Disabled: true}})
	r.SetStored([]clients.Client{{ID: "buyer", Name: "stored"}, {ID: "tool", Name: "stored"}})
	if c, ok := r.Lookup("buyer"); !ok || c.Name != "file" {
		t.Errorf("the file must win: %v %v", c, ok)
	}
	if c, ok := r.Lookup("tool"); !ok || c.Name != "stored" {
		t.Errorf("tool: %v %v", c, ok)
	}
	if _, ok := r.Lookup("gone"); ok {
		t.Error("a disabled client may act")
	}
	if _, ok := r.Find("gone"); !ok {
		t.Error("a disabled client must be found by Find")
	}
	var ids []string
	for _, c := range r.All() {
		ids = append(ids, c.ID)
	}
	if diff := cmp.Diff([]string{"buyer", "gone", "tool"}, ids); diff != "" {
		t.Error(diff)
	}
	if !r.InFile("gone") || r.InFile("tool") {
		t.Error("InFile")
	}
	r.SetStored(nil)
	if _, ok := r.Lookup("tool"); ok {
		t.Error("a removed client may act")
	}
}

func TestRegistryIsReadWhileItChanges(t *testing.T) {
	t.Parallel()
	r := clients.NewRegistry([]clients.Client{{ID: "buyer"}})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 1000 {
			r.SetStored([]clients.Client{{ID: "tool"}})
		}
	}()
	for range 1000 {
		if _, ok := r.Lookup("buyer"); !ok {
			t.Fatal("buyer vanished")
		}
	}
	<-done
}
