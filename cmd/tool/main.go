// Command tool is an external tool of a seller: a program without a person. It
// takes an access token by the client_credentials grant (RFC 6749 §4.4), prints
// what the token says, and calls an API with it when told one. Its defaults fit
// `sekisho dev` and the payout API of the command marketplace.
//
//	tool -call http://localhost:9003/account
//
// With -device it takes a person's token instead, as a program without a browser
// does (RFC 8628): it prints where to go and which code to enter there, and waits.
//
// The client's secret comes from MINATO_TOOL_SECRET; without it the well-known
// one of `sekisho dev` is used, and none with -device.
package main

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"time"
)

// devSecret is the tool's under `sekisho dev`. It protects nothing.
const devSecret = "dev-tool-secret-00000000000000000000000000"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], world{env: os.Getenv, out: os.Stdout, errOut: os.Stderr, now: time.Now, sleep: sleep})
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "tool:", err)
		os.Exit(1)
	}
}

// world is what a tool runs in.
type world struct {
	env         func(string) string
	out, errOut io.Writer
	now         func() time.Time
	sleep       func(context.Context, time.Duration) error
}

// sleep waits, or says that it was interrupted.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return fmt.Errorf("interrupted: %w", ctx.Err())
	case <-time.After(d):
		return nil
	}
}

// tool is one client and where its provider is.
type tool struct {
	world              world
	http               *http.Client
	issuer, id, secret string
	inForm             bool
}

func run(ctx context.Context, args []string, w world) error {
	t := tool{world: w, http: &http.Client{Timeout: 10 * time.Second}, secret: w.env("MINATO_TOOL_SECRET")}
	fs := flag.NewFlagSet("tool", flag.ContinueOnError)
	fs.SetOutput(w.errOut)
	fs.StringVar(&t.issuer, "issuer", "http://localhost:9000", "the provider's `URL`")
	fs.StringVar(&t.id, "client", "", "the client's `ID`; without it minato-tool, or minato-tv with -device")
	fs.BoolVar(&t.inForm, "post", false, "send the secret in the form (client_secret_post), not in the header (client_secret_basic)")
	scope := fs.String("scope", "", "the `scopes` to ask for; without it payout, or openid profile with -device")
	call := fs.String("call", "", "the `URL` of an API to GET with the token")
	device := fs.Bool("device", false, "take the token of a person, who enters a code in a browser (RFC 8628)")
	if err := fs.Parse(args); err != nil {
		return err //nolint:wrapcheck // the flag package has said it all
	}
	var token string
	var err error
	if *device {
		t.id = cmp.Or(t.id, "minato-tv")
		token, err = t.connect(ctx, cmp.Or(*scope, "openid profile"))
	} else {
		t.id, t.secret = cmp.Or(t.id, "minato-tool"), cmp.Or(t.secret, devSecret)
		token, err = t.token(ctx, cmp.Or(*scope, "payout"))
	}
	if err != nil {
		return err
	}
	claims, err := payload(token)
	if err != nil {
		return err
	}
	fmt.Fprintf(w.out, "%s\n", claims)
	if *call == "" {
		return nil
	}
	return t.call(ctx, *call, token)
}

// metadata is what a tool needs of the provider's.
type metadata struct {
	Issuer string `json:"issuer"`
	Token  string `json:"token_endpoint"`
	Device string `json:"device_authorization_endpoint"`
}

func (t tool) discover(ctx context.Context) (metadata, error) {
	var meta metadata
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.issuer+"/.well-known/openid-configuration", http.NoBody)
	if err != nil {
		return meta, fmt.Errorf("issuer: %w", err)
	}
	if err := t.do(req, &meta); err != nil {
		return meta, fmt.Errorf("discovery: %w", err)
	}
	if meta.Issuer != t.issuer {
		return meta, fmt.Errorf("discovery of %s names issuer %q", t.issuer, meta.Issuer)
	}
	return meta, nil
}

// tokenAnswer is the answer of the token endpoint.
type tokenAnswer struct {
	AccessToken string `json:"access_token"`
}

// token asks the token endpoint that the provider's metadata names.
func (t tool) token(ctx context.Context, scope string) (string, error) {
	meta, err := t.discover(ctx)
	if err != nil {
		return "", err
	}
	var got tokenAnswer
	if err := t.post(ctx, meta.Token, url.Values{"grant_type": {"client_credentials"}, "scope": {scope}}, &got); err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	return got.AccessToken, nil
}

// post sends a form as the client: with its secret, or with its id alone where
// it has none.
func (t tool) post(ctx context.Context, to string, form url.Values, into any) error {
	inHeader := t.secret != "" && !t.inForm
	if !inHeader {
		form.Set("client_id", t.id)
	}
	if t.secret != "" && t.inForm {
		form.Set("client_secret", t.secret)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		return fmt.Errorf("endpoint: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if inHeader {
		req.SetBasicAuth(url.QueryEscape(t.id), url.QueryEscape(t.secret)) // RFC 6749 §2.3.1
	}
	return t.do(req, into)
}

// call prints what an API answers; an answer other than 2xx is an error that says why.
func (t tool) call(ctx context.Context, at, token string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, http.NoBody)
	if err != nil {
		return fmt.Errorf("API: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	var got json.RawMessage
	if err := t.do(req, &got); err != nil {
		return fmt.Errorf("API: %w", err)
	}
	fmt.Fprintf(t.world.out, "%s\n", got)
	return nil
}

// do sends a request and decodes the JSON of a good answer.
func (t tool) do(req *http.Request, into any) error {
	resp, err := t.http.Do(req)
	if err != nil {
		return err //nolint:wrapcheck // the callers say what it was for
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return refused(resp, body)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("decode answer: %w", err)
	}
	return nil
}

// answerError is an answer other than 2xx.
type answerError struct {
	// code is the OAuth error; empty where there is none.
	code, text string
}

// Error is the status and what came with it.
func (e *answerError) Error() string { return e.text }

func refused(resp *http.Response, body []byte) error {
	var said struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal(body, &said) // an API may answer in other ways
	return &answerError{said.Error, fmt.Sprintf("status %d: %.300s %s", resp.StatusCode, body, resp.Header.Get("WWW-Authenticate"))}
}

// payload is what a JWT says, without a check: a tool shows its token, it does
// not believe it.
func payload(token string) ([]byte, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errors.New("access token is not a JWT")
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, fmt.Errorf("access token: %w", err)
	}
	return raw, nil
}
