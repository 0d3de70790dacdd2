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
	ask := func(method, path, host string) (status int, h http.Header, page string) {
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
		return resp.StatusCode, resp.Header, string(body)
	}
	guarded := func(path string, h http.Header, csp string) {
		t.Helper()
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
		_, h, _ := ask(http.MethodPost, path, "")
		guarded(path, h, "default-src 'none'; frame-ancestors")
		if h.Get("Cache-Control") != "no-store" || h.Get("X-Request-Id") == "" {
			t.Errorf("%s: Cache-Control %q, X-Request-Id %q", path, h.Get("Cache-Control"), h.Get("X-Request-Id"))
		}
	}
	for _, path := range protocol.DocumentPaths() {
		_, h, _ := ask(http.MethodGet, path, "")
		guarded(path, h, "default-src 'none'; frame-ancestors")
		if got := h.Get("X-Request-Id"); got != "" || !strings.HasPrefix(h.Get("Cache-Control"), "public") {
			t.Errorf("%s: a document that caches keep names request %q", path, got)
		}
	}
	for _, path := range append(protocol.MachinePaths(), protocol.DocumentPaths()...) {
		status, h, page := ask(http.MethodGet, path, "evil.example")
		guarded(path, h, "default-src 'none'; style-src 'self'")
		if status != http.StatusMisdirectedRequest || h.Get("X-Frame-Options") != "DENY" || h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s for another host: %d %v", path, status, h)
		}
		if id := h.Get("X-Request-Id"); id == "" || !strings.Contains(page, id) {
			t.Errorf("%s for another host: the page does not name request %q", path, id)
		}
	}
}
