package clients

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// RedirectAllowed reports whether uri is one of the registered redirect URIs,
// compared byte by byte before anything decodes it (O-01, H-05). For a native
// client the port of a registered loopback URI may vary (RFC 8252 §7.3).
func (c Client) RedirectAllowed(uri string) bool {
	if uri == "" {
		return false
	}
	if slices.Contains(c.RedirectURIs, uri) {
		return true
	}
	if !c.Native {
		return false
	}
	asked, ok := loopbackWithoutPort(uri)
	return ok && slices.ContainsFunc(c.RedirectURIs, func(registered string) bool {
		r, ok := loopbackWithoutPort(registered)
		return ok && r == asked
	})
}

// PostLogoutAllowed reports whether the browser may return to uri after
// sign-out: one of the registered URIs, byte by byte.
func (c Client) PostLogoutAllowed(uri string) bool {
	return uri != "" && slices.Contains(c.PostLogoutURIs, uri)
}

// loopbackWithoutPort cuts the port from a literal loopback URI. The name
// localhost is not among them: it may resolve elsewhere (RFC 8252 §8.3).
func loopbackWithoutPort(uri string) (string, bool) {
	for _, host := range []string{"http://127.0.0.1", "http://[::1]"} {
		rest, ok := strings.CutPrefix(uri, host)
		if !ok {
			continue
		}
		if after, found := strings.CutPrefix(rest, ":"); found {
			end := strings.IndexAny(after, "/?#")
			if end < 0 {
				end = len(after)
			}
			if !isPort(after[:end]) {
				return "", false
			}
			rest = after[end:]
		}
		if rest != "" && rest[0] != '/' && rest[0] != '?' {
			return "", false
		}
		return host + rest, true
	}
	return "", false
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0 && s[0] != '0' && s[0] != '+'
}

// faultOfRedirect says what is wrong with a redirect URI to be registered; empty means nothing.
func faultOfRedirect(uri string, native bool) string {
	for _, r := range []byte(uri) {
		if r <= ' ' || r >= 0x7f || r == '\\' {
			return "must be printable ASCII without spaces or backslashes"
		}
	}
	u, err := url.Parse(uri)
	switch {
	case err != nil || u.Scheme == "":
		return "must be an absolute URL"
	case strings.Contains(uri, "#"):
		return "must have no fragment" // RFC 6749 §3.1.2
	case u.User != nil:
		return "must have no user name or password"
	case strings.Contains(u.Host, "*"):
		return "must name one host: patterns are not matched" // O-01
	case u.Scheme == "https" || u.Scheme == "http":
		return faultOfWeb(u)
	case !native:
		return "must use https; other schemes are for native clients"
	case !strings.Contains(u.Scheme, "."):
		return "must use https, http on a loopback address, or a scheme that is a reversed domain name, such as jp.example.app" // RFC 8252 §7.1
	case u.Host != "" || u.Path == "" && u.Opaque == "":
		return "must be a scheme and a path, such as jp.example.app:/callback"
	}
	return ""
}

func faultOfWeb(u *url.URL) string {
	if u.Hostname() == "" {
		return "must name a host"
	}
	// O-12: plain http only to the machine itself.
	if u.Scheme == "http" && !Loopback(u.Hostname()) {
		return "must use https; http is for loopback addresses"
	}
	return ""
}

// Loopback reports whether host, without port, is the machine itself:
// localhost or a literal loopback address.
func Loopback(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}
