package protocol

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/sekisho-id/sekisho/idp"
)

// authorize is the authorization endpoint. It opens a sign-in bound to this
// browser or answers at once; nothing that this request is told can complete
// another browser's sign-in, and there is no callback to call (H-01, H-02).
func (ep *endpoints) authorize(c echo.Context) error {
	p, err := readBrowser(c, PathAuthorize)
	if p == nil {
		return err
	}
	client, err := target(p, ep.lookup)
	if err != nil {
		return err
	}
	cfg, ctx := ep.idp.Config(), c.Request().Context()
	r := reading{p: p, client: client, issuer: ep.issuer, aliases: cfg.ACRAliases, hint: ep.openHint}
	request, fault := r.read()
	if fault != nil {
		return ep.bounce(c, request.RedirectURI, p, fault)
	}
	next, err := ep.idp.Authorize(ctx, idp.BrowserFrom(ctx), request)
	if err != nil {
		return ep.bounce(c, request.RedirectURI, p, ep.refused(ctx, err))
	}
	if next.Reply != nil {
		return leave(c, next.Reply.Location())
	}
	return leave(c, "/signin?flow="+url.QueryEscape(next.SignInID))
}

// readBrowser reads a request that comes through the browser. A POST from a
// relying party carries no Lax cookie, so it becomes the same request as GET,
// which does: nobody has to sign in again because of a method. It answers nil
// when the response is written or an error page is due.
func readBrowser(c echo.Context, path string) (params, error) {
	r := c.Request()
	r.Body = http.MaxBytesReader(c.Response(), r.Body, maxBrowser)
	if err := r.ParseForm(); err != nil {
		return nil, &idp.RequestError{Case: "param", Param: "query"}
	}
	query := r.Form.Encode()
	if len(query) > maxBrowser {
		return nil, &idp.RequestError{Case: "param", Param: "query"}
	}
	if r.Method == http.MethodPost {
		return nil, leave(c, path+"?"+query)
	}
	return newParams(r.Form), nil
}

// bounce returns an error to a redirect URI that is known to be the client's,
// with state and issuer (RFC 6749 §4.1.2.1, RFC 9207).
func (ep *endpoints) bounce(c echo.Context, to string, p params, fault *oidc.Error) error {
	v := url.Values{"error": {string(fault.ErrorType)}, "error_description": {fault.Description}, "iss": {ep.issuer}}
	if len(p["state"]) == 1 {
		v.Set("state", p.get("state"))
	}
	return leave(c, idp.Reply{To: to, Params: v}.Location())
}

// leave redirects by GET whatever the method was, never 307 (O-17), and leaves
// no copy behind.
func leave(c echo.Context, to string) error {
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.Redirect(http.StatusSeeOther, to)
}
