package outbound_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"code.dny.dev/ssrf"

	"github.com/sekisho-id/sekisho/idp/outbound"
)

// get returns the answer's status and how much of its body could be read.
func get(t *testing.T, c *http.Client, url string) (status, read int, err error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if err != nil {
		return 0, 0, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, len(body), err
}

// T-47: no address inside the deployment is ever dialled, in any spelling.
func TestInsideAddressesAreRefused(t *testing.T) {
	t.Parallel()
	c := outbound.New(outbound.Config{})
	for _, host := range []string{
		"127.0.0.1", "localhost", "[::1]", "169.254.169.254", "10.0.0.1", "172.16.0.1", "192.168.1.1", "0.0.0.0",
		"[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]", "[fe80::1]", "[fc00::1]", "100.64.0.1", "2130706433", "0x7f.1", "[64:ff9b::a00:1]",
	} {
		_, _, err := get(t, c, "https://"+host+":9/")
		if err == nil {
			t.Errorf("%s was called", host)
			continue
		}
		if opaque := strings.ContainsAny(host, "x") && !strings.Contains(host, ":") || host == "2130706433"; !opaque && !errors.Is(err, ssrf.ErrProhibitedIP) {
			t.Errorf("%s: %v, want it refused for its address", host, err)
		}
	}
}

func TestOnlyHTTPSIsCalled(t *testing.T) {
	t.Parallel()
	for _, u := range []string{"http://example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://127.0.0.1/"} {
		if _, _, err := get(t, outbound.New(outbound.Config{}), u); !errors.Is(err, outbound.ErrScheme) {
			t.Errorf("%s: %v, want ErrScheme", u, err)
		}
	}
}

// An answer elsewhere is no answer: a public address must not lead inside.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") }))
	defer inside.Close()
	outside := httptest.NewServer(http.RedirectHandler(inside.URL, http.StatusFound))
	defer outside.Close()
	status, _, err := get(t, outbound.New(outbound.Config{Loopback: true}), outside.URL)
	if err != nil || status != http.StatusFound {
		t.Errorf("got %d, %v; want the redirect itself", status, err)
	}
}

func TestLargeAnswersAreCut(t *testing.T) {
	t.Parallel()
	for _, size := range []int{outbound.MaxBody, outbound.MaxBody + 1} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, strings.Repeat("x", size))
		}))
		t.Cleanup(srv.Close)
		_, read, err := get(t, outbound.New(outbound.Config{Loopback: true}), srv.URL)
		if size > outbound.MaxBody != errors.Is(err, outbound.ErrTooLarge) || read != outbound.MaxBody {
			t.Errorf("of %d bytes %d were read, %v", size, read, err)
		}
	}
}

// A deployment's own network can be named; others stay closed.
func TestAllowedNetworks(t *testing.T) {
	t.Parallel()
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") }))
	defer srv.Close()
	transport, ok := srv.Client().Transport.(*http.Transport)
	if !ok {
		t.Fatal("the test server has another transport")
	}
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	allowed := outbound.New(outbound.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Transport: transport})
	if status, _, err := get(t, allowed, srv.URL); err != nil || status != http.StatusOK {
		t.Errorf("got %d, %v; want the answer", status, err)
	}
	if _, _, err := get(t, allowed, "https://127.0.0.2:"+u.Port()); !errors.Is(err, ssrf.ErrProhibitedIP) {
		t.Errorf("a neighbour of the allowed address: %v, want it refused", err)
	}
}
