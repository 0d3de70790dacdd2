package send_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/mfa/send"
)

// gateway is a server that remembers its last request.
func gateway(t *testing.T, status int, reply string) (server string, last *http.Request, body *string) {
	t.Helper()
	last, body = new(http.Request), new(string)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		*last, *body = *r, string(b)
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, reply)
	}))
	t.Cleanup(s.Close)
	return s.URL, last, body
}

func newHTTP(t *testing.T, c send.HTTPConfig) *send.HTTP {
	t.Helper()
	h, err := send.NewHTTP(c)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func formGateway(base string) send.HTTPConfig {
	return send.HTTPConfig{
		Name: "acme", Kind: mfa.Text, URL: base + "/send/{{path .ID}}",
		Headers: map[string]string{"Idempotency-Key": "{{.ID}}"},
		Form:    map[string]string{"to": "{{.To}}", "text": "{{.Body}}", "flash": `{{if eq .Lang "en"}}1{{end}}`},
		User:    "me", Password: "hunter2", IDPath: "messages.0.id",
	}
}

func TestHTTPSendsAForm(t *testing.T) {
	t.Parallel()
	base, last, body := gateway(t, 202, `{"messages":[{"id":"gw-7"}]}`)
	var log bytes.Buffer
	c := formGateway(base)
	c.Log = slog.New(slog.NewJSONHandler(&log, nil))
	m := text("a/b")
	m.Body = "コード 482913 & more"
	if err := newHTTP(t, c).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	user, password, _ := last.BasicAuth()
	got := []string{last.Method, last.URL.EscapedPath(), last.Header.Get("Idempotency-Key"), last.Header.Get("Content-Type"), user, password}
	want := []string{"POST", "/send/a%2Fb", "a/b", "application/x-www-form-urlencoded", "me", "hunter2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	form, err := url.ParseQuery(*body)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(url.Values{"to": {"+819012345678"}, "text": {m.Body}}, form); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(log.String(), `"gateway_id":"gw-7"`) {
		t.Error("no id in the log:", log.String())
	}
	for _, secret := range []string{"482913", "8190", "hunter2"} { // T-36
		if strings.Contains(log.String(), secret) {
			t.Errorf("%s in the log: %s", secret, log.String())
		}
	}
}

func TestHTTPSendsJSON(t *testing.T) {
	t.Parallel()
	base, last, body := gateway(t, 200, "not json")
	c := send.HTTPConfig{
		Name: "acme", Kind: mfa.Text, URL: base, JSON: `{"to":{{json .Digits}},"text":{{json .Body}}}`, Bearer: "token-1", IDPath: "id",
	}
	m := text("1")
	m.Body = "a\"}\n<b>&"
	if err := newHTTP(t, c).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if want := `{"to":"819012345678","text":"a\"}\n<b>&"}`; *body != want {
		t.Errorf("got %s, want %s", *body, want)
	}
	if got := last.Header.Get("Authorization"); got != "Bearer token-1" {
		t.Error(got)
	}
}

func TestHTTPStatus(t *testing.T) {
	t.Parallel()
	for status, permanent := range map[int]bool{
		302: false, 307: false, 400: true, 401: false, 402: false, 403: false, 404: true, 408: false,
		422: true, 429: false, 500: false, 503: false,
	} {
		base, last, _ := gateway(t, status, `{"message":"+819012345678 482913 hunter2"}`)
		err := newHTTP(t, formGateway(base)).Send(t.Context(), text("1"))
		if err == nil || errors.Is(err, mfa.ErrUndeliverable) != permanent {
			t.Errorf("%d: %v", status, err)
		}
		if last.URL.Path != "/send/1" {
			t.Errorf("%d was followed to %s", status, last.URL)
		}
	}
	base, _, _ := gateway(t, 204, "")
	c := formGateway(base)
	c.Success = [2]int{200, 202}
	if err := newHTTP(t, c).Send(t.Context(), text("1")); err == nil {
		t.Error("a status outside the range is a success")
	}
}

// T-36: whatever goes wrong, an error holds nothing that opens anything.
func TestHTTPErrorsHoldNoSecret(t *testing.T) {
	t.Parallel()
	base, _, _ := gateway(t, 500, "482913")
	closed := httptest.NewServer(nil)
	closed.Close()
	c := formGateway(base)
	down := formGateway(closed.URL)
	down.URL += "?key=hunter2"
	broken := formGateway(base)
	broken.URL = base + `/{{if eq .ID "1"}}%zz{{.To}}{{end}}`
	for name, config := range map[string]send.HTTPConfig{"500": c, "unreachable": down, "unrenderable": broken} {
		err := newHTTP(t, config).Send(t.Context(), text("1"))
		if err == nil {
			t.Fatalf("%s: no error", name)
		}
		for _, secret := range []string{"482913", "8190", "hunter2"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: %s in %v", name, secret, err)
			}
		}
	}
}

