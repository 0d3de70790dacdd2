package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"text/template"
	"time"

	"github.com/sekisho-id/sekisho/clients"
)

// The people of the bench share a password and an app's key.
const (
	thePassword = "a bench of many people"
	theAppKey   = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	redirectURI = "http://localhost:1/callback" // never asked: the bench takes the code from the redirect
)

// configFile is a deployment whose limits do not stand in the load's way, and
// whose hashes, lifetimes and durability are those of any other.
var configFile = template.Must(template.New("").Parse(`issuer: {{.Issuer}}
listen: {{.Listen}}
database: {{.Database}}
secrets: {keys: {bench: "${env:BENCH_KEY}"}}
mail: {provider: inbox}
sms: {provider: inbox}
voice: {provider: inbox}
resources:
  - {id: "https://api.example.jp/", scopes: [stock]}
clients:
  - id: web
    name: Web
    secret_hashes: [{{.SecretHash}}]
    grants: [authorization_code, refresh_token]
    redirect_uris: ["{{.Redirect}}"]
    id_token_alg: ES256
    rules: {first_party: true}
  - id: machine
    name: Machine
    secret_hashes: [{{.SecretHash}}]
    grants: [client_credentials]
    scopes: [stock]
    resources: ["https://api.example.jp/"]
  - id: api
    name: API
    secret_hashes: [{{.SecretHash}}]
    serves: ["https://api.example.jp/"]
password: {deadline: 1m}
limits:
  password: {per_account_ip_minute: 1000000, per_account_ip_hour: 1000000, per_ip_minute: 1000000}
  tokens: {access_token: 1h}
`))

// target is a running `sekisho serve` with its people.
type target struct {
	client client
	issuer string
	secret string // of both clients
	pid    int
	people int // the next to sign in is taken by next
	next   atomic.Int64

	sekisho, config, dir string
	key                  string // the master key
	cmd                  *exec.Cmd
	done                 chan struct{}
	output               *os.File

	browsers []*browser // signed in, one per worker
	tokens   []tokens   // theirs
	meta     struct {
		Authorize string `json:"authorization_endpoint"`
		Token     string `json:"token_endpoint"`
		UserInfo  string `json:"userinfo_endpoint"`
		Status    string `json:"introspection_endpoint"`
		JWKS      string `json:"jwks_uri"`
	}
}

// start brings up a server with an empty database and people enough that
// nobody signs in twice within the half minute of a code.
func start(ctx context.Context, o options) (*target, error) {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	t := &target{
		key:    base64.StdEncoding.EncodeToString(key),
		client: newClient(max(o.workers, groupSize)), secret: rand.Text() + rand.Text(), people: max(o.workers, groupSize) + int(75*min(o.each.Seconds(), 30)),
		sekisho: o.sekisho, dir: o.dir, config: filepath.Join(o.dir, "sekisho.yaml"),
	}
	if err := t.configure(ctx); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	if err := t.command(ctx, "migrate"); err != nil {
		return nil, err
	}
	if err := t.importPeople(ctx); err != nil {
		return nil, err
	}
	output, err := os.Create(filepath.Join(o.dir, "serve.log"))
	if err != nil {
		return nil, fmt.Errorf("log: %w", err)
	}
	t.output, t.done = output, make(chan struct{})
	t.cmd = t.sekishoCommand(ctx, "serve")
	t.cmd.Stdout, t.cmd.Stderr = output, output
	t.cmd.Cancel = func() error { return t.cmd.Process.Signal(syscall.SIGTERM) }
	if err := t.cmd.Start(); err != nil {
		return nil, fmt.Errorf("serve: %w", err)
	}
	t.pid = t.cmd.Process.Pid
	go func() { _ = t.cmd.Wait(); close(t.done) }()
	return t, nil
}

func (t *target) configure(ctx context.Context) error {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err //nolint:wrapcheck // start says what it was for
	}
	_, port, err := net.SplitHostPort(ln.Addr().String())
	if err = errors.Join(err, ln.Close()); err != nil {
		return err
	}
	t.issuer = "http://localhost:" + port
	var b bytes.Buffer
	err = configFile.Execute(&b, map[string]string{
		"Issuer": t.issuer, "Listen": "127.0.0.1:" + port, "Database": filepath.Join(t.dir, "sekisho.db"),
		"SecretHash": clients.HashSecret(t.secret), "Redirect": redirectURI,
	})
	if err != nil {
		return err //nolint:wrapcheck // start says what it was for
	}
	return os.WriteFile(t.config, b.Bytes(), 0o600) //nolint:wrapcheck // start says what it was for
}

// sekishoCommand is the program under test with its configuration.
func (t *target) sekishoCommand(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, t.sekisho, args...)
	cmd.Env = append(os.Environ(), "SEKISHO_CONFIG="+t.config, "BENCH_KEY="+t.key)
	return cmd
}

func (t *target) command(ctx context.Context, args ...string) error {
	if out, err := t.sekishoCommand(ctx, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("sekisho %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// importPeople adds everybody by `sekisho user import`, with passwords in clear:
// a hash made elsewhere would be made anew at the first sign-in.
func (t *target) importPeople(ctx context.Context) error {
	var lines bytes.Buffer
	enc := json.NewEncoder(&lines)
	for i := range t.people {
		err := enc.Encode(map[string]any{
			"email": address(i), "name": fmt.Sprint("Person ", i), "password": thePassword, "email_verified": true, "two_step": true,
			"methods": []map[string]any{
				{"channel": "app", "role": "primary", "secret": theAppKey, "verified": true},
				{"channel": "sms", "role": "backup", "number": fmt.Sprintf("+8190%08d", 10_000_000+i), "verified": true},
			},
		})
		if err != nil {
			return fmt.Errorf("people: %w", err)
		}
	}
	file := filepath.Join(t.dir, "people.jsonl")
	if err := os.WriteFile(file, lines.Bytes(), 0o600); err != nil {
		return fmt.Errorf("people: %w", err)
	}
	return t.command(ctx, "user", "import", file)
}

func address(i int) string { return fmt.Sprintf("person%d@example.jp", i) }

// prepare waits for the server and signs one person in for every worker.
func (t *target) prepare(ctx context.Context, workers int) error {
	deadline := time.Now().Add(20 * time.Second)
	for {
		err := t.client.expect(ctx, t.issuer+"/.well-known/openid-configuration", "issuer")
		if err == nil {
			break
		}
		select {
		case <-t.done:
			return errors.New("the server ended")
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the server does not answer: %w", err)
		}
	}
	if err := t.client.json(ctx, t.issuer+"/.well-known/openid-configuration", &t.meta); err != nil {
		return err
	}
	for range workers {
		b, got, err := t.signIn(ctx)
		if err != nil {
			return fmt.Errorf("sign-in: %w", err)
		}
		t.browsers, t.tokens = append(t.browsers, b), append(t.tokens, got)
	}
	return nil
}

// stop ends the server as an operator would.
func (t *target) stop() {
	_ = t.cmd.Process.Signal(syscall.SIGTERM)
	<-t.done
	_ = t.output.Close()
}

// log is the end of what the server said.
func (t *target) log() string {
	raw, err := os.ReadFile(t.output.Name())
	if err != nil {
		return ""
	}
	return string(raw[max(0, len(raw)-4000):])
}
