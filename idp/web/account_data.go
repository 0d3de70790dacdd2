package web

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/templates"
)

const (
	pathData   = "/account/data"
	pathClose  = "/account/close"
	pathClosed = "/account/closed"
)

func (s *server) dataRoutes() []route {
	return []route{
		get(pathData, s.mine(s.dataPage)), post(pathData, s.mine(s.download)),
		get(pathClose, s.mine(s.closePage)), post(pathClose, s.mine(s.closeAccount)),
		get(pathClosed, s.closed),
	}
}

func (s *server) dataPage(v *visit) error {
	if !v.account.Sudo {
		return idp.ErrSudo
	}
	return s.render(v, http.StatusOK, s.own(v, "profile", "account-data", "data.title", templates.DataPage{}))
}

// download answers with the file itself: a redirect to it would need a second
// proof, or a link that is a secret.
func (s *server) download(v *visit) error {
	file, err := s.provider.ExportData(v.Request().Context(), v.b)
	if soon, ok := errors.AsType[*mfa.TooSoonError](err); ok {
		return s.again(v, s.own(v, "profile", "account-data", "data.title", templates.DataPage{Error: v.text("data.e.soon", "time", s.clock(soon.At))}))
	}
	if err != nil {
		return err
	}
	name := strings.ToLower(s.provider.Config().Name) + "-account-" + s.now().UTC().Format("2006-01-02") + ".json"
	v.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="`+fileName(name)+`"`)
	return v.Blob(http.StatusOK, "application/json; charset=utf-8", file)
}

// fileName keeps what every file system and header takes.
func fileName(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.' {
			return r
		}
		return -1
	}, s)
}

func (s *server) closePage(v *visit) error {
	c, err := s.provider.CloseView(v.Request().Context(), v.b)
	if err != nil {
		return err
	}
	page := templates.ClosePage{
		Email: v.account.User.Email, Due: v.at(c.DueAt), Days: days(s.provider.Config().Limits.Account.CloseWait), Shops: c.Shops, Staff: len(c.Roles) > 0,
	}
	for _, a := range c.Apps {
		page.Apps = append(page.Apps, a.Client.DisplayName(v.lang))
	}
	return s.render(v, http.StatusOK, s.own(v, "profile", "account-close", "close.title", page))
}

func (s *server) closeAccount(v *visit) error {
	_, err := s.provider.CloseAccount(v.Request().Context(), v.b)
	if errors.Is(err, idp.ErrNeeded) {
		return see(v, pathClose) // the page says for what
	}
	if err != nil {
		return err
	}
	return see(v, pathClosed)
}

// closed says good-bye to somebody who is signed out by now.
func (s *server) closed(c echo.Context) error {
	return s.render(c, http.StatusOK, s.page(c, "account-closed", "close.done_t", templates.ClosedPage{
		Days: days(s.provider.Config().Limits.Account.CloseWait),
	}))
}
