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
	pathCodes     = pathTwoStep + "/recovery-codes"
	pathCodesFile = pathCodes + "/file"
)

// codesNote is what other pages say of recovery codes.
func (s *server) codesNote(v *visit) templates.CodesNote {
	c, on := v.account.RecoveryCodes, v.account.State == idp.StateOn
	return templates.CodesNote{
		Left: c.Left, None: c.MadeAt.IsZero(), Few: on && s.few(c.Left) && !c.MadeAt.IsZero(),
		Used: on && v.account.Session.Channel == mfa.RecoveryCode && !c.MadeAt.IsZero(),
	}
}

func (s *server) few(left int) bool { return left <= s.provider.Config().Limits.Care.RecoveryWarning }

// codes is the page about recovery codes: new ones that wait to be saved, or
// how many are left. Every visit takes fresh proofs.
func (s *server) codes(v *visit) error {
	p, err := s.codesPage(v, "")
	if errors.Is(err, idp.ErrState) {
		return see(v, pathTwoStep) // only with two-step verification on
	}
	if err != nil {
		return err
	}
	return s.render(v, http.StatusOK, p)
}

func (s *server) codesPage(v *visit, fault string) (templates.Page, error) {
	c, err := s.provider.RecoveryCodes(v.Request().Context(), v.b)
	if err != nil {
		return templates.Page{}, err
	}
	return s.own(v, "security", "account-codes", "rc.title", templates.CodesPage{
		New: c.New, NewAt: v.at(c.NewAt), Account: v.account.User.Email, File: pathCodesFile,
		Left: c.Left, MadeAt: v.at(c.MadeAt), Few: s.few(c.Left), Count: s.provider.Config().Limits.Care.RecoveryCodes, Error: fault,
	}), nil
}

// changeCodes makes codes, keeps the new ones once they are saved, or gives them up.
func (s *server) changeCodes(v *visit) error {
	ctx, to := v.Request().Context(), pathCodes
	var err error
	switch field(v, "do") {
	case "keep":
		if field(v, "saved") == "" {
			p, err := s.codesPage(v, v.text("rc.e.confirm"))
			if err != nil {
				return err
			}
			return s.again(v, p)
		}
		err, to = s.provider.KeepRecoveryCodes(ctx, v.b), pathTwoStep+"?done=codes"
	case "drop":
		err, to = s.provider.DropNewCodes(ctx, v.b), pathTwoStep
	default:
		err = s.provider.MakeRecoveryCodes(ctx, v.b)
	}
	if errors.Is(err, idp.ErrStep) {
		return see(v, pathCodes) // none wait any more: another tab was faster
	}
	if err != nil {
		return err
	}
	return see(v, to)
}

// codesFile is the codes that wait to be saved, as a text file.
func (s *server) codesFile(v *visit) error {
	c, err := s.provider.RecoveryCodes(v.Request().Context(), v.b)
	if errors.Is(err, idp.ErrState) {
		return see(v, pathTwoStep)
	}
	if err != nil {
		return err
	}
	if c.New == nil {
		return see(v, pathCodes) // they are shown no more
	}
	service := s.provider.Config().Name
	lines := []string{
		v.text("rc.file_t", "service", service), v.text("rc.file_a", "account", v.account.User.Email),
		v.text("rc.file_d", "date", v.set.Date(v.lang, v.at(c.NewAt))), "",
	}
	lines = append(lines, c.New...)
	lines = append(lines, "", v.text("rc.each"), v.text("rc.r2"), "")
	name := fileName(strings.ToLower(service) + "-recovery-codes.txt")
	v.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="`+name+`"`)
	return v.Blob(http.StatusOK, "text/plain; charset=utf-8", []byte(strings.Join(lines, "\r\n")))
}
