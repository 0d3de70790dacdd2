package send

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"text/template"

	"github.com/sekisho-id/sekisho/mfa"
)

// HTTPConfig describes a gateway. URL, Headers, Form and JSON are templates
// (text/template) over a [Request]; in JSON every value goes through the
// function json, in a URL through path or urlquery:
//
//	url:  https://sms.example.jp/v1/messages
//	json: '{"to": {{json .To}}, "text": {{json .Body}}, "ref": {{json .ID}}}'
type HTTPConfig struct {
	// Name is the gateway's in errors and logs.
	Name string `yaml:"name"`
	// Kind is what it carries: "sms" or "voice".
	Kind mfa.Kind `yaml:"kind"`
	// URL is where requests go: https, or http to this machine.
	URL     string            `yaml:"url"`
	Headers map[string]string `yaml:"headers"`
	// Form or JSON is the body, one of both. A form field that renders empty is left out.
	Form map[string]string `yaml:"form"`
	JSON string            `yaml:"json"`
	// User and Password are for basic authentication, Bearer is for a token; at most one of both.
	User     string `yaml:"user"`
	Password string `yaml:"password"`
	Bearer   string `yaml:"bearer"`
	// Success is the first and the last status that means the message was taken; empty means 200 to 299.
	Success [2]int `yaml:"success"`
	// IDPath is where a JSON answer names the message: "sid", "messages.0.id". Empty means nowhere.
	IDPath string `yaml:"id_path"`
	// Calls makes the URLs that a call asks; nil for gateways that ask none. Such a
	// gateway must keep the code behind a key itself (T-32).
	Calls *Calls `yaml:"-"`
	// Receipts makes the URLs at which the gateway reports what became of a
	// message; nil asks for no reports.
	Receipts *Receipts `yaml:"-"`
	// Authorize replaces User and Bearer where a request must be signed; nil otherwise.
	Authorize func(*http.Request) error `yaml:"-"`
	// Transport is nil for the usual one.
	Transport http.RoundTripper `yaml:"-"`
	// Log gets a line for each message taken; nil for none.
	Log *slog.Logger `yaml:"-"`
}

// Request is what the templates see: {{.To}}, {{.Body}}, {{.ID}}, {{.Lang}},
// {{.Voice.Hello}} and whatever else a message has.
type Request struct {
	mfa.Message
	gateway  string
	calls    *Calls
	receipts *Receipts
}

// Receipt is the URL at which the gateway may report what became of the
// message, empty where no reports are wanted.
func (r Request) Receipt() string {
	if r.receipts == nil {
		return ""
	}
	return r.receipts.URL(r.gateway, r.ID)
}

// Digits is the receiver's number without its plus.
func (r Request) Digits() string { return strings.TrimPrefix(r.To, "+") }

// Gate is the URL that wants to know the first key of a call. It fails where
// there are no such URLs: then the code could not be kept from an answering machine (T-32).
func (r Request) Gate() (string, error) {
	if r.calls == nil {
		return "", errors.New("a call needs URLs of ours to ask")
	}
	return r.calls.URL(FirstTurn(r.ID)), nil
}

// TwiML is the beginning of the call for Twilio. The code is not in it.
func (r Request) TwiML() (string, error) { return r.begin(Turn.TwiML) }

// NCCO is the beginning of the call for Vonage. The code is not in it.
func (r Request) NCCO() (string, error) { return r.begin(Turn.NCCO) }

func (r Request) begin(render func(t Turn, s mfa.Script, lang, next string) string) (string, error) {
	gate, err := r.Gate()
	if err != nil || r.Voice == nil {
		return "", errors.Join(err, errors.New("no call can begin"))
	}
	return render(FirstTurn(r.ID), *r.Voice, r.Lang, gate), nil
}

