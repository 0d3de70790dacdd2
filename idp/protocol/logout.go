package protocol

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
)

// logout is RP-initiated logout. Without a valid hint the person is asked, so
// that no page on the web can sign anybody out (H-08, O-50); and the browser
// returns to a URI only if it is registered for the client that asks.
func (ep *endpoints) logout(c echo.Context) error {
	p, err := readBrowser(c)
	if err != nil {
		return err
	}
	if c.Request().Method == http.MethodPost { // O-51; as for authorization requests, the cookies come with GET
		return leave(c, PathLogout+"?"+url.Values(p).Encode())
	}
	request, err := ep.logoutRequest(p)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	next, err := ep.idp.Logout(ctx, idp.BrowserFrom(ctx), request)
	if err != nil {
		return err
	}
	if next.Confirm != "" {
		return leave(c, "/signout?request="+url.QueryEscape(next.Confirm))
	}
	return leave(c, next.Location)
}

// logoutRequest checks the parameters of RP-Initiated Logout §2. A return URI
// that is not the client's is refused before anything ends.
func (ep *endpoints) logoutRequest(p params) (idp.LogoutRequest, error) {
	id, uri, token := p.get("client_id"), p.get("post_logout_redirect_uri"), p.get("id_token_hint")
	fault := func(what, param string) (idp.LogoutRequest, error) {
		return idp.LogoutRequest{}, &idp.RequestError{Case: what, Param: param, ClientID: id, Given: uri}
	}
	if name := p.twice(); name != "" {
		return fault("param", name)
	}
	out := idp.LogoutRequest{UILocales: locale(p.get("ui_locales"))}
	if token != "" {
		h, err := ep.openHint(token)
		if err != nil {
			return out, nil // a forged or foreign hint speaks for nobody: ask, and return nowhere
		}
		if id != "" && id != h.Audience {
			return fault("param", "client_id")
		}
		id = h.Audience
		out.Hinted, out.Subject, out.SID = true, h.Subject, h.SID
	}
	if id == "" {
		return out, nil
	}
	client, ok := ep.lookup(id)
	if !ok {
		return fault("client", "client_id")
	}
	out.ClientID = client.ID
	if uri == "" {
		return out, nil
	}
	if !client.PostLogoutAllowed(uri) {
		return fault("redirect", "post_logout_redirect_uri")
	}
	out.To, out.State = uri, p.get("state")
	return out, nil
}
