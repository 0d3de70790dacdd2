package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// errNotLoopback is why the bench cannot be turned against anybody.
var errNotLoopback = errors.New("not a loopback address")

// client speaks HTTP to loopback addresses alone and follows no redirect.
type client struct{ http *http.Client }

func newClient(workers int) client {
	dialer := &net.Dialer{Timeout: 5 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		if at, err := netip.ParseAddrPort(address); err != nil || !at.Addr().IsLoopback() {
			return fmt.Errorf("%w: %s", errNotLoopback, address)
		}
		return nil
	}}
	return client{&http.Client{
		Timeout:       30 * time.Second,
		Transport:     &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: workers, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is what came back, read to its end.
type answer struct {
	status   int
	location string
	cookies  []*http.Cookie
	body     []byte
}

func (c client) do(req *http.Request) (answer, error) {
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}, err //nolint:wrapcheck // names method and URL
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, fmt.Errorf("read: %w", err)
	}
	return answer{resp.StatusCode, resp.Header.Get("Location"), resp.Cookies(), body}, nil
}

// expect gets a document that must hold a word.
func (c client) expect(ctx context.Context, at, word string, header ...string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, http.NoBody)
	if err != nil {
		return err //nolint:wrapcheck // a fault of this program
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	got, err := c.do(req)
	if err != nil {
		return err
	}
	if got.status != http.StatusOK || !strings.Contains(string(got.body), word) {
		return fmt.Errorf("GET %s: status %d %.200s", at, got.status, got.body)
	}
	return nil
}

// post posts a form as the given client.
func (c client) post(ctx context.Context, at, id, secret string, form url.Values) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, at, strings.NewReader(form.Encode()))
	if err != nil {
		return answer{}, err //nolint:wrapcheck // a fault of this program
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(id, secret)
	return c.do(req)
}

// token posts a form to the token endpoint as the given client.
func (c client) token(ctx context.Context, at, id, secret string, form url.Values) (tokens, error) {
	got, err := c.post(ctx, at, id, secret, form)
	if err != nil {
		return tokens{}, err
	}
	var t tokens
	if err := json.Unmarshal(got.body, &t); err != nil || got.status != http.StatusOK || t.Access == "" {
		return tokens{}, fmt.Errorf("token endpoint: status %d %.300s", got.status, got.body)
	}
	return t, nil
}

// active posts a token to the introspection endpoint as the given client: it must live.
func (c client) active(ctx context.Context, at, id, secret, token string) error {
	got, err := c.post(ctx, at, id, secret, url.Values{"token": {token}})
	if err != nil {
		return err
	}
	if got.status != http.StatusOK || !strings.Contains(string(got.body), `"active":true`) {
		return fmt.Errorf("introspection: status %d %.200s", got.status, got.body)
	}
	return nil
}

// tokens are those of one answer of the token endpoint.
type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}

// browser is a client with cookies, for one person.
type browser struct {
	client
	cookies map[string]string
}

func (b *browser) request(ctx context.Context, method, at string, form url.Values) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, at, strings.NewReader(form.Encode()))
	if err != nil {
		return answer{}, err //nolint:wrapcheck // a fault of this program
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	req.Header.Set("Accept", "text/html")
	for name, value := range b.cookies {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	got, err := b.do(req)
	for _, c := range got.cookies {
		b.cookies[c.Name] = c.Value
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	return got, err
}

var (
	formTag  = regexp.MustCompile(`(?s)<form([^>]*)>(.*?)</form>`)
	inputTag = regexp.MustCompile(`<input([^>]*)>`)
	attr     = regexp.MustCompile(`([a-z-]+)="([^"]*)"`)
)

// fill finds the page's form that has one of the fields in values and returns
// where it is posted to and with what: its hidden fields and values.
func fill(page []byte, values map[string]string) (action string, form url.Values, ok bool) {
	for _, f := range formTag.FindAllSubmatch(page, -1) {
		form, ok = url.Values{}, false
		for _, input := range inputTag.FindAllSubmatch(f[2], -1) {
			a := attributes(input[1])
			value, known := values[a["name"]]
			switch {
			case known:
				form.Set(a["name"], value)
				ok = true
			case a["type"] == "hidden":
				form.Set(a["name"], a["value"])
			}
		}
		if ok {
			return attributes(f[1])["action"], form, true
		}
	}
	return "", nil, false
}

func attributes(tag []byte) map[string]string {
	out := map[string]string{}
	for _, m := range attr.FindAllSubmatch(tag, -1) {
		out[string(m[1])] = html.UnescapeString(string(m[2]))
	}
	return out
}
