package protocol

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
)

// maxURL is how long a query may be before it waits in the database instead:
// servers on the way cut longer ones.
const maxURL = 4 << 10

// authorize is the authorization endpoint. It opens a sign-in bound to this
// browser or answers at once; nothing that this request is told can complete
// another browser's sign-in, and there is no callback to call (H-01, H-02).
func (ep *endpoints) authorize(c echo.Context) error {
	p, err := readBrowser(c)
	if err != nil {
		return err
	}
	if c.Request().Method == http.MethodPost {
		return ep.asGet(c, p)
	}
	ctx := c.Request().Context()
	r, err := ep.asked(c, p)
	if err != nil {
		return err
	}
	request, fault := r.read()
	why := refusal("")
	if fault == nil {
		fault, why = ep.sector(ctx, r.client)
	}
	if fault != nil {
		ep.told(ctx, r.client, fault, why)
		return send(c, r.refusal(fault))
	}
	next, err := ep.idp.Authorize(ctx, idp.BrowserFrom(ctx), request)
	switch {
	case errors.Is(err, idp.ErrPushed):
		return r.page("pushed", "request_uri")
	case err != nil:
		return send(c, r.refusal(ep.refused(ctx, err)))
	case next.Reply != nil:
		return send(c, *next.Reply)
	}
	return leave(c, "/signin?flow="+url.QueryEscape(next.SignInID))
}

// asked finds out who asks, and the parameters that count: those of a pushed
// request and none beside them (RFC 9126 §4), or else those sent. Its errors
// are pages.
func (ep *endpoints) asked(c echo.Context, p params) (*reading, error) {
	r, err := ep.reader().begin(p)
	if err != nil {
		return nil, err
	}
	pushed := false
	if uri := p.get("request_uri"); idp.IsPushed(uri) {
		if len(p["request_uri"]) != 1 {
			return nil, r.page("param", "request_uri")
		}
		kept, err := ep.idp.Pushed(c.Request().Context(), r.client, uri)
		if errors.Is(err, idp.ErrPushed) {
			return nil, r.page("pushed", "request_uri")
		}
		if err != nil {
			return nil, err
		}
		values, err := url.ParseQuery(kept.Params)
		if err != nil {
			return nil, err
		}
		r.p, r.out.Pushed, pushed = newParams(values), kept.Hash, kept.ByClient
	}
	switch {
	case pushed:
	case r.client.PARRequired() || ep.idp.Config().RequirePAR:
		r.fault, r.where = errMustPush, "request_uri"
	default:
		r.unwrap(c.Request().Context())
	}
	return r, r.target()
}

func (ep *endpoints) reader() reader {
	return reader{
		issuer: ep.issuer, aliases: ep.idp.Config().ACRAliases, now: ep.now, lookup: ep.lookup, hint: ep.openHint, verify: ep.partyKeys.verify,
		resources: ep.idp.Config().Resources,
	}
}

// readBrowser reads a request that comes through the browser.
func readBrowser(c echo.Context) (params, error) {
	r := c.Request()
	r.Body = http.MaxBytesReader(c.Response(), r.Body, maxBrowser)
	if err := r.ParseForm(); err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return nil, echo.ErrStatusRequestEntityTooLarge
		}
		return nil, &idp.RequestError{Case: "param", Param: "query"}
	}
	if len(r.URL.RawQuery) > maxBrowser {
		return nil, echo.ErrStatusRequestEntityTooLarge
	}
	return newParams(r.Form), nil
}

// asGet turns a POST from a relying party, which carries no Lax cookie, into
// the same request as GET, which does: nobody has to sign in again because of a
// method. What is too long for a URL waits here for the browser to come back.
func (ep *endpoints) asGet(c echo.Context, p params) error {
	query := url.Values(p).Encode()
	if len(query) > maxURL {
		r, err := ep.reader().begin(p)
		if err != nil {
			return err
		}
		ctx := c.Request().Context()
		uri, err := ep.idp.Push(ctx, idp.BrowserFrom(ctx), r.client, query, false)
		if err != nil {
			return err
		}
		query = url.Values{"client_id": {r.client.ID}, "request_uri": {uri}}.Encode()
	}
	return leave(c, PathAuthorize+"?"+query)
}

// pageFormPost is the page, made elsewhere, that posts an answer on.
const pageFormPost = "form-post"

// send lets an answer go to a redirect URI that is known to be the client's.
func send(c echo.Context, reply idp.Reply) error {
	if reply.Post {
		c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
		return c.Render(http.StatusOK, pageFormPost, reply)
	}
	return leave(c, reply.Location())
}

// leave redirects by GET whatever the method was, never 307 (O-17), and leaves
// no copy behind.
func leave(c echo.Context, to string) error {
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.Redirect(http.StatusSeeOther, to)
}
