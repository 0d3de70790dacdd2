package protocol

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

const (
	maxBody    = 64 << 10 // H-14, of a machine's request
	maxBrowser = 16 << 10 // of a request through the browser, encoded
)

// params are the parameters of one request. One that is sent without a value
// counts as not sent, one that is sent twice is refused (RFC 6749 §3.1, §3.2).
type params url.Values

// newParams drops what has no value.
func newParams(v url.Values) params {
	for name, values := range v {
		values = slices.DeleteFunc(values, func(s string) bool { return s == "" })
		if v[name] = values; len(values) == 0 {
			delete(v, name)
		}
	}
	return params(v)
}

// get is the value of a parameter; empty when it was not sent.
func (p params) get(name string) string { return url.Values(p).Get(name) }

// twice names a parameter that was sent more than once, or is empty. Only
// resource may be (RFC 8707 §2).
func (p params) twice() string {
	for name, values := range p {
		if len(values) > 1 && name != "resource" {
			return name
		}
	}
	return ""
}

// resources are the audiences asked for, each once.
func (p params) resources() []string {
	r := slices.Clone(p["resource"])
	slices.Sort(r)
	return slices.Compact(r)
}

// scopes splits scope and reports whether it is well formed (RFC 6749 §3.3).
// Each scope is there once, in the order sent.
func (p params) scopes() ([]string, bool) {
	var out []string
	for s := range strings.SplitSeq(p.get("scope"), " ") {
		if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
			return nil, false
		}
		if s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out, true
}

// readForm reads a machine's request: a form in the body and nothing in the
// URL, where logs would keep it (H-14).
func readForm(w http.ResponseWriter, r *http.Request) (params, *oidc.Error) {
	if r.URL.RawQuery != "" {
		return nil, errInQuery
	}
	if !isForm(r) {
		return nil, errForm
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return nil, errTooLarge
		}
		return nil, errForm
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, errForm
	}
	p := newParams(values)
	if p.twice() != "" {
		return nil, errTwice
	}
	return p, nil
}

func isForm(r *http.Request) bool {
	t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && t == "application/x-www-form-urlencoded"
}
