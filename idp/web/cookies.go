package web

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
)

const (
	knownFor    = 365 * 24 * time.Hour
	languageFor = 365 * 24 * time.Hour
	// languageCookie holds a preference and no secret.
	languageCookie = "sekisho_lang"
)

// cookies are how the browser's cookies are named and kept (N-58, T-39).
type cookies struct {
	secure bool
	prefix string
	device time.Duration
}

// newCookies: over https every name has the prefix __Host-, so that no
// subdomain can set one (T-39); a loopback issuer on http cannot have that.
func newCookies(secure bool, device time.Duration) cookies {
	c := cookies{secure: secure, prefix: "sekisho_", device: device}
	if secure {
		c.prefix = "__Host-sekisho_"
	}
	return c
}

// read takes the browser's secrets from a request.
func (k cookies) read(r *http.Request, b *idp.Browser) {
	for name, field := range k.fields(b) {
		if c, err := r.Cookie(k.prefix + name); err == nil && len(c.Value) <= 256 {
			*field = c.Value
		}
	}
}

// writeBack sends the cookies that changed since was.
func (k cookies) writeBack(c echo.Context, was idp.Browser, now *idp.Browser) {
	before := k.fields(&was)
	for name, field := range k.fields(now) {
		if *field == *before[name] {
			continue
		}
		c.SetCookie(k.cookie(name, *field, k.age(name)))
	}
}

func (k cookies) fields(b *idp.Browser) map[string]*string {
	return map[string]*string{"flow": &b.Flow, "session": &b.Session, "td": &b.Device, "known": &b.Known}
}

// age is how long the browser keeps a cookie; zero is until it is closed.
func (k cookies) age(name string) time.Duration {
	switch name {
	case "td":
		return k.device
	case "known":
		return knownFor
	}
	return 0
}

// cookie is a secret of ours; an empty value ends it.
func (k cookies) cookie(name, value string, age time.Duration) *http.Cookie {
	c := &http.Cookie{
		Name: k.prefix + name, Value: value, Path: "/", MaxAge: int(age.Seconds()),
		Secure: k.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if value == "" {
		c.MaxAge = -1
	}
	return c
}
