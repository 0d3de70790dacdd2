package protocol

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/clients/dpop"
)

// behind puts an endpoint behind its middleware, the first of it outermost. It
// does so once: echo would do it again for every request.
func behind(h echo.HandlerFunc, middleware ...echo.MiddlewareFunc) echo.HandlerFunc {
	for _, m := range slices.Backward(middleware) {
		h = m(h)
	}
	return h
}

// only refuses every other method: H-14 is a secret in the query of a GET.
func only(methods ...string) echo.MiddlewareFunc {
	allow := strings.Join(methods, ", ")
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if slices.Contains(methods, c.Request().Method) {
				return next(c)
			}
			c.Response().Header().Set(echo.HeaderAllow, allow)
			return answer(c, errMethod)
		}
	}
}

// noStore keeps tokens and claims out of caches (RFC 6749 §5.1, T-57).
func noStore(next echo.HandlerFunc) echo.HandlerFunc {
	return with(http.Header{echo.HeaderCacheControl: {"no-store"}, "Pragma": {"no-cache"}}, next)
}

// with sets headers on every answer. Their values are shared by all of them:
// whoever wants another sets it.
func with(headers http.Header, next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		maps.Copy(c.Response().Header(), headers)
		return next(c)
	}
}

// open lets scripts of any origin read a document that is public anyway.
func open(next echo.HandlerFunc) echo.HandlerFunc {
	return with(http.Header{echo.HeaderAccessControlAllowOrigin: {"*"}}, preflight("GET", next))
}

// cors lets scripts of any origin call an endpoint, never with cookies. It is
// not for the browser's endpoints (O-12, H-07). Nothing is said to whoever sends
// no Origin; no cache keeps these answers.
func cors(methods string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		scripts := with(http.Header{
			echo.HeaderAccessControlAllowOrigin:   {"*"},
			echo.HeaderAccessControlExposeHeaders: {echo.HeaderWWWAuthenticate + ", " + dpop.NonceHeader},
		}, preflight(methods, next))
		return func(c echo.Context) error {
			if c.Request().Header.Get(echo.HeaderOrigin) != "" {
				return scripts(c)
			}
			return next(c)
		}
	}
}

// preflight answers a browser that asks what a script may send.
func preflight(methods string, next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r, h := c.Request(), c.Response().Header()
		if r.Method != http.MethodOptions || r.Header.Get(echo.HeaderAccessControlRequestMethod) == "" {
			return next(c)
		}
		h.Set(echo.HeaderAccessControlAllowMethods, methods)
		h.Set(echo.HeaderAccessControlAllowHeaders, "Authorization, Content-Type, "+dpop.Header)
		h.Set(echo.HeaderAccessControlMaxAge, "3600")
		return c.NoContent(http.StatusNoContent)
	}
}
