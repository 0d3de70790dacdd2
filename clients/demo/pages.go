package demo

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/text/language"
)

//go:embed html locale
var files embed.FS

// japan is where the demonstration market is.
var japan = time.FixedZone("JST", 9*60*60)

// pages are the parsed templates and texts.
type pages struct {
	html  map[Kind]*template.Template
	texts map[string]map[string]string
	match language.Matcher
	// style is the stylesheet, served at stylePath for ever: the name changes with it.
	style     []byte
	stylePath string
}

func loadPages() (*pages, error) {
	p := &pages{
		html: map[Kind]*template.Template{}, texts: map[string]map[string]string{},
		match: language.NewMatcher([]language.Tag{language.Japanese, language.English}),
	}
	style, err := files.ReadFile("html/demo.css")
	if err != nil {
		return nil, fmt.Errorf("read stylesheet: %w", err)
	}
	sum := sha256.Sum256(style)
	p.style, p.stylePath = style, "/static/"+hex.EncodeToString(sum[:8])+"/demo.css"
	for _, kind := range []Kind{Buyer, Seller} {
		t, err := template.ParseFS(files, "html/base.html", "html/"+string(kind)+".html")
		if err != nil {
			return nil, fmt.Errorf("parse pages: %w", err)
		}
		p.html[kind] = t
	}
	for _, lang := range []string{"ja", "en"} {
		raw, err := files.ReadFile("locale/" + lang + ".json")
		if err != nil {
			return nil, fmt.Errorf("read texts: %w", err)
		}
		texts := map[string]string{}
		if err := json.Unmarshal(raw, &texts); err != nil {
			return nil, fmt.Errorf("texts of %s: %w", lang, err)
		}
		p.texts[lang] = texts
	}
	return p, nil
}

// lang is the language of a page: the one chosen, or the browser's.
func (p *pages) lang(c echo.Context) string {
	chosen := c.QueryParam("lang")
	if cookie, err := c.Cookie("demo_lang"); err == nil && chosen == "" {
		chosen = cookie.Value
	}
	tag, _ := language.MatchStrings(p.match, chosen, c.Request().Header.Get("Accept-Language"))
	base, _ := tag.Base()
	return base.String()
}

// page is what a template shows.
type page struct {
	Kind        Kind
	Lang, Style string
	// Fault names the error page shown instead; empty shows the start page.
	Fault string
	// ID is nil for somebody not signed in; Name, Tail and Notice go with it.
	ID                 *identity
	Name, Tail, Notice string

	texts map[string]string
}

// T is the text of a key, with {name} placeholders filled from pairs.
func (p page) T(key string, pairs ...string) (string, error) {
	text, ok := p.texts[key]
	if !ok {
		return "", fmt.Errorf("no text %q in %s", key, p.Lang)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		text = strings.ReplaceAll(text, "{"+pairs[i]+"}", pairs[i+1])
	}
	return text, nil
}

// Prefix begins the keys of the app's own texts.
func (p page) Prefix() string { return map[Kind]string{Buyer: "db.", Seller: "ds."}[p.Kind] }

// NoticeIcon names the icon beside a notice.
func (p page) NoticeIcon() map[string]string {
	return map[string]string{"ds.pay_need": "warn", "ds.pay_ok": "ok", "ds.pay_done": "ok"}
}

// Trusted tells that a trusted device stood in for a code.
func (p page) Trusted() bool { return p.ID.ACR == "urn:sekisho:acr:trusted-device" }

// Strength is the acr in words; nil when the app has none for it.
func (p page) Strength() *struct{ Class, Text string } {
	text, ok := p.texts["acr."+p.ID.ACR]
	if !ok {
		return nil
	}
	class := "warn"
	if p.ID.ACR == "urn:sekisho:acr:2sv" {
		class = "ok"
	}
	return &struct{ Class, Text string }{class, text}
}

// AMR is the claim as it came.
func (p page) AMR() string {
	raw, err := json.Marshal(p.ID.AMR)
	if err != nil {
		return ""
	}
	return string(raw)
}

// Methods is the amr in words.
func (p page) Methods() string {
	var words []string
	for _, m := range p.ID.AMR {
		if w, ok := p.texts["amr."+m]; ok {
			words = append(words, w)
		}
	}
	return strings.Join(words, " + ")
}

// When is the auth_time; empty when none came.
func (p page) When() string {
	if p.ID.AuthTime.IsZero() {
		return ""
	}
	return p.ID.AuthTime.In(japan).Format("2006-01-02 15:04:05 MST")
}

// Claims is the ID token's payload, indented.
func (p page) Claims() (string, error) {
	var b bytes.Buffer
	err := json.Indent(&b, p.ID.Claims, "", "  ")
	return b.String(), err
}

// stylesheet answers with the one static file.
func (p *pages) stylesheet(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	return c.Blob(http.StatusOK, "text/css; charset=utf-8", p.style)
}

// home is the start page.
func (a *App) home(c echo.Context) error {
	if lang := c.QueryParam("lang"); lang != "" {
		c.SetCookie(&http.Cookie{Name: "demo_lang", Value: a.pages.lang(c), Path: "/", MaxAge: 365 * 24 * 60 * 60, HttpOnly: true, Secure: a.visits.secure, SameSite: http.SameSiteLaxMode})
	}
	v := a.visits.of(c)
	p := page{}
	if v.session != nil && a.cfg.Kind == Seller {
		account, _, err := a.callAPI(c, &v, http.MethodGet)
		if err != nil {
			return err
		}
		p.Tail = account.Tail
	}
	if s := v.session; s != nil {
		p.ID, p.Name, p.Notice = &s.id, s.name, s.notice
	}
	return a.show(c, http.StatusOK, p)
}

func (a *App) show(c echo.Context, status int, p page) error {
	p.Kind, p.Lang, p.Style = a.cfg.Kind, a.pages.lang(c), a.pages.stylePath
	p.texts = a.pages.texts[p.Lang]
	var b bytes.Buffer
	if err := a.pages.html[p.Kind].ExecuteTemplate(&b, "page", p); err != nil {
		return fmt.Errorf("render: %w", err)
	}
	return c.HTMLBlob(status, b.Bytes())
}

// fail is the one table from errors to pages.
func (a *App) fail(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	status, fault := http.StatusInternalServerError, "internal"
	for _, row := range []struct {
		err    error
		status int
		fault  string
	}{
		{errProvider, http.StatusBadGateway, "provider"},
		{errAPI, http.StatusBadGateway, "api"},
		{errAnswer, http.StatusBadRequest, "answer"},
		{errCancelled, http.StatusForbidden, "cancelled"},
		{errPerson, http.StatusForbidden, "person"},
		{errLoop, http.StatusForbidden, "loop"},
	} {
		if errors.Is(err, row.err) {
			status, fault = row.status, row.fault
			break
		}
	}
	if he, ok := errors.AsType[*echo.HTTPError](err); ok && he.Code < http.StatusInternalServerError {
		status, fault = he.Code, "request"
	}
	a.cfg.Log.WarnContext(c.Request().Context(), "request refused", "status", status, "error", err)
	if err := a.show(c, status, page{Fault: fault}); err != nil {
		a.cfg.Log.ErrorContext(c.Request().Context(), "no page", "error", err)
	}
}
