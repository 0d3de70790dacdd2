package protocol

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/signin"
)

// languages are those our pages speak.
var languages = []string{"ja", "en"}

// reading is one authorization request being read: who asks, where the answer
// goes, and what is known of it so far.
type reading struct {
	p       params
	client  *clients.Client
	issuer  string
	aliases map[string]string
	hint    func(token string) (hint, error)
	out     idp.AuthorizeRequest
}

// target reads what must be sure before anybody is redirected: the client and
// its redirect URI, compared byte for byte (O-01, O-28, H-05).
func target(p params, lookup func(id string) (*clients.Client, bool)) (*clients.Client, error) {
	id, uri := p.get("client_id"), p.get("redirect_uri")
	fault := func(what, param string) error {
		return &idp.RequestError{Case: what, Param: param, ClientID: id, Given: uri}
	}
	for _, name := range []string{"client_id", "redirect_uri"} {
		if len(p[name]) != 1 { // missing or sent twice; OIDC Core §3.1.2.1 requires both
			return nil, fault("param", name)
		}
	}
	client, ok := lookup(id)
	if !ok {
		return nil, fault("client", "client_id")
	}
	if !client.RedirectAllowed(uri) {
		return nil, fault("redirect", "redirect_uri")
	}
	return client, nil
}

// read checks the rest of the request. Its errors go to the relying party.
func (r *reading) read() (idp.AuthorizeRequest, *oidc.Error) {
	r.out = idp.AuthorizeRequest{
		ClientID: r.client.ID, RedirectURI: r.p.get("redirect_uri"), State: r.p.get("state"), Nonce: r.p.get("nonce"),
		LoginHint: r.p.get("login_hint"), UILocales: locale(r.p.get("ui_locales")),
	}
	for _, step := range []func() *oidc.Error{r.shape, r.scope, r.pkce, r.dpopKey, r.resource, r.prompt, r.maxAge, r.idTokenHint} {
		if err := step(); err != nil {
			return r.out, err
		}
	}
	r.out.Want = r.wanted()
	return r.out, nil
}

// shape refuses the forms of request that are not served.
func (r *reading) shape() *oidc.Error {
	switch kind := r.p.get("response_type"); {
	case r.p.twice() != "":
		return errTwice
	case r.p.get("request") != "":
		return errRequestObject
	case r.p.get("request_uri") != "": // T-47: nothing is ever fetched
		return errRequestURI
	case r.p.get("registration") != "":
		return errRegistration
	case kind == "":
		return errNoResponseType
	case kind != "code": // O-06
		return errResponseType
	case !r.client.Allows(clients.GrantCode):
		return errNotAllowed
	}
	if mode := r.p.get("response_mode"); mode != "" && mode != "query" {
		return errResponseMode
	}
	return nil
}

// scope keeps what the client may ask for and ignores the rest.
func (r *reading) scope() *oidc.Error {
	asked, ok := r.p.scopes()
	if !ok {
		return errScope
	}
	allowed := r.client.AllowedScopes()
	for _, s := range asked {
		if !slices.Contains(allowed, s) || s == "offline_access" && !r.client.Allows(clients.GrantRefresh) {
			continue
		}
		r.out.Scopes = append(r.out.Scopes, s)
		if s != "openid" {
			r.out.Request.Scopes = append(r.out.Request.Scopes, s)
		}
	}
	if !slices.Contains(r.out.Scopes, "openid") {
		return errNoOpenID
	}
	return nil
}

// pkce demands S256, or a nonce from the few clients that may go without
// (O-03, H-03). A challenge that is sent must be right in any case.
func (r *reading) pkce() *oidc.Error {
	challenge, method := r.p.get("code_challenge"), r.p.get("code_challenge_method")
	switch {
	case challenge == "" && method != "", challenge == "" && r.client.PKCERequired():
		return errNoPKCE
	case challenge == "" && r.out.Nonce == "":
		return errNoNonce
	case challenge == "":
		return nil
	case method != "S256": // an absent method would mean plain (RFC 7636 §4.3)
		return errPKCEMethod
	}
	if !isDigest(challenge) {
		return errChallenge
	}
	r.out.CodeChallenge = challenge
	return nil
}

// dpopKey takes the key that must redeem the code (RFC 9449 §10).
func (r *reading) dpopKey() *oidc.Error {
	r.out.DPoPKey = r.p.get("dpop_jkt")
	if r.out.DPoPKey != "" && !isDigest(r.out.DPoPKey) {
		return errDPoPKey
	}
	return nil
}

// isDigest reports whether a text is a SHA-256 in base64url, as code_challenge and dpop_jkt are.
func isDigest(s string) bool {
	_, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(s) == 43
}

// resource takes audiences that the client is registered for (RFC 8707 §2).
func (r *reading) resource() *oidc.Error {
	r.out.Resources = r.p.resources()
	if !within(r.out.Resources, audiences(r.client, r.issuer)) {
		return errTarget
	}
	return nil
}

// prompt reads the values of OIDC Core §3.1.2.1 and prompt=create.
func (r *reading) prompt() *oidc.Error {
	values := strings.Fields(r.p.get("prompt"))
	for _, v := range values {
		switch v {
		case "none":
			r.out.None = true
		case "login":
			r.out.Login = true
		case "consent":
			r.out.Consent = true
		case "select_account":
			r.out.Select = true
		case "create":
			r.out.Create = true
		default:
			return errPrompt
		}
	}
	if r.out.None && len(values) > 1 { // O-22
		return errPrompt
	}
	return nil
}

func (r *reading) maxAge() *oidc.Error {
	raw := r.p.get("max_age")
	if raw == "" {
		return nil
	}
	seconds, err := strconv.ParseUint(raw, 10, 31)
	if err != nil {
		return errMaxAge
	}
	age := time.Duration(seconds) * time.Second
	r.out.MaxAge = &age
	return nil
}

// idTokenHint accepts an ID token of ours for this client, also an expired one
// (O-24).
func (r *reading) idTokenHint() *oidc.Error {
	token := r.p.get("id_token_hint")
	if token == "" {
		return nil
	}
	h, err := r.hint(token)
	if err != nil || h.Audience != r.client.ID {
		return errHint
	}
	r.out.HintSubject = h.Subject
	return nil
}

// wanted is the strongest level of acr_values that can be reached here, or the
// strongest at all when none can: asking for more than we have must not end in less.
func (r *reading) wanted() signin.Level {
	var reachable, strongest signin.Level
	for value := range strings.FieldsSeq(r.p.get("acr_values")) {
		level, ok := signin.ParseACR(value, r.aliases)
		if !ok {
			continue
		}
		strongest = max(strongest, level)
		if slices.Contains(signin.ACRValues(), level.ACR()) {
			reachable = max(reachable, level)
		}
	}
	if reachable > signin.LevelNone {
		return reachable
	}
	return strongest
}

// locale is the first language tag that our pages speak, or nothing.
func locale(uiLocales string) string {
	for tag := range strings.FieldsSeq(uiLocales) {
		base, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if slices.Contains(languages, base) {
			return base
		}
	}
	return ""
}
