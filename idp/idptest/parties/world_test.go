// Package parties_test signs people in through relying parties that others
// wrote: each page of docs/integrate is followed as written, its commands,
// configuration and programs taken from the page itself, against the real
// `sekisho` program with TLS, in a real browser.
//
// Two hosts of the pages stand for those of the test, and nothing else is
// changed: id.example.jp and app.example.jp.
package parties_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp/idptest/chrome"
)

// patience is how long another program may take on a busy machine.
const patience = 30 * time.Second

// world is a provider, a browser, and the addresses of relying parties.
type world struct {
	dir, issuer string
	cert        tls.Certificate
	trust       *x509.CertPool
	chrome      *chrome.Browser
	provider    *program
	http        *http.Client

	mu   sync.Mutex
	read map[string]bool // messages that were read
}

// newWorld makes everything but the provider's registrations.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{dir: t.TempDir(), read: map[string]bool{}, trust: x509.NewCertPool()}
	must(t, os.Chmod(filepath.Dir(w.dir), 0o755)) // other users' programs trust the certificate in it
	w.cert = certificate(t, w.dir)
	w.trust.AddCert(w.cert.Leaf)
	w.http = &http.Client{Timeout: patience, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: w.trust, MinVersion: tls.VersionTLS12},
	}}
	t.Cleanup(w.http.CloseIdleConnections)
	w.issuer = fmt.Sprintf("https://localhost:%d", freePort(t))
	w.build(t)
	w.write(t, "sekisho.yaml", w.config(t))
	w.cli(t, "migrate")
	w.chrome = chrome.Start(t, chrome.Trust(w.cert.Leaf))
	return w
}

// config is a small configuration; tokens live briefly so that relying parties refresh them.
func (w *world) config(t *testing.T) string {
	t.Helper()
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	w.write(t, "master.key", base64.StdEncoding.EncodeToString(key))
	_, port, _ := strings.Cut(strings.TrimPrefix(w.issuer, "https://"), ":")
	return strings.NewReplacer("DIR", w.dir, "ISSUER", w.issuer, "PORT", port).Replace(`issuer: ISSUER
listen: 127.0.0.1:PORT
tls: {cert: DIR/cert.pem, key: DIR/key.pem}
database: DIR/sekisho.db
language: en
secrets: {keys: {a: "${file:DIR/master.key}"}}
mail: {provider: inbox}
sms: {provider: inbox}
voice: {provider: inbox}
limits:
  ip_sends_5min: 1000
  sends_10min: 100
  sends_hour: 100
  sends_day: 100
  number_sends_hour: 100
  number_sends_day: 100
  prefix_sends_hour: 100
  password: {per_ip_minute: 1000}
  tokens: {access_token: 1m}
`)
}

// build makes the program from this source. It looks at every file of it, so
// that results kept by `go test` are not taken for those of another source.
func (w *world) build(t *testing.T) {
	t.Helper()
	must(t, filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() && strings.HasPrefix(e.Name(), ".") && path != root {
			return fs.SkipDir
		}
		if err == nil && !e.IsDir() {
			_, err = os.Stat(path)
		}
		return err
	}))
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", w.path("sekisho"), "./cmd/sekisho")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build sekisho: %v\n%s", err, out)
	}
}

// serve starts the provider and waits until it is ready.
func (w *world) serve(t *testing.T) {
	t.Helper()
	w.provider = w.start(t, exec.Command(w.path("sekisho"), "serve", "-config", w.path("sekisho.yaml")))
	w.provider.await(t, func() bool { return w.get(t, w.issuer+"/readyz") == http.StatusOK })
}

// cli runs one command of the operator and returns what it printed.
func (w *world) cli(t *testing.T, args ...string) string {
	t.Helper()
	return w.sh(t, `exec sekisho "$@"`, args...)
}

// sh runs a shell script as the operator would, with sekisho at hand.
func (w *world) sh(t *testing.T, script string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", append([]string{"-euc", script, "sh"}, args...)...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "PATH="+w.dir+":"+os.Getenv("PATH"), "SEKISHO_CONFIG="+w.path("sekisho.yaml"))
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %v: %v\n%s", script, args, err, errs.String())
	}
	return out.String()
}

// code is the code in the text message to a number that came after the last
// one read.
func (w *world) code(t *testing.T, number string) string {
	t.Helper()
	var found string
	w.provider.await(t, func() bool {
		var inbox struct {
			Messages []struct{ ID, To, Body string }
		}
		w.json(t, w.issuer+"/dev/inbox.json?kind=sms", &inbox)
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, m := range inbox.Messages { // the newest first
			if m.To != number || w.read[m.ID] {
				continue
			}
			w.read[m.ID] = true
			if c := sixDigits.FindStringSubmatch(m.Body); c != nil && found == "" {
				found = c[1]
			}
		}
		return found != ""
	})
	return found
}

func (w *world) get(t *testing.T, url string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	must(t, err)
	res, err := w.http.Do(req)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	return res.StatusCode
}

func (w *world) json(t *testing.T, url string, into any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	must(t, err)
	res, err := w.http.Do(req)
	must(t, err)
	defer res.Body.Close()
	must(t, json.NewDecoder(res.Body).Decode(into))
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) write(t *testing.T, name, text string) {
	t.Helper()
	must(t, os.WriteFile(w.path(name), []byte(text), 0o600))
}

// program is another program that runs until the test ends.
type program struct {
	name  string
	cmd   *exec.Cmd
	ended chan struct{}

	mu  sync.Mutex
	out bytes.Buffer
}

// start runs a program of its own process group, in an environment that trusts
// the test's certificate. What it printed is shown when the test fails.
func (w *world) start(t *testing.T, cmd *exec.Cmd, env ...string) *program {
	t.Helper()
	p := &program{name: filepath.Base(cmd.Path), cmd: cmd, ended: make(chan struct{})}
	ca := w.path("cert.pem")
	cmd.Env = append(append(os.Environ(), "NODE_EXTRA_CA_CERTS="+ca, "SSL_CERT_FILE="+ca, "REQUESTS_CA_BUNDLE="+ca, "NODE_ENV=production"), env...)
	cmd.Stdout, cmd.Stderr = p, p
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	must(t, cmd.Start())
	go func() {
		_ = cmd.Wait() // ended by a signal: always an error
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("%s printed:\n%s", p.name, p.printed())
		}
	})
	return p
}

// stop ends the program as an operator would, and for certain.
func (p *program) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-p.ended:
	case <-time.After(patience / 3):
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // its group is its own
		<-p.ended
	}
}

// await waits until something is true of the program.
func (p *program) await(t *testing.T, ready func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	end := time.After(patience)
	for !ready() {
		select {
		case <-tick.C: // another process is awaited
		case <-p.ended:
			t.Fatalf("%s ended:\n%s", p.name, p.printed())
		case <-end:
			t.Fatalf("%s: waited too long:\n%s", p.name, p.printed())
		}
	}
}

// Write implements [io.Writer] for what the program prints.
func (p *program) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.Write(b)
}

func (p *program) printed() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

// listens reports whether somebody answers at a port of this machine.
func listens(t *testing.T, port int) bool {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return false
	}
	must(t, c.Close())
	return true
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port //nolint:errcheck // it is a TCP listener
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
