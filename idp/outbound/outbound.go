// Package outbound makes the one HTTP client with which the provider calls
// addresses that others have named: a relying party's keys, its back-channel
// logout, a sector identifier (T-47).
//
// An address is judged after its name was resolved, at the moment of dialling,
// so that no name can point inside the deployment for the second look-up.
// Redirects are not followed, answers are cut, and no proxy of the environment
// is asked, because it would dial unjudged.
package outbound

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"

	"code.dny.dev/ssrf"
)

// MaxBody is how much of an answer is read; more is [ErrTooLarge].
const MaxBody = 64 << 10

// ErrTooLarge is met by whoever reads further than MaxBody.
var ErrTooLarge = errors.New("the answer is too large")

// ErrScheme is the error for a URL that is not https, or http to an allowed loopback address.
var ErrScheme = errors.New("only https is called")

const (
	patience = 3 * time.Second
	idle     = 30 * time.Second
)

// Config says what may be called.
type Config struct {
	// Allow are networks inside the deployment that may be called although
	// they are not public; empty allows none. A name is allowed when all it
	// resolves to is.
	Allow []netip.Prefix
	// Loopback allows the machine itself, also over plain http: in development.
	Loopback bool
	// Transport changes the TLS of tests; nil for the default.
	Transport *http.Transport
}

// New makes the client. It is safe for concurrent use.
func New(c Config) *http.Client {
	allow := c.Allow
	if c.Loopback {
		allow = append([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}, allow...)
	}
	opts := []ssrf.Option{ssrf.WithAnyPort()}
	for _, p := range allow {
		if p.Addr().Is4() {
			opts = append(opts, ssrf.WithAllowedV4Prefixes(p))
		} else {
			opts = append(opts, ssrf.WithAllowedV6Prefixes(p))
		}
	}
	dialer := &net.Dialer{Timeout: patience, Control: ssrf.New(opts...).Safe}
	t := c.Transport
	if t == nil {
		t = &http.Transport{}
	}
	t = t.Clone()
	t.Proxy, t.DialContext = nil, dialer.DialContext
	t.TLSHandshakeTimeout, t.ResponseHeaderTimeout, t.IdleConnTimeout = patience, patience, idle
	t.MaxIdleConnsPerHost, t.MaxResponseHeaderBytes, t.ForceAttemptHTTP2 = 2, 32<<10, true
	return &http.Client{
		Transport: guard{next: t, loopback: c.Loopback},
		Timeout:   patience,
		// RFC 9700 §4: an answer elsewhere is no answer.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// guard refuses plain http and bounds what is read.
type guard struct {
	next     http.RoundTripper
	loopback bool
}

// RoundTrip implements [http.RoundTripper].
func (g guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" && (r.URL.Scheme != "http" || !g.loopback) {
		return nil, fmt.Errorf("%w, not %q", ErrScheme, r.URL.Scheme)
	}
	resp, err := g.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = &bounded{ReadCloser: resp.Body, left: MaxBody}
	return resp, nil
}

// bounded is a body that fails where a limited one would seem to end.
type bounded struct {
	io.ReadCloser
	left int
}

// Read implements [io.Reader].
func (b *bounded) Read(p []byte) (int, error) {
	if len(p) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if n > b.left {
		return b.left, ErrTooLarge
	}
	b.left -= n
	return n, err
}
