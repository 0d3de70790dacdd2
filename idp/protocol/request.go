package protocol

import (
	"cmp"
	"context"
	"encoding/base64"
	"net/url"
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

// reader is what reading a request takes beside the request.
type reader struct {
	issuer  string
	aliases map[string]string
	// resources are the APIs that are registered.
	resources clients.Resources
	now       func() time.Time
	lookup    func(id string) (*clients.Client, bool)
	hint      func(token string) (hint, error)
	// verify checks what a client signed (see partyKeys).
	verify func(ctx context.Context, c *clients.Client, token string, algs []string) (typ string, payload []byte, err error)
}

// reading is one authorization request being read: who asks, where the answer
// goes, and what is known of it so far.
type reading struct {
	reader
	p      params
	client *clients.Client
	// fault is what is wrong already; where is the parameter at fault, where that
	// makes it unknown where the answer would go.
	fault *oidc.Error
	where string
	out   idp.AuthorizeRequest
}

// begin finds out who asks. Its errors are pages, as are those of target:
// nobody is redirected before client and redirect URI are sure (O-28).
func (rd reader) begin(p params) (*reading, error) {
	r := &reading{reader: rd, p: p}
	if len(p["client_id"]) != 1 { // missing or sent twice
		return nil, r.page("param", "client_id")
	}
	client, ok := rd.lookup(p.get("client_id"))
	if !ok {
		return nil, r.page("client", "client_id")
	}
	r.client = client
	return r, nil
}

func (r *reading) page(what, param string) error {
	return &idp.RequestError{Case: what, Param: param, ClientID: r.p.get("client_id"), Given: r.p.get("redirect_uri")}
}

// unwrap finds the parameters that count, where a request came as it is: they
// may stand in a request object.
func (r *reading) unwrap(ctx context.Context) {
	switch {
	case r.p.twice() != "":
		r.fault = errTwice
	case r.p.get("request_uri") != "":
		r.fault, r.where = errRequestURI, "request_uri" // T-47: nothing is ever fetched
	case r.p.get("request") != "":
		if r.fault = r.object(ctx); r.fault != nil {
			r.where = "request"
		}
	}
}

// target takes the redirect URI, compared byte for byte (O-01, H-05).
func (r *reading) target() error {
	uri := r.p.get("redirect_uri")
	switch {
	case len(r.p["redirect_uri"]) == 1 && r.client.RedirectAllowed(uri):
		r.out.RedirectURI = uri
		return nil
	case r.where != "": // what is wrong lies deeper
		return r.page("param", r.where)
	case len(r.p["redirect_uri"]) != 1: // OIDC Core §3.1.2.1 requires it
		return r.page("param", "redirect_uri")
	}
	return r.page("redirect", "redirect_uri")
}

// refusal is the answer that carries an error, with state and issuer (RFC 6749
// §4.1.2.1, RFC 9207), in the way that was asked for.
func (r *reading) refusal(fault *oidc.Error) idp.Reply {
	v := url.Values{"error": {string(fault.ErrorType)}, "error_description": {fault.Description}, "iss": {r.issuer}}
	if len(r.p["state"]) == 1 {
		v.Set("state", r.p.get("state"))
	}
	return idp.Reply{To: r.out.RedirectURI, Params: v, Post: r.mode() == clients.ModeFormPost, ClientID: r.client.ID}
}

// mode is how the answer travels: as asked, where the client may ask for it.
func (r *reading) mode() clients.ResponseMode {
	mode := clients.ResponseMode(r.p.get("response_mode"))
	if len(r.p["response_mode"]) == 1 && r.client.AllowsMode(mode) {
		return mode
	}
	return clients.ModeQuery
}

// read checks the rest of the request. Its errors go to the relying party.
func (r *reading) read() (idp.AuthorizeRequest, *oidc.Error) {
	if r.fault != nil {
		return r.out, r.fault
	}
	r.out.ClientID, r.out.State, r.out.Nonce, r.out.Mode = r.client.ID, r.p.get("state"), r.p.get("nonce"), r.mode()
	r.out.LoginHint, r.out.UILocales = r.p.get("login_hint"), locale(r.p.get("ui_locales"))
	r.out.ACRs = strings.Fields(r.p.get("acr_values"))
	for _, step := range []func() *oidc.Error{r.shape, r.resource, r.scope, r.pkce, r.dpopKey, r.prompt, r.maxAge, r.idTokenHint, r.claims} {
		if err := step(); err != nil {
			return r.out, err
		}
	}
	if !r.out.Essential {
		r.out.Want = r.wanted()
	}
	return r.out, nil
}

// shape refuses the forms of request that are not served.
func (r *reading) shape() *oidc.Error {
	switch kind := r.p.get("response_type"); {
	case r.p.get("registration") != "":
		return errRegistration
	case kind == "":
		return errNoResponseType
	case kind != "code": // O-06
		return errResponseType
	case !r.client.Allows(clients.GrantCode):
		return errNotAllowed
	case !r.client.AllowsMode(cmp.Or(clients.ResponseMode(r.p.get("response_mode")), clients.ModeQuery)):
		return errResponseMode
	}
	return nil
}

// scope keeps what the client may ask for, and what means something at the
// resources asked for, and ignores the rest (A-10.4.11, RFC 8707 §2.1).
func (r *reading) scope() *oidc.Error {
	asked, ok := r.p.scopes()
	if !ok {
		return errScope
	}
	at := r.out.Resources
	if len(at) == 0 {
		at = audiences(r.client, r.issuer)
	}
	allowed := r.resources.At(at, r.client.AllowedScopes())
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
	case challenge == "" && r.out.Nonce == "" && r.client.NonceRequired():
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

// wanted is the strongest level asked for by name that can be reached here, or the
// strongest at all when none can: asking for more than we have must not end in less.
func (r *reading) wanted() signin.Level {
	var reachable, strongest signin.Level
	for _, value := range r.out.ACRs {
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
