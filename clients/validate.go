package clients

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Fault is one thing wrong with a registration.
type Fault struct {
	// Field is the key in the file, such as "redirect_uris[1]" or "rules.min_acr".
	Field string
	// Text says what it must be, as the end of a sentence that starts with Field.
	Text string
}

// Error is the fault as one line.
func (f *Fault) Error() string { return f.Field + ": " + f.Text }

var (
	idForm    = regexp.MustCompile(`^[a-z][a-z0-9._-]{0,63}$`)
	likeUser  = regexp.MustCompile(`^[a-z2-7]{26}$|^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$`)
	scopeForm = regexp.MustCompile(`^[!#-\[\]-~]+$`) // RFC 6749 §3.3
	hashForm  = regexp.MustCompile(`^[0-9a-f]{64}$`)
	langForm  = regexp.MustCompile(`^[a-z]{2}$`)
	roleForm  = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)

	// reachable are the levels a client may demand: those a person can reach here.
	reachable = []string{"urn:sekisho:acr:pwd", "urn:sekisho:acr:trusted-device", "urn:sekisho:acr:2sv"}
)

// faults gathers what is wrong.
type faults []error

func (f *faults) add(wrong bool, field, text string, args ...any) {
	if wrong {
		*f = append(*f, &Fault{Field: field, Text: fmt.Sprintf(text, args...)})
	}
}

// join is all of them as one error; nil for none.
func (f faults) join() error { return errors.Join(f...) }

// Validate reports every fault of the registration, joined; each is a [*Fault].
func (c Client) Validate() error {
	var f faults
	f.add(!idForm.MatchString(c.ID), "id", "must be 1 to 64 of a-z, 0-9, dot, hyphen and underscore, and begin with a letter")
	// T-54, O-13: a client's id must never be taken for a person's.
	f.add(likeUser.MatchString(c.ID), "id", "must not look like a user's id")
	f.add(strings.TrimSpace(c.Name) == "", "name", "is required: people see it")
	languages(&f, "names", c.Names)
	f.add(c.URI != "" && faultOfPage(c.URI) != "", "uri", "%s", faultOfPage(c.URI))
	f.add(c.Rules.MinACR != "" && !slices.Contains(reachable, c.Rules.MinACR), "rules.min_acr", "must be one of %s", strings.Join(reachable, ", "))
	c.validateSecrets(&f)
	c.validateKeys(&f)
	c.validateCertificate(&f)
	c.validateGrants(&f)
	c.validateURIs(&f)
	c.validateInitiate(&f)
	c.validateModes(&f)
	c.validateSector(&f)
	c.validateProfile(&f)
	return f.join()
}

func (c Client) validateSecrets(f *faults) {
	switch c.AuthMethod() {
	case AuthBasic, AuthPost:
		f.add(len(c.SecretHashes) == 0, "secret_hashes", "is required with auth_method %s", c.AuthMethod())
		f.add(len(c.SecretHashes) > 2, "secret_hashes", "must hold two at most: the new and the old") // C-52
	case AuthNone:
		f.add(len(c.SecretHashes) > 0, "secret_hashes", "must be empty when auth_method is none")
		f.add(c.NoPKCE, "require_pkce", "cannot be false when auth_method is none") // RFC 9700 §2.1.1
	case AuthKey, AuthSelfSigned:
		f.add(len(c.SecretHashes) > 0, "secret_hashes", "must be empty when auth_method is %s", c.AuthMethod())
		f.add(c.JWKS == "" && c.JWKSURI == "", "jwks", "or jwks_uri is required when auth_method is %s", c.AuthMethod())
	case AuthTLS:
		f.add(len(c.SecretHashes) > 0, "secret_hashes", "must be empty when auth_method is tls_client_auth")
	default:
		f.add(true, "auth_method", "must be one of %s", join(AuthMethods()))
	}
	f.add(c.AssertionAlg != "" && c.AuthMethod() != AuthKey, "assertion_signing_alg", "needs auth_method private_key_jwt")
	for i, h := range c.SecretHashes {
		f.add(!hashForm.MatchString(h), fmt.Sprintf("secret_hashes[%d]", i), "must be the SHA-256 of the secret, 64 hexadecimal digits")
	}
}

func (c Client) validateKeys(f *faults) {
	if c.JWKS != "" {
		_, err := ParseKeys([]byte(c.JWKS))
		f.add(err != nil, "jwks", "%v", ErrKeys)
	}
	f.add(c.JWKS != "" && c.JWKSURI != "", "jwks_uri", "cannot stand beside jwks") // RFC 7591 §2
	f.add(c.JWKSURI != "" && faultOfPage(c.JWKSURI) != "", "jwks_uri", "%s", faultOfPage(c.JWKSURI))
	f.add(c.RequestObjectAlg != "" && c.JWKS == "" && c.JWKSURI == "", "request_object_signing_alg", "needs jwks or jwks_uri, the keys that sign")
}

