package protocol_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/idp/protocol"
)

// T-20, T-57, C-54: what no browser should show says so, and what went wrong on
// a machine's path is a page like any other.
func TestAnswersForMachinesAreGuarded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ask := func(method, path, host string) (*http.Response, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, w.URL+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if host != "" {
			r.Host = host
		}
		r.Header.Set("Cookie", "sekisho_session=stolen; sekisho_flow=planted")
		resp, err := w.machine(t).c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp, string(body)
	}
	guarded := func(resp *http.Response, csp string) {
		t.Helper()
		h, path := resp.Header, resp.Request.URL.Path
		if got := h.Get("Content-Security-Policy"); !strings.HasPrefix(got, csp) || !strings.Contains(got, "frame-ancestors 'none'") {
			t.Errorf("%s: CSP %q", path, got)
		}
		if got := h.Get("X-Content-Type-Options"); got != "nosniff" {
			t.Errorf("%s: X-Content-Type-Options %q", path, got)
		}
		if got := h.Values("Set-Cookie"); len(got) > 0 {
			t.Errorf("%s: sets cookies %q", path, got)
		}
	}
	for _, path := range protocol.MachinePaths() {
		resp, _ := ask(http.MethodPost, path, "")
		guarded(resp, "default-src 'none'; frame-ancestors")
		if resp.Header.Get("Cache-Control") != "no-store" || resp.Header.Get("X-Request-Id") == "" {
			t.Errorf("%s: Cache-Control %q, X-Request-Id %q", path, resp.Header.Get("Cache-Control"), resp.Header.Get("X-Request-Id"))
		}
	}
	for _, path := range protocol.DocumentPaths() {
		resp, _ := ask(http.MethodGet, path, "")
		guarded(resp, "default-src 'none'; frame-ancestors")
		if got := resp.Header.Get("X-Request-Id"); got != "" || !strings.HasPrefix(resp.Header.Get("Cache-Control"), "public") {
			t.Errorf("%s: a document that caches keep names request %q", path, got)
		}
	}
	for _, path := range append(protocol.MachinePaths(), protocol.DocumentPaths()...) {
		resp, page := ask(http.MethodGet, path, "evil.example")
		guarded(resp, "default-src 'none'; style-src 'self'")
		h := resp.Header
		if resp.StatusCode != http.StatusMisdirectedRequest || h.Get("X-Frame-Options") != "DENY" || h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s for another host: %d %v", path, resp.StatusCode, h)
		}
		if id := h.Get("X-Request-Id"); id == "" || !strings.Contains(page, id) {
			t.Errorf("%s for another host: the page does not name request %q", path, id)
		}
	}
}