// Validate reports all faults at once, also those of the templates.
func (c HTTPConfig) Validate() error {
	var errs []error
	fault := func(bad bool, text string) {
		if bad {
			errs = append(errs, fmt.Errorf("gateway %q: %s", c.Name, text))
		}
	}
	start, _, templated := strings.Cut(c.URL, "{{")
	u, err := url.Parse(start)
	fault(err != nil || u.Host == "" || templated && u.Path == "", "url must name its host outright")
	fault(err == nil && u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())), "url must be https")
	fault(c.Name == "", "name is missing")
	fault(c.Kind != mfa.Text && c.Kind != mfa.Call, "kind must be sms or voice")
	fault((len(c.Form) == 0) == (c.JSON == ""), "one of form and json is needed")
	fault(c.User != "" && c.Bearer != "", "user and bearer exclude one another")
	fault(c.Success != [2]int{} && (c.Success[0] < 200 || c.Success[1] > 299 || c.Success[0] > c.Success[1]), "success must lie in 200 to 299")
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	tmpl, err := c.parse()
	if err != nil {
		return err
	}
	sample := mfa.Message{ID: "sample", Kind: c.Kind, To: "+819012345678", Lang: "en", Body: "\"sample\"\n"}
	if c.Kind == mfa.Call {
		sample.Voice = &mfa.Script{}
	}
	if _, err := tmpl.request(context.Background(), c.about(sample)); err != nil {
		return fmt.Errorf("gateway %q: %w", c.Name, err)
	}
	return nil
}

// about is what the templates see of a message.
func (c HTTPConfig) about(m mfa.Message) Request {
	return Request{Message: m, gateway: c.Name, calls: c.Calls, receipts: c.Receipts}
}

func (c HTTPConfig) succeeds(status int) bool {
	if c.Success == [2]int{} {
		return status >= 200 && status < 300
	}
	return status >= c.Success[0] && status <= c.Success[1]
}

// templates are an HTTPConfig's, parsed.
type templates struct {
	url, json     *template.Template
	headers, form map[string]*template.Template
}

func (c HTTPConfig) parse() (templates, error) {
	var errs []error
	parse := func(name, text string) *template.Template {
		t, err := template.New(name).Option("missingkey=error").
			Funcs(template.FuncMap{"json": marshal, "path": url.PathEscape}).Parse(text)
		errs = append(errs, err)
		return t
	}
	all := func(kind string, texts map[string]string) map[string]*template.Template {
		out := make(map[string]*template.Template, len(texts))
		for name, text := range texts {
			out[name] = parse(kind+" "+name, text)
		}
		return out
	}
	t := templates{url: parse("url", c.URL), headers: all("header", c.Headers), form: all("form", c.Form)}
	if c.JSON != "" {
		t.json = parse("json", c.JSON)
	}
	if err := errors.Join(errs...); err != nil {
		return templates{}, fmt.Errorf("gateway %q: %w", c.Name, err)
	}
	return t, nil
}

// request renders the request for one message.
func (t templates) request(ctx context.Context, r Request) (*http.Request, error) {
	target, err := render(t.url, r)
	if err != nil {
		return nil, err
	}
	body, contentType, err := t.body(r)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", contentType)
	for name, tmpl := range t.headers {
		value, err := render(tmpl, r)
		if err != nil {
			return nil, err
		}
		req.Header.Set(name, value)
	}
	return req, nil
}

func (t templates) body(r Request) (body io.Reader, contentType string, err error) {
	if t.json != nil {
		text, err := render(t.json, r)
		if err == nil && !json.Valid([]byte(text)) {
			err = errors.New("json: the template does not render JSON")
		}
		return strings.NewReader(text), "application/json", err
	}
	form := url.Values{}
	for name, tmpl := range t.form {
		value, err := render(tmpl, r)
		if err != nil {
			return nil, "", err
		}
		if value != "" {
			form.Set(name, value)
		}
	}
	return strings.NewReader(form.Encode()), "application/x-www-form-urlencoded", nil
}

func render(t *template.Template, r Request) (string, error) {
	var b bytes.Buffer
	if err := t.Execute(&b, r); err != nil {
		return "", err
	}
	return b.String(), nil
}
