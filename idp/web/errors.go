package web

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/password"
	"github.com/sekisho-id/sekisho/idp/recovery"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/templates"
)

// verdict is how an error is answered: a status, and the keys of words.
type verdict struct {
	err         error
	status      int
	title, body string
	// retry is when machines should come back; zero says nothing of it.
	retry time.Duration
}

// verdicts is the one table from errors to answers. What is not in it is
// internal: the page shows a reference number, the log has the text.
var verdicts = []verdict{
	{err: idp.ErrStale, status: http.StatusGone, title: "error.t.stale", body: "error.b.stale"},
	{err: idp.ErrPushed, status: http.StatusGone, title: "error.t.stale", body: "error.b.pushed"},
	{err: idp.ErrOtherBrowser, status: http.StatusForbidden, title: "error.t.stale", body: "error.b.other"},
	{err: idp.ErrNoCookie, status: http.StatusBadRequest, title: "error.t.cookie", body: "error.b.cookie"},
	{err: idp.ErrDeviceOver, status: http.StatusGone, title: "error.t.device", body: "error.b.device"},
	{err: idp.ErrLink, status: http.StatusGone, title: "error.t.request", body: "reset.e.link"},
	{err: recovery.ErrOver, status: http.StatusConflict, title: "error.t.stale", body: "error.b.state"},
	{err: recovery.ErrNotNow, status: http.StatusConflict, title: "error.t.stale", body: "error.b.state"},
	{err: idp.ErrRecoveryOpen, status: http.StatusConflict, title: "error.t.stale", body: "rec.e.open"},
	{err: idp.ErrState, status: http.StatusConflict, title: "error.t.stale", body: "error.b.state"},
	{err: mfa.ErrChoice, status: http.StatusConflict, title: "error.t.stale", body: "error.b.state"},
	{err: mfa.ErrAppTwice, status: http.StatusConflict, title: "error.t.stale", body: "error.b.state"},
	{err: mfa.ErrMustVerify, status: http.StatusForbidden, title: "error.t.held", body: "error.b.unproved"},
	{err: idp.ErrNotFound, status: http.StatusNotFound, title: "error.t.404", body: "error.b.404"},
	{err: idp.ErrForbidden, status: http.StatusForbidden, title: "error.t.forbidden", body: "error.b.staff"},
	{err: idp.ErrShopRight, status: http.StatusForbidden, title: "error.t.forbidden", body: "shop.e.right"},
	{err: idp.ErrShopTwoStep, status: http.StatusForbidden, title: "error.t.forbidden", body: "shop.e.twostep"},
	{err: idp.ErrLastOwner, status: http.StatusConflict, title: "error.t.forbidden", body: "shop.e.last"},
	{err: errInvitation, status: http.StatusGone, title: "join.gone_t", body: "join.gone_b"},
	{err: idp.ErrRequired, status: http.StatusForbidden, title: "error.t.forbidden", body: "error.b.required"},
	{err: idp.ErrSuspended, status: http.StatusForbidden, title: "error.t.suspended", body: "error.b.suspended"},
	{err: password.ErrBusy, status: http.StatusServiceUnavailable, title: "error.t.busy", body: "error.b.busy"},
	{err: idp.ErrUnavailable, status: http.StatusServiceUnavailable, title: "error.t.busy", body: "error.b.unavailable", retry: 5 * time.Second},
	{err: idp.ErrReadOnly, status: http.StatusServiceUnavailable, title: "error.t.readonly", body: "error.b.readonly", retry: time.Minute},
	{err: errCrossSite, status: http.StatusForbidden, title: "error.t.forbidden", body: "error.b.form"},
	{err: errForm, status: http.StatusForbidden, title: "error.t.stale", body: "error.b.form"},
}

// statuses are the answers to errors of the router.
var statuses = map[int]verdict{
	http.StatusNotFound:              {title: "error.t.404", body: "error.b.404"},
	http.StatusMethodNotAllowed:      {title: "error.t.404", body: "error.b.404"},
	http.StatusMisdirectedRequest:    {title: "error.t.404", body: "error.b.404"},
	http.StatusRequestEntityTooLarge: {title: "error.t.large", body: "error.b.large"},
}

// requestWords are the words for a relying party's request, by case (ux 4.13).
var requestWords = map[string]string{
	"redirect": "error.b.redirect", "client": "error.b.client", "param": "error.b.param", "pushed": "error.b.pushed",
}

// internal is the answer to everything else.
var internal = verdict{status: http.StatusInternalServerError, title: "error.t.500", body: "error.b.500"}

// judge finds the answer to an error.
func judge(err error) verdict {
	for _, v := range verdicts {
		if errors.Is(err, v.err) {
			return v
		}
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		err = echo.ErrStatusRequestEntityTooLarge
	}
	if e, ok := errors.AsType[*echo.HTTPError](err); ok {
		if v, ok := statuses[e.Code]; ok {
			v.status = e.Code
			return v
		}
	}
	return internal
}

// fail answers an error that a handler returned.
func (s *server) fail(err error, c echo.Context) {
	if c.Response().Committed {
		s.logError(c, err)
		return
	}
	held, isHeld := errors.AsType[*idp.HeldError](err)
	switch {
	case isHeld && held.Other:
		err = s.proveOtherwise(c)
	case errors.Is(err, idp.ErrSignedOut), errors.Is(err, idp.ErrSudo):
		err = s.signInFirst(c, errors.Is(err, idp.ErrSudo))
	case errors.Is(err, idp.ErrStep) && flowID(c) != "":
		err = see(c, withFlow("/signin", flowID(c))) // show the step that is true
	}
	if err == nil {
		return
	}
	if err := s.errorPage(c, err); err != nil {
		s.logError(c, err)
		if err := c.String(http.StatusInternalServerError, reference(c)); err != nil {
			s.logError(c, err)
		}
	}
}

