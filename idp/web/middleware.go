package web

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
)

// maxBody bounds every request without a file: our forms are small (T-05).
const maxBody = 64 << 10

// browser is the browser that sent the request.
func browser(c echo.Context) *idp.Browser { return idp.BrowserFrom(c.Request().Context()) }

// ipExtractor finds the client's address. Without proxies it is the peer's;
// echo's default would believe anybody's X-Forwarded-For (H-21, T-45).
func ipExtractor(proxies []netip.Prefix) echo.IPExtractor {
	if len(proxies) == 0 {
		return echo.ExtractIPDirect()
	}
	trust := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range proxies {
		p = p.Masked()
		trust = append(trust, echo.TrustIPRange(&net.IPNet{
			IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen()),
		}))
	}
	return echo.ExtractIPFromXFFHeader(trust...)
}

// slow is how long a request may take before its line is worth reading.
const slow = time.Second

// around is what every request passes: it names the request, answers its error,
// and writes its line in the log: the route and never the URL, which may hold a
// secret (T-36). Requests that failed or were slow are told at info; the others,
// of which there are thousands a second, at debug: what they did is in the audit
// log. It is one middleware, because echo builds each anew for every request.
func (s *server) around(prepare ...func(echo.Context) error) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			start := s.now()
			if s.asking(c) != anybody { // what caches keep is the answer to no one request
				refer(c)
			}
			if err := caught(c, prepare, next); err != nil {
				refer(c)
				c.Error(err)
			}
			s.observe(c, s.now().Sub(start))
			return nil
		}
	}
}

// observe counts and tells a request that was answered.
func (s *server) observe(c echo.Context, took time.Duration) {
	r, status, level := c.Request(), c.Response().Status, slog.LevelDebug
	s.counts.Observe(r.Method, c.Path(), status, took)
	if status >= http.StatusBadRequest || took >= slow {
		level = slog.LevelInfo
	}
	if s.log.Enabled(r.Context(), level) {
		s.log.LogAttrs(r.Context(), level, "request", slog.String("request_id", reference(c)),
			slog.String("method", r.Method), slog.String("route", c.Path()),
			slog.Int("status", status), slog.Duration("took", took))
	}
}

// refer gives a request its id, as people read it out: 60 bits in three groups.
func refer(c echo.Context) {
	if reference(c) == "" {
		t := rand.Text()
		c.Response().Header().Set(echo.HeaderXRequestID, t[:4]+"-"+t[4:8]+"-"+t[8:12])
	}
}

// reference is the request's id; empty when it has none yet.
func reference(c echo.Context) string { return c.Response().Header().Get(echo.HeaderXRequestID) }

// caught prepares a request and has it handled. It turns a panic into an error.
func caught(c echo.Context, prepare []func(echo.Context) error, next echo.HandlerFunc) (err error) {
	defer func() {
		if p := recover(); p != nil {
			if aborted, ok := p.(error); ok && errors.Is(aborted, http.ErrAbortHandler) {
				panic(p)
			}
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	for _, do := range prepare {
		if err := do(c); err != nil {
			return err
		}
	}
	return next(c)
}

// onlyOurHost refuses requests that were meant for another host (T-44). At the
// alias there are only the paths that machines call.
func (s *server) onlyOurHost(alias string, paths []string) func(echo.Context) error {
	port := map[string]string{"https": ":443", "http": ":80"}[s.issuer.Scheme]
	ours := strings.TrimSuffix(strings.ToLower(s.issuer.Host), port)
	return func(c echo.Context) error {
		host := strings.TrimSuffix(strings.ToLower(c.Request().Host), port)
		if host == ours || alias != "" && host == alias && slices.Contains(paths, c.Request().URL.Path) {
			return nil
		}
		return echo.NewHTTPError(http.StatusMisdirectedRequest)
	}
}

// hostOf is the host of an https URL as requests name it; empty for none.
func hostOf(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(strings.ToLower(u.Host), ":443"), nil
}

func (s *server) limitBody(c echo.Context) error {
	if r := c.Request(); r.Body != http.NoBody {
		r.Body = http.MaxBytesReader(c.Response(), r.Body, s.bodyLimit(c))
	}
	return nil
}

// readBrowser puts the browser into the request's context and, before the
// answer leaves, sends the cookies that a verb changed. Of machines it is the
// address alone, and whoever asks for a document is nobody.
func (s *server) readBrowser() func(echo.Context) error {
	last := s.provider.Config().Lang
	return func(c echo.Context) error {
		asking, r := s.asking(c), c.Request()
		if asking == anybody {
			return nil
		}
		b := &idp.Browser{IP: c.RealIP(), UserAgent: r.UserAgent(), RequestID: reference(c), Lang: last}
		if wish := r.Header.Get("Accept-Language"); wish != "" {
			b.Lang = accepted(wish, last)
		}
		if asking == person {
			b.Lang = cmp.Or(chosen(r), b.Lang)
			s.cookies.read(r, b)
			was := *b
			c.Response().Before(func() {
				if *b != was {
					s.cookies.writeBack(c, was, b)
				}
			})
		}
		c.SetRequest(r.WithContext(idp.WithBrowser(r.Context(), b)))
		return nil
	}
}
