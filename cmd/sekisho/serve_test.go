package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/clients/demo"
	"github.com/sekisho-id/sekisho/config"
)

// running is the program on its way.
type running struct {
	out, log *buffer
	code     chan int
	stop     context.CancelFunc
}

// start runs the program until the test ends.
func start(t *testing.T, env map[string]string, args ...string) *running {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	r := &running{out: newBuffer(), log: newBuffer(), code: make(chan int, 1), stop: stop}
	go func() {
		r.code <- run(ctx, args, strings.NewReader(""), r.out, r.log, func(k string) string { return env[k] })
		r.out.close()
		r.log.close()
	}()
	t.Cleanup(func() {
		stop()
		<-r.code
	})
	return r
}

// end stops the program as SIGTERM does and returns its exit code.
func (r *running) end() int {
	r.stop()
	code := <-r.code
	r.code <- code
	return code
}

// buffer collects what is written and lets a reader wait for it.
type buffer struct {
	mu   sync.Mutex
	cond *sync.Cond
	text bytes.Buffer
	done bool
}

func newBuffer() *buffer {
	b := &buffer{}
	b.cond = sync.NewCond(&b.mu)
	return b
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.cond.Broadcast()
	return b.text.Write(p)
}

func (b *buffer) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done = true
	b.cond.Broadcast()
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// wait returns what the pattern's group finds, as soon as it is written.
func (b *buffer) wait(t *testing.T, pattern string) string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		if m := re.FindStringSubmatch(b.text.String()); m != nil {
			return m[len(m)-1]
		}
		if b.done {
			t.Fatalf("the program ended without %q:\n%s", pattern, b.text.String())
		}
		b.cond.Wait()
	}
}

func fetch(t *testing.T, client *http.Client, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestDevServesAtOnce(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "dev")
	r := start(t, nil, "dev", "-dir", dir, "-addr", "localhost:0")
	issuer := r.out.wait(t, `account +(http://localhost:\d+)/account`)
	r.out.wait(t, `password of both +`+devPassword)
	if status, body := fetch(t, http.DefaultClient, issuer+"/.well-known/openid-configuration"); status != http.StatusOK || !strings.Contains(body, `"issuer":"`+issuer+`"`) {
		t.Errorf("discovery: %d %s", status, body)
	}
	for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "ready\n"} {
		if status, body := fetch(t, http.DefaultClient, issuer+path); status != http.StatusOK || body != want {
			t.Errorf("%s: %d %q", path, status, body)
		}
	}
	if status, _ := fetch(t, http.DefaultClient, issuer+"/dev/inbox"); status != http.StatusOK {
		t.Errorf("inbox: %d", status)
	}
	if code := r.end(); code != exitOK {
		t.Fatalf("exit code %d\n%s", code, r.log)
	}
	// A second start keeps people and key.
	again := start(t, nil, "dev", "-dir", dir, "-addr", "localhost:0")
	again.out.wait(t, `(kenji@example.jp)`)
	if code := again.end(); code != exitOK {
		t.Fatalf("second start: exit code %d\n%s", code, again.log)
	}
}

func TestDevServesThisMachineOnly(t *testing.T) {
	t.Parallel()
	r := start(t, nil, "dev", "-dir", t.TempDir(), "-addr", "0.0.0.0:0")
	if code := r.end(); code != exitUsage || !strings.Contains(r.log.String(), "on this machine") {
		t.Errorf("exit code %d: %s", code, r.log)
	}
}

// TestDemonstrationSecretsAgree: the configuration, the demonstration and the
// tool have the same constants in rooms that may not know each other.
func TestDemonstrationSecretsAgree(t *testing.T) {
	t.Parallel()
	tool, err := os.ReadFile("../tool/main.go")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`const devSecret = "([^"]+)"`).FindSubmatch(tool)
	if m == nil {
		t.Fatal("cmd/tool has no secret")
	}
	for i, secret := range []string{demo.DevBuyerSecret, demo.DevSellerSecret, string(m[1]), demo.DevPayoutSecret} {
		if c := config.Dev(t.TempDir(), config.DevIssuer).Clients[i]; !c.VerifySecret(secret) {
			t.Errorf("%s has another secret", c.ID)
		}
	}
}

const devMasterKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

// served writes a configuration and returns its path.
func served(t *testing.T, dir, more string) string {
	t.Helper()
	path := filepath.Join(dir, "sekisho.yaml")
	text := fmt.Sprintf(`database: %s/sekisho.db
secrets: {keys: {a: "${env:KEY}"}}
mail: {provider: inbox}
sms: {provider: inbox}
voice: {provider: inbox}
%s`, dir, more)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestServeLogsJSONAndStopsGracefully(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := served(t, dir, "issuer: http://localhost:9000\nlisten: 127.0.0.1:0\n")
	r := start(t, map[string]string{"KEY": devMasterKey}, "serve", "-config", path, "-migrate")
	address := r.log.wait(t, `"listen":"([^"]+)"`)
	if status, _ := fetch(t, http.DefaultClient, "http://"+address+"/readyz"); status != http.StatusOK {
		t.Errorf("readyz: %d", status)
	}
	// T-44: the name in the request is not believed.
	if status, _ := fetch(t, http.DefaultClient, "http://"+address+"/.well-known/openid-configuration"); status != http.StatusMisdirectedRequest {
		t.Errorf("another host: %d, want 421", status)
	}
	if code := r.end(); code != exitOK {
		t.Fatalf("exit code %d\n%s", code, r.log)
	}
	for line := range strings.Lines(r.log.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}
	if _, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address); err == nil {
		t.Error("it still listens")
	}
}