// signInFirst leads to a sign-in that comes back here: to the page itself, or
// from a form to the page it stands on.
func (s *server) signInFirst(c echo.Context, sudo bool) error {
	next, err := s.provider.AccountSignIn(c.Request().Context(), browser(c), s.backTo(c, pathHome), sudo)
	if err != nil {
		return err
	}
	return s.redirect(c, next)
}

// proveOtherwise leads to a proof by a method that is not held, and back here (C-40).
func (s *server) proveOtherwise(c echo.Context) error {
	next, err := s.provider.FirmSignIn(c.Request().Context(), browser(c), s.backTo(c, pathHome))
	if err != nil {
		return err
	}
	return s.redirect(c, next)
}

// backTo is where a sign-in that comes between leads back to; instead when the
// request has no page of its own.
func (s *server) backTo(c echo.Context, instead string) string {
	if c.Request().Method == http.MethodGet {
		return c.Request().URL.RequestURI()
	}
	back := c.Request().URL.Path
	if !s.isPage(back) {
		return instead
	}
	return withFlow(back, flowID(c))
}

// errorPage shows what went wrong: words for the person, details for developers
// when a relying party's request is at fault.
func (s *server) errorPage(c echo.Context, err error) error {
	now := s.now().In(s.provider.Config().Zone)
	data := templates.ErrorPage{Reference: reference(c), At: now}
	v := judge(err)
	if refused, ok := errors.AsType[*idp.RequestError](err); ok {
		v = verdict{status: http.StatusBadRequest, title: "error.t.request", body: requestWords[refused.Case]}
		data.Details = developerDetails(refused, s.inbox != nil)
		data.Param = refused.Param
		s.told(c, refused)
	}
	if soon, ok := errors.AsType[*mfa.TooSoonError](err); ok {
		v = verdict{status: http.StatusTooManyRequests, title: "error.t.soon", body: "error.b.soon"}
		data.Until = soon.At.In(now.Location())
		retryAfter(c, soon.At.Sub(s.now()))
	}
	if held, ok := errors.AsType[*idp.HeldError](err); ok {
		v = verdict{status: http.StatusForbidden, title: "error.t.held", body: "error.b.held"}
		data.Until = held.Until.In(now.Location())
	}
	if busy, ok := errors.AsType[*password.BusyError](err); ok {
		retryAfter(c, busy.RetryAfter)
	}
	if errors.Is(err, idp.ErrNoCookie) && c.Request().Method != http.MethodPost {
		// Most often a link that was sent to another device; a form would have come with the page's cookie.
		v.title, v.body = "error.t.other", "error.b.nocookie"
	}
	if v.retry > 0 {
		retryAfter(c, v.retry)
	}
	if v.status == http.StatusInternalServerError || v.retry > 0 {
		s.logError(c, err) // for operators: ours to mend
	}
	data.Body = v.body
	data.Back = s.wayBack(c, err)
	s.guardPage(c) // a machine's path has fewer
	p := templates.Page{Lang: s.errorLang(c), Name: "error", Layout: "flow", Title: v.title, Data: data}
	return s.render(c, v.status, p)
}

// wayBack is the relying party whose sign-in an error ended, and where it is
// entered anew: its request is no more.
func (s *server) wayBack(c echo.Context, err error) *templates.ClientRef {
	view, _ := c.Get(flowKey).(idp.SignInView)
	client := view.Client
	if stale, ok := errors.AsType[*idp.StaleError](err); ok {
		client, _ = s.provider.Config().Clients.Lookup(stale.ClientID)
	}
	back := clientRef(client, browser(c).Lang)
	if back != nil {
		back.URI = client.Entrance(s.provider.Config().Issuer)
	}
	return back
}

// errorLang is the language, also when the browser was not read yet.
func (s *server) errorLang(c echo.Context) string {
	if lang := browser(c).Lang; lang != "" {
		return lang
	}
	return accepted(c.Request().Header.Get("Accept-Language"), s.provider.Config().Lang)
}

// retryAfter tells machines when to come back, in whole seconds (RFC 9110 §10.2.3).
func retryAfter(c echo.Context, d time.Duration) {
	c.Response().Header().Set("Retry-After", strconv.Itoa(int(max(d, time.Second).Seconds()+0.5)))
}

// developerDetails are lines for whoever made the request: what is at fault
// and, in development only, what was sent (ux 4.13).
func developerDetails(e *idp.RequestError, sent bool) string {
	lines := []string{"error=invalid_request", "parameter=" + e.Param}
	if sent && e.ClientID != "" {
		lines = append(lines, "client_id="+clip(e.ClientID))
	}
	if sent && e.Given != "" {
		lines = append(lines, "given="+clip(e.Given))
	}
	return strings.Join(lines, "\n")
}

// told logs why a relying party's request ended on a page of ours, for the
// operator whom its developer asks: what was asked for, but no query of it.
func (s *server) told(c echo.Context, e *idp.RequestError) {
	given := e.Given
	if i := strings.IndexAny(given, "?#"); i >= 0 {
		given = given[:i]
	}
	s.log.InfoContext(c.Request().Context(), "request refused", slog.String("request_id", reference(c)),
		slog.String("case", e.Case), slog.String("parameter", e.Param),
		slog.String("client_id", clip(e.ClientID)), slog.String("given", clip(given)))
}

// clip keeps what was sent on one line of a sensible length (T-56).
func clip(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 300 {
		return string(r[:300]) + "…"
	}
	return s
}

func (s *server) logError(c echo.Context, err error) {
	s.log.ErrorContext(c.Request().Context(), "page", slog.String("request_id", reference(c)),
		slog.String("route", c.Path()), slog.Any("error", err))
}
