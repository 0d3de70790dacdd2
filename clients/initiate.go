package clients

import (
	"net/url"
	"strings"
)

// Entrance is where somebody who is here without a request of the client's
// enters it: the page of its own that begins a sign-in, told by whom (OIDC Core
// §4), or else its home page; empty when neither is registered. It says nothing
// of the person: a login_hint would leave an address in histories and logs.
func (c Client) Entrance(issuer string) string {
	if c.Disabled {
		return ""
	}
	if c.InitiateLoginURI == "" {
		return c.URI
	}
	return WithQuery(c.InitiateLoginURI, url.Values{"iss": {issuer}})
}

// WithQuery adds parameters to a URI of a client, which is left as it was
// registered (RFC 6749 §3.1.2). Without parameters it is the URI itself.
func WithQuery(uri string, more url.Values) string {
	switch {
	case len(more) == 0:
		return uri
	case strings.Contains(uri, "?"):
		return uri + "&" + more.Encode()
	}
	return uri + "?" + more.Encode()
}

func (c Client) validateInitiate(f *faults) {
	uri := c.InitiateLoginURI
	if uri == "" {
		return
	}
	const field = "initiate_login_uri"
	f.add(faultOfRedirect(uri, false) != "", field, "%s", faultOfRedirect(uri, false))
	f.add(!c.Allows(GrantCode), field, "must be empty without the authorization_code grant")
	if u, err := url.Parse(uri); err == nil {
		f.add(u.Query().Has("iss"), field, "must not hold iss: it is added")
	}
}
