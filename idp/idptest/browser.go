package idptest

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// Browser is one browser with its own cookie jar. It follows redirects within
// the provider and stops where it would leave it.
type Browser struct {
	t    testing.TB
	base *url.URL
	// Client may be used directly; it follows no redirect.
	Client *http.Client
	// Lang is sent as Accept-Language.
	Lang string
}

// Page is an answer after redirects.
type Page struct {
	Status int
	URL    *url.URL
	Header http.Header
	Body   string
	// Left is where the browser was sent outside the provider; nil inside.
	Left *url.URL
}

// Browser opens a fresh browser.
func (s *Server) Browser(t testing.TB) *Browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	must(t, err)
	base, err := url.Parse(s.URL)
	must(t, err)
	return &Browser{t: t, base: base, Lang: "en", Client: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Get opens a path of the provider, or a URL.
func (b *Browser) Get(path string) *Page {
	b.t.Helper()
	return b.follow(b.do(http.MethodGet, b.abs(path), nil))
}

// Post sends a form as a browser on the provider's own page would.
func (b *Browser) Post(path string, form url.Values) *Page {
	b.t.Helper()
	return b.follow(b.do(http.MethodPost, b.abs(path), form))
}

// Submit fills the form of a page whose action contains part (empty: the first
// POST form) with pairs of name and value, and sends it.
func (b *Browser) Submit(p *Page, part string, pairs ...string) *Page {
	b.t.Helper()
	action, form := p.form(b.t, part)
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	to, err := p.URL.Parse(action)
	must(b.t, err)
	return b.follow(b.do(http.MethodPost, to, form))
}

// Passkey answers the form of a page that asks for a passkey, to make one or to
// use one, with a device.
func (b *Browser) Passkey(p *Page, a *Authenticator) *Page {
	b.t.Helper()
	doc, err := html.Parse(strings.NewReader(p.Body))
	must(b.t, err)
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode || !has(n, "data-passkey") {
			continue
		}
		answer := a.Use
		if attr(n, "data-passkey") == "create" {
			answer = a.Create
		}
		return b.Submit(p, attr(n, "action"), "credential", string(answer([]byte(attr(n, "data-options")))))
	}
	b.t.Fatalf("%s (%d) asks for no passkey:\n%s", p.URL, p.Status, p.Body)
	return nil
}

// Cookie is the value of a cookie of the provider; empty when it is not there.
func (b *Browser) Cookie(name string) string {
	for _, c := range b.Client.Jar.Cookies(b.base) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func (b *Browser) abs(path string) *url.URL {
	b.t.Helper()
	u, err := b.base.Parse(path)
	must(b.t, err)
	return u
}

func (b *Browser) do(method string, to *url.URL, form url.Values) *Page {
	b.t.Helper()
	return b.send(method, to, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
}

func (b *Browser) send(method string, to *url.URL, kind string, content io.Reader) *Page {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, to.String(), content)
	must(b.t, err)
	req.Header.Set("Accept-Language", b.Lang)
	req.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Test/1.0")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", kind)
		req.Header.Set("Origin", b.base.String())
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	res, err := b.Client.Do(req)
	must(b.t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	must(b.t, err)
	return &Page{Status: res.StatusCode, URL: to, Header: res.Header, Body: string(body)}
}

func (b *Browser) follow(p *Page) *Page {
	b.t.Helper()
	for range 12 {
		location := p.Header.Get("Location")
		if location == "" || p.Status < 300 || p.Status > 399 {
			return p
		}
		to, err := p.URL.Parse(location)
		must(b.t, err)
		if to.Host != b.base.Host {
			p.Left = to
			return p
		}
		p = b.do(http.MethodGet, to, nil)
	}
	b.t.Fatalf("too many redirects, last to %s", p.Header.Get("Location"))
	return nil
}

// form is the action and the preset values of a page's POST form.
func (p *Page) form(t testing.TB, part string) (string, url.Values) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(p.Body))
	must(t, err)
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode || n.Data != "form" || !strings.EqualFold(attr(n, "method"), "post") || !strings.Contains(attr(n, "action"), part) {
			continue
		}
		values := url.Values{}
		for f := range n.Descendants() {
			if f.Type == html.ElementNode && (f.Data == "input" || f.Data == "select") {
				preset(values, f)
			}
		}
		return attr(n, "action"), values
	}
	t.Fatalf("%s (%d) has no form to %q:\n%s", p.URL, p.Status, part, p.Body)
	return "", nil
}

func preset(values url.Values, n *html.Node) {
	name := attr(n, "name")
	switch {
	case name == "":
	case n.Data == "select":
		for o := range n.Descendants() {
			if o.Data == "option" && (has(o, "selected") || !values.Has(name)) {
				values.Set(name, attr(o, "value"))
			}
		}
	case attr(n, "type") == "checkbox" || attr(n, "type") == "radio":
		if has(n, "checked") {
			values.Set(name, attr(n, "value"))
		}
	case attr(n, "type") != "submit":
		values.Set(name, attr(n, "value"))
	}
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, key string) bool {
	for _, a := range n.Attr {
		if a.Key == key {
			return true
		}
	}
	return false
}

// Upload fills the form of a page whose action contains part, with a file in
// one field, and sends it as a browser does.
func (b *Browser) Upload(p *Page, part, field, name string, content []byte) *Page {
	b.t.Helper()
	action, form := p.form(b.t, part)
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	must(b.t, w.WriteField("csrf", form.Get("csrf"))) // first on the page, first in the body
	for key, values := range form {
		for _, v := range values {
			if key != "csrf" && key != field {
				must(b.t, w.WriteField(key, v))
			}
		}
	}
	to, err := w.CreateFormFile(field, name)
	must(b.t, err)
	_, err = to.Write(content)
	must(b.t, err)
	must(b.t, w.Close())
	u, err := p.URL.Parse(action)
	must(b.t, err)
	return b.follow(b.send(http.MethodPost, u, w.FormDataContentType(), &body))
}