func TestHTTPReadsABoundedAnswer(t *testing.T) {
	t.Parallel()
	base, _, _ := gateway(t, 200, `{"messages":[{"id":"`+strings.Repeat("x", 1<<20)+`"}]}`)
	if err := newHTTP(t, formGateway(base)).Send(t.Context(), text("1")); err != nil {
		t.Error(err)
	}
}

func TestHTTPStopsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	}))
	t.Cleanup(s.Close)
	if err := newHTTP(t, formGateway(s.URL)).Send(ctx, text("1")); !errors.Is(err, context.Canceled) || errors.Is(err, mfa.ErrUndeliverable) {
		t.Error(err)
	}
}

func TestHTTPCarriesItsKindOnly(t *testing.T) {
	t.Parallel()
	base, _, _ := gateway(t, 200, "")
	mute := call("1")
	mute.Voice = nil
	for _, m := range []mfa.Message{call("1"), mute, {Kind: mfa.Mail}} {
		if err := newHTTP(t, formGateway(base)).Send(t.Context(), m); !errors.Is(err, mfa.ErrUndeliverable) {
			t.Errorf("%s: %v", m.Kind, err)
		}
	}
}

func TestHTTPConfigFaults(t *testing.T) {
	t.Parallel()
	good := formGateway("https://sms.example.jp")
	for name, tc := range map[string]struct {
		change func(*send.HTTPConfig)
		want   string
	}{
		"good":              {func(*send.HTTPConfig) {}, ""},
		"no encryption":     {func(c *send.HTTPConfig) { c.URL = "http://sms.example.jp/" }, "https"},
		"no host":           {func(c *send.HTTPConfig) { c.URL = "https:///x" }, "host"},
		"host by template":  {func(c *send.HTTPConfig) { c.URL = "https://{{.To}}.example.jp/" }, "host"},
		"host continued":    {func(c *send.HTTPConfig) { c.URL = "https://sms.example.jp{{.To}}/" }, "host"},
		"a file":            {func(c *send.HTTPConfig) { c.URL = "file://localhost/etc" }, "https"},
		"no body":           {func(c *send.HTTPConfig) { c.Form = nil }, "form"},
		"two bodies":        {func(c *send.HTTPConfig) { c.JSON = "{}" }, "form"},
		"two credentials":   {func(c *send.HTTPConfig) { c.Bearer = "x" }, "exclude"},
		"no kind":           {func(c *send.HTTPConfig) { c.Kind = "" }, "kind"},
		"mail":              {func(c *send.HTTPConfig) { c.Kind = mfa.Mail }, "kind"},
		"no name":           {func(c *send.HTTPConfig) { c.Name = "" }, "name"},
		"a 302 as success":  {func(c *send.HTTPConfig) { c.Success = [2]int{200, 302} }, "success"},
		"bad template":      {func(c *send.HTTPConfig) { c.Form = map[string]string{"a": "{{.To"} }, "template"},
		"unknown field":     {func(c *send.HTTPConfig) { c.Form = map[string]string{"a": "{{.Code}}"} }, "Code"},
		"unquoted JSON":     {func(c *send.HTTPConfig) { c.Form, c.JSON = nil, `{"text":"{{.Body}}"}` }, "JSON"},
		"ungated call":      {func(c *send.HTTPConfig) { c.Kind = mfa.Call; c.Form = map[string]string{"a": "{{.TwiML}}"} }, "URLs of ours"},
		"text with a gate":  {func(c *send.HTTPConfig) { c.Form = map[string]string{"a": "{{.Gate}}"} }, "URLs of ours"},
		"broken header key": {func(c *send.HTTPConfig) { c.URL = "https://x/\x7f" }, "host"},
	} {
		c := good
		tc.change(&c)
		_, err := send.NewHTTP(c)
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", name, err, tc.want)
		}
	}
}
