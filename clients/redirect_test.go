package clients_test

import (
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/clients"
)

func TestRedirectURIsAreComparedByteByByte(t *testing.T) { // O-01, H-05, T-19
	t.Parallel()
	c := clients.Client{RedirectURIs: []string{"https://rp.example/cb", "https://rp.example/cb?x=1", "http://127.0.0.1:8080/cb"}}
	tests := []struct {
		name, uri string
		want      bool
	}{
		{"the registered one", "https://rp.example/cb", true},
		{"the registered one with a query", "https://rp.example/cb?x=1", true},
		{"a percent-encoded letter (H-05)", "https://rp.example/c%62", false},
		{"percent-encoded as a whole (H-05)", "https%3A%2F%2Frp.example%2Fcb", false},
		{"another query", "https://rp.example/cb?x=2", false},
		{"an empty query", "https://rp.example/cb?", false},
		{"a trailing slash", "https://rp.example/cb/", false},
		{"a path below", "https://rp.example/cb/evil", false},
		{"a path above", "https://rp.example/", false},
		{"dot segments", "https://rp.example/x/../cb", false},
		{"a fragment", "https://rp.example/cb#", false},
		{"capitals in the host", "https://RP.example/cb", false},
		{"capitals in the scheme", "HTTPS://rp.example/cb", false},
		{"the default port", "https://rp.example:443/cb", false},
		{"http", "http://rp.example/cb", false},
		{"a user name", "https://rp.example@evil.example/cb", false},
		{"a host that ends alike", "https://evil-rp.example/cb", false},
		{"a host that begins alike", "https://rp.example.evil.example/cb", false},
		{"a backslash", `https://rp.example\cb`, false},
		{"a space behind", "https://rp.example/cb ", false},
		{"a line break", "https://rp.example/cb\n", false},
		{"no scheme", "//rp.example/cb", false},
		{"javascript", "javascript:alert(1)", false},
		{"nothing", "", false},
		{"another loopback port without being native", "http://127.0.0.1:9999/cb", false},
	}
	for _, tt := range tests {
		if got := c.RedirectAllowed(tt.uri); got != tt.want {
			t.Errorf("%s: RedirectAllowed(%q) = %v, want %v", tt.name, tt.uri, got, tt.want)
		}
	}
}

func TestNativeClientsMayVaryOnlyTheLoopbackPort(t *testing.T) { // RFC 8252 §7.3, O-01
	t.Parallel()
	c := clients.Client{Native: true, RedirectURIs: []string{
		"http://127.0.0.1/cb", "http://[::1]:7000/cb?a=b", "http://localhost:8080/cb", "jp.example.app:/cb", "https://rp.example/cb",
	}}
	tests := []struct {
		uri  string
		want bool
	}{
		{"http://127.0.0.1/cb", true},
		{"http://127.0.0.1:1/cb", true},
		{"http://127.0.0.1:65535/cb", true},
		{"http://[::1]/cb?a=b", true},
		{"http://[::1]:49152/cb?a=b", true},
		{"http://localhost:8080/cb", true},
		{"jp.example.app:/cb", true},
		{"https://rp.example/cb", true},
		{"http://127.0.0.1:0/cb", false},
		{"http://127.0.0.1:65536/cb", false},
		{"http://127.0.0.1:080/cb", false},
		{"http://127.0.0.1:+80/cb", false},
		{"http://127.0.0.1:/cb", false},
		{"http://127.0.0.1:80@evil.example/cb", false},
		{"http://127.0.0.1:80:90/cb", false},
		{"http://127.0.0.1.evil.example/cb", false},
		{"http://127.0.0.1@evil.example/cb", false},
		{"http://127.0.0.1:8080/other", false},
		{"http://127.0.0.1:8080/cb?x", false},
		{"http://127.0.0.1:8080/cb#x", false},
		{"http://127.0.0.2:8080/cb", false},
		{"https://127.0.0.1:8080/cb", false},
		{"http://[::1]:49152/cb", false},
		{"http://[::2]:49152/cb?a=b", false},
		{"http://localhost:8081/cb", false}, // RFC 8252 §8.3: the name may resolve elsewhere
		{"https://rp.example:8443/cb", false},
		{"jp.example.app:/cb2", false},
	}
	for _, tt := range tests {
		if got := c.RedirectAllowed(tt.uri); got != tt.want {
			t.Errorf("RedirectAllowed(%q) = %v, want %v", tt.uri, got, tt.want)
		}
	}
}

func TestPostLogoutURIsAreComparedByteByByte(t *testing.T) { // T-19
	t.Parallel()
	c := clients.Client{Native: true, PostLogoutURIs: []string{"https://rp.example/bye", "http://127.0.0.1:80/bye"}}
	for uri, want := range map[string]bool{
		"https://rp.example/bye": true, "https://rp.example/bye?": false, "https://rp.example/b%79e": false,
		"http://127.0.0.1:81/bye": false, "": false,
	} {
		if got := c.PostLogoutAllowed(uri); got != want {
			t.Errorf("PostLogoutAllowed(%q) = %v, want %v", uri, got, want)
		}
	}
}

func FuzzRedirectAllowed(f *testing.F) {
	for _, s := range []string{"https://rp.example/cb", "http://127.0.0.1:1/cb", "http://[::1]:1/cb", "http://127.0.0.1:1@e/cb", "jp.example:/cb"} {
		f.Add(s)
	}
	web := clients.Client{RedirectURIs: []string{"https://rp.example/cb"}}
	native := clients.Client{Native: true, RedirectURIs: []string{"http://127.0.0.1/cb", "http://[::1]/cb"}}
	f.Fuzz(func(t *testing.T, uri string) {
		if web.RedirectAllowed(uri) && uri != "https://rp.example/cb" {
			t.Errorf("web client: %q is allowed", uri)
		}
		if !native.RedirectAllowed(uri) {
			return
		}
		rest, four := strings.CutPrefix(uri, "http://127.0.0.1")
		if !four {
			var six bool
			if rest, six = strings.CutPrefix(uri, "http://[::1]"); !six {
				t.Fatalf("native client: %q is allowed and no loopback address", uri)
			}
		}
		port, ok := strings.CutSuffix(rest, "/cb")
		if !ok || strings.Trim(port, ":0123456789") != "" || strings.Count(port, ":") > 1 {
			t.Errorf("native client: %q is allowed", uri)
		}
	})
}
