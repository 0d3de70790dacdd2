package web

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/templates"
)

// joinCookie holds the secret of an invitation's link while its page is in use,
// through a sign-in or a sign-up in between (T-36).
const joinCookie = "join"

// join is where the link of an invitation leads. Nobody need be signed in to
// read what it is; the secret moves into a cookie at once.
func (s *server) join(c echo.Context) error {
	if token := c.QueryParam("token"); token != "" {
		if _, err := s.provider.Invitation(c.Request().Context(), browser(c), token); err != nil {
			return joinFault(err)
		}
		c.SetCookie(s.cookies.cookie(joinCookie, token, s.provider.Config().Limits.SignIn.Request))
		return see(c, idp.PathInvitation)
	}
	return s.showJoin(c, "")
}

func (s *server) showJoin(c echo.Context, fault string) error {
	v, err := s.provider.Invitation(c.Request().Context(), browser(c), s.mailedToken(c, joinCookie))
	if err != nil {
		return joinFault(err)
	}
	u := idp.User{}
	page := templates.JoinPage{Shop: v.Shop, Email: v.Email, Theirs: v.Theirs, Member: v.Member, Error: fault}
	if v.User != nil {
		u = *v.User
		page.User = u.Email
		s.prefer(c, u.Lang)
	}
	page.Role, page.Until = v.Role.Name(browser(c).Lang), s.reader(c, u).at(v.ExpiresAt)
	p := s.page(c, "shop-join", "join.title", page)
	p.TitleArgs = []any{"shop", v.Shop}
	if fault != "" {
		return s.again(c, p)
	}
	return s.render(c, http.StatusOK, p)
}

// errInvitation is a link to a shop that no longer works.
var errInvitation = errors.New("invitation is spent or expired")

func joinFault(err error) error {
	if errors.Is(err, idp.ErrLink) {
		return errInvitation
	}
	return err
}

func (s *server) submitJoin(c echo.Context) error {
	ctx, b, do := c.Request().Context(), browser(c), field(c, "do")
	if do == "signin" || do == "signup" {
		next, err := s.provider.InvitedSignIn(ctx, b, do == "signup")
		if err != nil {
			return err
		}
		return s.redirect(c, next)
	}
	id, err := s.provider.AcceptInvitation(ctx, b, s.mailedToken(c, joinCookie))
	switch {
	case errors.Is(err, idp.ErrInvitedOther), errors.Is(err, idp.ErrSignedOut):
		return see(c, idp.PathInvitation) // it says for whom it is
	case errors.Is(err, idp.ErrTooMany):
		return s.showJoin(c, s.speaker(c)("shop.e.many", "n", s.provider.Config().Limits.Shops.ShopsPerPerson))
	case errors.Is(err, idp.ErrMember):
	case err != nil:
		return joinFault(err)
	}
	c.SetCookie(s.cookies.cookie(joinCookie, "", 0))
	return see(c, shopPath(id)+"?done=joined")
}
