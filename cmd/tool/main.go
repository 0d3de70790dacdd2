// Command tool is an external tool of a seller: a program without a person. It
// takes an access token by the client_credentials grant (RFC 6749 §4.4), prints
// what the token says, and calls an API with it when told one. Its defaults fit
// `sekisho dev` and the payout API of the command marketplace.
//
//	tool -call http://localhost:9003/account
//
// The client's secret comes from MINATO_TOOL_SECRET; without it the well-known
// one of `sekisho dev` is used.
package main

import (
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
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "tool:", err)
		os.Exit(1)
	}
}

// tool is one client and where its provider is.
type tool struct {
	http               *http.Client
	issuer, id, secret string
	post               bool
}

func run(ctx context.Context, args []string, env func(string) string, out, errOut io.Writer) error {
	t := tool{http: &http.Client{Timeout: 10 * time.Second}, secret: env("MINATO_TOOL_SECRET")}
	if t.secret == "" {
		t.secret = devSecret
	}
	fs := flag.NewFlagSet("tool", flag.ContinueOnError)
	fs.SetOutput(errOut)
	fs.StringVar(&t.issuer, "issuer", "http://localhost:9000", "the provider's `URL`")
	fs.StringVar(&t.id, "client", "minato-tool", "the client's `ID`")
	fs.BoolVar(&t.post, "post", false, "send the secret in the form (client_secret_post), not in the header (client_secret_basic)")
	scope := fs.String("scope", "payout", "the `scopes` to ask for")
	call := fs.String("call", "", "the `URL` of an API to GET with the token")
	if err := fs.Parse(args); err != nil {
		return err //nolint:wrapcheck // the flag package has said it all
	}
	token, err := t.token(ctx, *scope)
	if err != nil {
		return err
	}
	claims, err := payload(token)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s\n", claims)
	if *call == "" {
		return nil
	}
	return t.call(ctx, *call, token, out)
}

// token asks the token endpoint that the provider's metadata names.
func (t tool) token(ctx context.Context, scope string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.issuer+"/.well-known/openid-configuration", http.NoBody)
	if err != nil {
		return "", fmt.Errorf("issuer: %w", err)
	}
	var meta struct {
		Issuer string `json:"issuer"`
		Token  string `json:"token_endpoint"`
	}
	if err := t.do(req, &meta); err != nil {
		return "", fmt.Errorf("discovery: %w", err)
	}
	if meta.Issuer != t.issuer {
		return "", fmt.Errorf("discovery of %s names issuer %q", t.issuer, meta.Issuer)
	}
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {scope}}
	if t.post {
		form.Set("client_id", t.id)
		form.Set("client_secret", t.secret)
	}
	req, err = http.NewRequestWithContext(ctx, http.MethodPost, meta.Token, strings.NewReader(form.Encode()))
	if err != nil {
		return "", fmt.Errorf("token endpoint: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if !t.post {
		req.SetBasicAuth(url.QueryEscape(t.id), url.QueryEscape(t.secret)) // RFC 6749 §2.3.1
	}
	var got struct {
		AccessToken string `json:"access_token"`
	}
	if err := t.do(req, &got); err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	return got.AccessToken, nil
}

// call prints what an API answers; an answer other than 2xx is an error that says why.
func (t tool) call(ctx context.Context, at, token string, out io.Writer) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, http.NoBody)
	if err != nil {
		return fmt.Errorf("API: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	var got json.RawMessage
	if err := t.do(req, &got); err != nil {
		return fmt.Errorf("API: %w", err)
	}
	fmt.Fprintf(out, "%s\n", got)
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
		return fmt.Errorf("status %d: %.300s %s", resp.StatusCode, body, resp.Header.Get("WWW-Authenticate"))
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("decode answer: %w", err)
	}
	return nil
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
