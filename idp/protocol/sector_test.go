package protocol_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/idptest"
)

// sectorHost publishes the document of a sector.
type sectorHost struct {
	*httptest.Server
	document atomic.Pointer[string] // nil answers 503
	reads    atomic.Int32
}

func newSectorHost(t *testing.T) *sectorHost {
	t.Helper()
	h := &sectorHost{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		h.reads.Add(1)
		document := h.document.Load()
		if document == nil {
			http.Error(out, "down", http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprint(out, *document)
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *sectorHost) lists(uris ...string) {
	document := `["` + strings.Join(uris, `","`) + `"]`
	h.document.Store(&document)
}

const second = "https://two.example/cb"

// inSector is a client of the configuration whose people are told by subjects of a sector.
func inSector(uri string, redirects ...string) clients.Client {
	return clients.Client{
		ID: "insector", Name: "In a sector", SecretHashes: []string{clients.HashSecret(secret)}, RedirectURIs: redirects, Rules: clients.Rules{FirstParty: true},
		SubjectType: clients.SubjectPairwise, SectorURI: uri, Place: "sekisho.yaml:41",
		Grants: []clients.GrantType{clients.GrantCode, clients.GrantDevice},
	}
}

// sectorWorld is a world whose clients are held to their sectors.
func sectorWorld(t *testing.T, c clients.Client, opts ...idptest.Option) *world {
	t.Helper()
	return newWorld(t, append(opts, idptest.Sectors(true), idptest.Clients(c))...)
}

// sectorError is what an authorization request of the client ends with at once.
func (w *world) sectorError(t *testing.T) string {
	t.Helper()
	b := w.browser(t)
	if to := b.authorize(request("client_id", "insector")); strings.HasPrefix(to, callback) {
		return b.returned(to, callback).Get("error")
	}
	return ""
}

// OIDC Core §8.1: nobody joins a sector by writing its name into the
// configuration; a document that cannot be reached stops that client alone.
func TestClientOfTheFileMustBeListedInItsSector(t *testing.T) {
	t.Parallel()
	h := newSectorHost(t)
	w := sectorWorld(t, inSector(h.URL+"/sector.json", callback, second))
	if err := w.Provider.ProveSectors(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"client_id":"insector"`, `"place":"sekisho.yaml:41"`, "cannot be fetched", "answered 503"} {
		if !strings.Contains(w.Log.String(), want) {
			t.Errorf("the log lacks %s:\n%s", want, w.Log)
		}
	}
	if got := w.sectorError(t); got != "unauthorized_client" {
		t.Errorf("without the document: got error %q", got)
	}
	wantError(t, w.push(t, "insector", request()), http.StatusBadRequest, "unauthorized_client")
	wantError(t, w.deviceAsks(t, "insector", "scope", "openid"), http.StatusBadRequest, "unauthorized_client")
	if n := h.reads.Load(); n != 1 {
		t.Errorf("the document was read %d times within a minute", n)
	}
	if to := w.browser(t).authorize(request("client_id", "pair")); strings.HasPrefix(to, callback) {
		t.Errorf("another client is stopped too: %s", to)
	}
	h.lists(callback, "https://else.example/cb")
	w.Clock.Advance(2 * time.Minute)
	if got := w.sectorError(t); got != "unauthorized_client" || !strings.Contains(w.Log.String(), second+" is missing") {
		t.Errorf("with a URI that is not listed: got error %q", got)
	}
	h.lists(callback, second)
	w.Clock.Advance(2 * time.Minute)
	if got := w.sectorError(t); got != "" {
		t.Errorf("listed: got error %q", got)
	}
	reads := h.reads.Load()
	if w.sectorError(t); h.reads.Load() != reads {
		t.Error("the document is read again after it listed the client")
	}
}

// What was seen counts after a start without the document, and for the same
// redirect URIs alone.
func TestSectorOutlivesAStartWithoutItsDocument(t *testing.T) {
	t.Parallel()
	h := newSectorHost(t)
	h.lists(callback, second)
	dsn := filepath.Join(t.TempDir(), "sekisho.db")
	if got := sectorWorld(t, inSector(h.URL, callback), idptest.DSN(dsn)).sectorError(t); got != "" {
		t.Fatalf("got error %q", got)
	}
	h.document.Store(nil)
	for _, tt := range []struct {
		name      string
		redirects []string
		want      string
	}{
		{"the same client", []string{callback}, ""},
		{"one redirect URI more", []string{callback, second}, "unauthorized_client"},
		{"and the same client again", []string{callback}, ""},
	} {
		s := &world{Server: idptest.New(t, idptest.DSN(dsn), idptest.Clients(inSector(h.URL, tt.redirects...)))}
		if got := s.sectorError(t); got != tt.want {
			t.Errorf("%s: got error %q, want %q", tt.name, got, tt.want)
		}
	}
}

// T-47: the name of a sector leads to nothing inside the deployment.
func TestSectorOfTheFileCannotReachInside(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{"https://169.254.169.254/latest/meta-data", "https://[::ffff:10.0.0.1]/sector", "https://192.168.0.1/sector"} {
		w := sectorWorld(t, inSector(uri, callback))
		if got := w.sectorError(t); got != "unauthorized_client" {
			t.Errorf("%s: got error %q", uri, got)
		}
	}
}
