package web

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
)

var (
	// errCrossSite: another site sent the form (T-21).
	errCrossSite = errors.New("form of another site")
	// errForm: the form has no token of this browser (N-57).
	errForm = errors.New("form without its token")
)

// formToken is the token of every form of a browser. It can only be computed
// from the flow cookie, a secret that no script and no other site can read or,
// thanks to __Host-, set; so a form that has it comes from a page of ours that
// this browser was shown (N-57, T-21, T-39).
func formToken(b *idp.Browser) string {
	if b.Flow == "" {
		b.Flow = rand.Text() + rand.Text()
	}
	sum := sha256.Sum256([]byte("sekisho form\x00" + b.Flow))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// onlyOurForms refuses what another origin posts, and then every form without
// its token: a browser may say nothing of the origin (T-21, H-22).
func (s *server) onlyOurForms(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := s.origin.Check(c.Request()); err != nil {
			return errCrossSite
		}
		b := browser(c)
		if err := c.Request().ParseForm(); err != nil {
			return err
		}
		if b.Flow == "" {
			return idp.ErrNoCookie
		}
		if subtle.ConstantTimeCompare([]byte(formToken(b)), []byte(field(c, "csrf"))) != 1 {
			return errForm
		}
		b.CanPasskey = field(c, "passkeys") == "1"
		return next(c)
	}
}

// field is a field of the posted form, and never of the URL (T-36).
func field(c echo.Context, name string) string { return c.Request().PostFormValue(name) }
