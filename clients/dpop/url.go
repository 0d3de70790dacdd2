package dpop

import (
	"net/url"
	"strings"
)

// sameURL compares addresses as RFC 9449 §4.3 wants it: without query and
// fragment, after the normalisation of RFC 3986 §6.2.2 and §6.2.3.
func sameURL(ours, theirs string) bool {
	a, ok := normalURL(ours)
	b, ok2 := normalURL(theirs)
	return ok && ok2 && a == b
}

func normalURL(raw string) (string, bool) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.Opaque != "" {
		return "", false
	}
	scheme := strings.ToLower(u.Scheme)
	host := strings.ToLower(u.Host)
	host = strings.TrimSuffix(host, map[string]string{"https": ":443", "http": ":80"}[scheme])
	return scheme + "://" + host + normalPath(u.EscapedPath()), true
}

// normalPath removes dot segments and needless percent encoding; what is
// encoded of necessity is written with capitals.
func normalPath(p string) string {
	var b strings.Builder
	for i := 0; i < len(p); i++ {
		if p[i] != '%' || i+2 >= len(p) {
			b.WriteByte(p[i])
			continue
		}
		code := unhex(p[i+1])<<4 | unhex(p[i+2])
		if unreserved(code) {
			b.WriteByte(code)
		} else {
			b.WriteString(strings.ToUpper(p[i : i+3]))
		}
		i += 2
	}
	return withoutDots(b.String())
}

// withoutDots is RFC 3986 §5.2.4 for an absolute path.
func withoutDots(p string) string {
	var out []string
	segments := strings.Split(strings.TrimPrefix(p, "/"), "/")
	for i, s := range segments {
		switch s {
		case "..":
			out = out[:max(len(out)-1, 0)]
		case ".":
		default:
			out = append(out, s)
			continue
		}
		if i == len(segments)-1 {
			out = append(out, "")
		}
	}
	return "/" + strings.Join(out, "/")
}

// unhex is the value of a digit that url.Parse has found to be one.
func unhex(c byte) byte {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	}
	return c - '0'
}

func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0
}