func TestMetricsStandApartFromThePages(t *testing.T) {
	t.Parallel()
	path := served(t, t.TempDir(), "issuer: http://localhost:9000\nlisten: 127.0.0.1:0\nmetrics: {listen: \"localhost:0\"}\n")
	r := start(t, map[string]string{"KEY": devMasterKey}, "serve", "-config", path, "-migrate")
	people := r.log.wait(t, `"serving","issuer":"[^"]+","listen":"([^"]+)"`)
	machines := r.log.wait(t, `"serving metrics","listen":"([^"]+)"`)
	if status, body := fetch(t, http.DefaultClient, "http://"+machines+"/metrics"); status != http.StatusOK ||
		!strings.Contains(body, "sekisho_build_info") || !strings.Contains(body, "go_goroutines") {
		t.Errorf("metrics: %d %s", status, body)
	}
	if status, _ := fetch(t, http.DefaultClient, "http://"+machines+"/signin"); status != http.StatusNotFound {
		t.Errorf("a page among the metrics: %d", status)
	}
	if status, body := fetch(t, http.DefaultClient, "http://"+people+"/metrics"); status == http.StatusOK || strings.Contains(body, "build_info") {
		t.Errorf("metrics among the pages: %d", status)
	}
	if code := r.end(); code != exitOK {
		t.Fatalf("exit code %d\n%s", code, r.log)
	}
}

func TestServeSpeaksTLSAndTakesUpNewCertificates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := config.TLS{Cert: filepath.Join(dir, "tls.pem"), Key: filepath.Join(dir, "tls.key")}
	writePair(t, files, 1)
	clock := time.Now()
	c, err := newCertificate(files, func() time.Time { return clock }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	serial := func() int64 {
		pair, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		return pair.Leaf.SerialNumber.Int64()
	}
	writePair(t, files, 2)
	if got := serial(); got != 1 {
		t.Errorf("serial %d at once, want 1", got)
	}
	clock = clock.Add(certRecheck)
	if got := serial(); got != 2 {
		t.Errorf("serial %d later, want 2", got)
	}
	if err := os.WriteFile(files.Key, []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	clock = clock.Add(certRecheck)
	if got := serial(); got != 2 {
		t.Errorf("serial %d after a torn file, want the one before", got)
	}

	writePair(t, files, 1)
	path := served(t, dir, fmt.Sprintf("issuer: http://localhost:9000\nlisten: 127.0.0.1:0\ntls: {cert: %s, key: %s}\n", files.Cert, files.Key))
	r := start(t, map[string]string{"KEY": devMasterKey}, "serve", "-config", path, "-migrate")
	address := r.log.wait(t, `"listen":"([^"]+)"`)
	pool := x509.NewCertPool()
	pemBytes, err := os.ReadFile(files.Cert)
	if err != nil || !pool.AppendCertsFromPEM(pemBytes) {
		t.Fatal("no certificate", err)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}}
	if status, _ := fetch(t, client, "https://"+address+"/readyz"); status != http.StatusOK {
		t.Errorf("readyz: %d", status)
	}
	client.CloseIdleConnections()
	if code := r.end(); code != exitOK {
		t.Errorf("exit code %d\n%s", code, r.log)
	}
}

// writePair writes a new self-signed pair for 127.0.0.1.
func writePair(t *testing.T, files config.TLS, serial int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{files.Cert: {Type: "CERTIFICATE", Bytes: der}, files.Key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		stamp := time.Now().Add(time.Duration(serial) * time.Second) // a file system may be too coarse to tell
		if err := os.Chtimes(name, stamp, stamp); err != nil {
			t.Fatal(err)
		}
	}
}

func TestServeSaysWhenThePortIsTaken(t *testing.T) {
	t.Parallel()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	path := served(t, t.TempDir(), "issuer: http://localhost:9000\nlisten: "+ln.Addr().String()+"\n")
	r := start(t, map[string]string{"KEY": devMasterKey}, "serve", "-config", path, "-migrate")
	if code := r.end(); code != exitFailure || !strings.Contains(r.log.String(), "is it running already?") {
		t.Errorf("exit code %d: %s", code, r.log)
	}
}

func TestServeRefusesAClockBeforeTheBuild(t *testing.T) { // T-46
	t.Parallel()
	made := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	if err := checkClock(made.Add(-time.Second), made); err == nil || !strings.Contains(err.Error(), "2026-10-31T23:59:59Z") {
		t.Errorf("got %v", err)
	}
	if err := checkClock(made, made); err != nil {
		t.Error(err)
	}
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		want int
	}{
		{[]string{"help"}, exitOK},
		{[]string{"version"}, exitOK},
		{[]string{"nonsense"}, exitUsage},
		{[]string{"check", "/no/such.yaml"}, exitFailure},
		{[]string{"check", "a", "b"}, exitUsage},
	} {
		var out, log bytes.Buffer
		got := run(t.Context(), tt.args, strings.NewReader(""), &out, &log, func(string) string { return "" })
		if got != tt.want {
			t.Errorf("%v: exit code %d, want %d: %s", tt.args, got, tt.want, log.String())
		}
		if lines := strings.Count(log.String(), "\n"); got != exitOK && lines != 1 {
			t.Errorf("%v: %d lines of error, want one: %s", tt.args, lines, log.String())
		}
	}
}
