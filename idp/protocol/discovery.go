package protocol

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/signin"
)

// document is the provider's metadata (OpenID Connect Discovery §3, RFC 8414
// §2). It says what is true and nothing else (H-12); a test proves each value.
type document struct {
	Issuer             string   `json:"issuer"`
	Authorization      string   `json:"authorization_endpoint"`
	JWKS               string   `json:"jwks_uri"`
	EndSession         string   `json:"end_session_endpoint"`
	Registration       string   `json:"registration_endpoint,omitempty"`
	Scopes             []string `json:"scopes_supported"`
	Claims             []string `json:"claims_supported"`
	ClaimTypes         []string `json:"claim_types_supported"`
	ResponseTypes      []string `json:"response_types_supported"`
	ResponseModes      []string `json:"response_modes_supported"`
	GrantTypes         []string `json:"grant_types_supported"`
	Prompts            []string `json:"prompt_values_supported"`
	ACRs               []string `json:"acr_values_supported"`
	SubjectTypes       []string `json:"subject_types_supported"`
	IDTokenAlgs        []string `json:"id_token_signing_alg_values_supported"`
	RequestObjectAlgs  []string `json:"request_object_signing_alg_values_supported"`
	ChallengeMethods   []string `json:"code_challenge_methods_supported"`
	UILocales          []string `json:"ui_locales_supported"`
	IssuerInResponse   bool     `json:"authorization_response_iss_parameter_supported"`
	BackchannelLogout  bool     `json:"backchannel_logout_supported"`
	BackchannelSession bool     `json:"backchannel_logout_session_supported"`
	// The defaults of these are not all false, so they are always said.
	ClaimsParameter     bool `json:"claims_parameter_supported"`
	RequestParameter    bool `json:"request_parameter_supported"`
	RequestURIParameter bool `json:"request_uri_parameter_supported"`
	PushRequired        bool `json:"require_pushed_authorization_requests"`
	machineDocument
}

func (ep *endpoints) discovery() document {
	cfg := ep.idp.Config()
	doc := document{
		Issuer:        ep.issuer,
		Authorization: ep.issuer + PathAuthorize, JWKS: ep.issuer + PathJWKS, EndSession: ep.issuer + PathLogout,
		Scopes:        []string{"openid"},
		Claims:        []string{"iss", "sub", "aud", "azp", "exp", "iat", "auth_time", "acr", "amr", "nonce", "at_hash", "sid"},
		ClaimTypes:    []string{"normal"},
		ResponseTypes: []string{"code"}, ResponseModes: []string{string(clients.ModeQuery), string(clients.ModeFormPost)},
		Prompts:          []string{"none", "login", "consent", "select_account", "create"},
		ACRs:             acrValues(cfg.ACRAliases),
		SubjectTypes:     []string{clients.SubjectPublic, clients.SubjectPairwise},
		IDTokenAlgs:      clients.Client{}.SigningAlgs(),
		ClaimsParameter:  true,
		RequestParameter: true, RequestObjectAlgs: clients.Client{}.SigningAlgs(),
		PushRequired:     cfg.RequirePAR,
		ChallengeMethods: []string{"S256"}, UILocales: languages, IssuerInResponse: true,
		BackchannelLogout: true, BackchannelSession: true,
		machineDocument: ep.machines(),
	}
	if cfg.Registration.Enabled {
		doc.Registration = ep.issuer + PathRegister
	}
	for _, s := range scopeClaims {
		doc.Scopes, doc.Claims = append(doc.Scopes, s.scope), append(doc.Claims, s.claims...)
	}
	doc.Scopes = append(doc.Scopes, "offline_access")
	for _, g := range grantTypes {
		if ep.grants(g) {
			doc.GrantTypes = append(doc.GrantTypes, string(g))
		}
	}
	return doc
}

// acrValues are our levels and the aliases of those, in a fixed order.
func acrValues(aliases map[string]string) []string {
	values := signin.ACRValues()
	for alias, acr := range aliases {
		if slices.Contains(signin.ACRValues(), acr) {
			values = append(values, alias)
		}
	}
	slices.Sort(values[len(signin.ACRValues()):])
	return values
}

// page is a JSON document rendered before anybody asks, with its headers.
type page struct {
	version, etag string
	header        http.Header
	body          []byte
}

func newPage(version string, body []byte, cache string) *page {
	sum := sha256.Sum256(body)
	etag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	return &page{version: version, etag: etag, body: body, header: http.Header{
		"Etag": {etag}, echo.HeaderCacheControl: {cache}, echo.HeaderContentType: {echo.MIMEApplicationJSON},
		echo.HeaderContentLength: {strconv.Itoa(len(body))}, // net/http would send more than 2 kB in chunks
	}}
}

// serve writes the page, or says that the caller's copy is still good.
func (p *page) serve(c echo.Context) error {
	h := c.Response().Header()
	maps.Copy(h, p.header)
	if strings.Contains(c.Request().Header.Get("If-None-Match"), p.etag) {
		h.Del(echo.HeaderContentLength)
		return c.NoContent(http.StatusNotModified)
	}
	c.Response().WriteHeader(http.StatusOK)
	_, err := c.Response().Write(p.body)
	return err
}

// keys is the JWK set. It may be kept for five minutes: a new key is published
// long before it signs (C-53).
func (ep *endpoints) keys(c echo.Context) error {
	version := ep.idp.Keys().Version()
	p := ep.jwks.Load()
	if p == nil || p.version != version {
		body, err := json.Marshal(ep.idp.Keys().JWKS())
		if err != nil {
			return err
		}
		p = newPage(version, body, "public, max-age=300")
		ep.jwks.Store(p)
	}
	return p.serve(c)
}