func (c Client) validateModes(f *faults) {
	for i, m := range c.ResponseModes {
		field := fmt.Sprintf("response_modes[%d]", i)
		f.add(m != ModeQuery && m != ModeFormPost, field, "must be query or form_post")
		f.add(slices.Contains(c.ResponseModes[:i], m), field, "is there twice")
	}
	for i, uri := range c.RedirectURIs {
		// A form can be posted to the web alone.
		web := strings.HasPrefix(uri, "https://") || strings.HasPrefix(uri, "http://")
		f.add(c.AllowsMode(ModeFormPost) && !web, fmt.Sprintf("redirect_uris[%d]", i), "must use https or http with response mode form_post")
	}
}

func (c Client) validateGrants(f *faults) {
	for i, g := range c.Grants {
		field := fmt.Sprintf("grants[%d]", i)
		switch g {
		case GrantCode:
		case GrantRefresh:
			f.add(!c.SignsIn(), field, "refresh_token needs authorization_code or device_code beside it")
		case GrantExchange:
			f.add(!c.Confidential(), field, "token_exchange needs a client that authenticates")
			f.add(len(c.Serves) == 0 || len(c.Resources) == 0, field, "token_exchange needs serves, where tokens come from, and resources, where they go to")
		case GrantDevice:
			// FAPI 2.0 §5.3.2.1: what the browser is asked must have been pushed by the client.
			f.add(c.fapi2(), field, "device_code is not allowed under profile fapi2")
		case GrantClientCredentials:
			f.add(!c.Confidential(), field, "client_credentials needs a client that authenticates")
		default:
			f.add(true, field, "must be authorization_code, refresh_token, client_credentials or %s", GrantDevice)
		}
		f.add(slices.Contains(c.Grants[:i], g), field, "is there twice")
	}
	for i, s := range c.Scopes {
		f.add(!scopeForm.MatchString(s), fmt.Sprintf("scopes[%d]", i), "must be one scope without spaces")
		f.add(slices.Contains(c.Scopes[:i], s), fmt.Sprintf("scopes[%d]", i), "is there twice")
	}
}

func (c Client) validateURIs(f *faults) {
	code := c.Allows(GrantCode)
	f.add(code && len(c.RedirectURIs) == 0, "redirect_uris", "is required with the authorization_code grant")
	f.add(!code && len(c.RedirectURIs) > 0, "redirect_uris", "must be empty without the authorization_code grant")
	lists := map[string][]string{"redirect_uris": c.RedirectURIs, "post_logout_redirect_uris": c.PostLogoutURIs}
	for _, name := range []string{"redirect_uris", "post_logout_redirect_uris"} {
		for i, uri := range lists[name] {
			text := faultOfRedirect(uri, c.Native)
			f.add(text != "", fmt.Sprintf("%s[%d]", name, i), "%s", text)
			f.add(slices.Contains(lists[name][:i], uri), fmt.Sprintf("%s[%d]", name, i), "is there twice")
		}
	}
	if uri := c.BackchannelLogoutURI; uri != "" {
		f.add(faultOfPage(uri) != "", "backchannel_logout_uri", "%s", faultOfPage(uri))
		f.add(strings.Contains(uri, "#"), "backchannel_logout_uri", "must have no fragment")
		f.add(!code, "backchannel_logout_uri", "must be empty without the authorization_code grant")
	}
	for i, r := range c.Resources {
		f.add(faultOfResource(r) != "", fmt.Sprintf("resources[%d]", i), "%s", faultOfResource(r))
	}
	for i, r := range c.Serves {
		f.add(faultOfResource(r) != "", fmt.Sprintf("serves[%d]", i), "%s", faultOfResource(r))
		f.add(slices.Contains(c.Serves[:i], r), fmt.Sprintf("serves[%d]", i), "is there twice")
	}
	f.add(len(c.Serves) > 0 && !c.Confidential(), "serves", "needs a client that authenticates") // RFC 7662 §2.1
}

// languages checks the keys of display names.
func languages(f *faults, field string, names map[string]string) {
	for lang := range names {
		f.add(!langForm.MatchString(lang), field, "%q is not a language code such as ja", lang)
	}
}

// faultOfResource says what is wrong with an audience; empty means nothing.
func faultOfResource(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || !u.IsAbs() || strings.Contains(uri, "#") { // RFC 8707 §2
		return "must be an absolute URI without fragment"
	}
	return ""
}

// faultOfPage says what is wrong with a link shown to people; empty means nothing.
func faultOfPage(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return "must be an https URL"
	}
	return faultOfWeb(u)
}

// join lists values for a fault.
func join[S ~string](list []S) string {
	text := make([]string, len(list))
	for i, s := range list {
		text[i] = string(s)
	}
	return strings.Join(text, ", ")
}
