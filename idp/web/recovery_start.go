package web

import (
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/recovery"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/templates"
)

// Recovery by review (S-100): the pages of who asks for it, and of every address
// that can stop it. They are reached with the password from the code page, and
// without it from the help; nobody is signed in by them (T-42).

const (
	pathRecovery         = "/recovery"
	pathRecoveryNew      = pathRecovery + "/new"
	pathRecoveryConfirm  = pathRecovery + "/confirm"
	pathRecoveryEvidence = pathRecovery + "/evidence"
	pathRecoverySend     = pathRecovery + "/send"
	pathRecoveryStatus   = pathRecovery + "/status"
	pathRecoveryCancel   = pathRecovery + "/cancel"
)

// recoveryCookie holds the secret that opens a request while its pages are in use (T-36).
const recoveryCookie = "recovery"

func (s *server) recoveryRoutes() []route {
	return []route{
		get(pathRecovery, s.recoveryStart),
		get(pathRecoveryNew, s.recoveryNew), post(pathRecoveryNew, s.beginRecovery),
		get(pathRecoveryConfirm, s.recoveryConfirm), post(pathRecoveryConfirm, s.confirmContact),
		get(pathRecoveryEvidence, s.recoveryEvidence), post(pathRecoveryEvidence, s.attach), post(pathRecoveryEvidence+"/remove", s.detach),
		post(pathRecoverySend, s.sendRecovery),
		get(pathRecoveryStatus, s.recoveryStatus), post(pathRecoveryCancel, s.cancelRecovery),
	}
}

// lost is where somebody goes who can use no method: with the sign-in that they
// gave the password in, if there is one.
func (s *server) lost(v idp.SignInView) string { return withFlow(pathRecovery, v.ID) }

// recoverable is the sign-in that the request names, if its password was right
// and its second step is due; false without any.
func (s *server) recoverable(c echo.Context) (bool, error) {
	if flowID(c) == "" {
		return false, nil
	}
	v, err := s.flowOf(c)
	if err != nil {
		return false, err
	}
	if v.Step.Page != signin.PageCode && v.Step.Page != signin.PagePasskey {
		return false, idp.ErrStep // show the step that is true
	}
	return true, nil
}

func (s *server) recoveryStart(c echo.Context) error {
	known, err := s.recoverable(c)
	if err != nil {
		return err
	}
	data := templates.RecoveryStartPage{Hours: hours(s.provider.Config().Limits.Recovery.Wait), New: withFlow(pathRecoveryNew, flowID(c))}
	if !known {
		data.SignIn, data.Hours = "/signin", hours(s.provider.Config().Limits.Recovery.WaitLong)
	}
	return s.render(c, http.StatusOK, s.page(c, "recovery-start", "rec.title", data))
}

// hours is a waiting time as words say it, rounded up.
func hours(d time.Duration) int { return int((d + time.Hour - 1) / time.Hour) }

func (s *server) recoveryNew(c echo.Context) error {
	known, err := s.recoverable(c)
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, s.page(c, "recovery-new", "rec.title", templates.RecoveryNewPage{Known: known, Causes: s.causes(c, "")}))
}

// causeKeys are the words for what may have happened.
var causeKeys = map[string]string{"number": "rec.why_number", "phone": "rec.why_phone", "app": "rec.why_app", "other": "rec.why_other"}

func (s *server) causes(c echo.Context, chosen string) []templates.CauseRow {
	var rows []templates.CauseRow
	for _, cause := range idp.Causes {
		rows = append(rows, templates.CauseRow{Value: cause, Label: s.speaker(c)(causeKeys[cause]), Chosen: cause == chosen})
	}
	return rows
}

func (s *server) beginRecovery(c echo.Context) error {
	known, err := s.recoverable(c)
	if err != nil {
		return err
	}
	in := idp.RecoveryInput{Email: field(c, "email"), Cause: field(c, "cause"), Contact: field(c, "contact"), Story: field(c, "story")}
	secret, err := s.provider.BeginRecovery(c.Request().Context(), browser(c), flowID(c), in)
	if err == nil {
		s.keepRecovery(c, secret)
		return see(c, pathRecoveryConfirm)
	}
	data := templates.RecoveryNewPage{Known: known, Email: in.Email, Contact: in.Contact, Story: in.Story, Causes: s.causes(c, in.Cause)}
	data.Faults, data.Error = s.recoveryFaults(c, err)
	if data.Error == "" && len(data.Faults) == 0 {
		return err
	}
	return s.again(c, s.page(c, "recovery-new", "rec.title", data))
}

// keepRecovery remembers the request in this browser.
func (s *server) keepRecovery(c echo.Context, secret string) {
	c.SetCookie(s.cookies.cookie(recoveryCookie, secret, s.provider.Config().Limits.Recovery.Open))
}

// recoveryFaults are the faults of the form; whole is what is wrong with the
// request as such. Both are empty for an error that is no fault of the person's.
func (s *server) recoveryFaults(c echo.Context, err error) (faults templates.Faults, whole string) {
	say := s.speaker(c)
	for _, f := range []struct {
		err        error
		field, key string
	}{{idp.ErrEmail, "email", "rec.e.email"}, {idp.ErrCause, "cause", "rec.e.why"}, {idp.ErrContact, "contact", "rec.e.email"}} {
		if errors.Is(err, f.err) {
			faults = append(faults, templates.Fault{Field: f.field, Text: say(f.key)})
		}
	}
	if errors.Is(err, idp.ErrRecoveryOpen) {
		whole = say("rec.e.open")
	}
	if soon, ok := errors.AsType[*mfa.TooSoonError](err); ok {
		whole = say("rec.e.soon", "time", s.moment(c, soon.At))
	}
	return faults, whole
}

// moment is a day and a clock time: waits for a request are long.
func (s *server) moment(c echo.Context, t time.Time) string {
	return s.pages.Date(browser(c).Lang, s.local(t)) + " " + s.clock(t)
}

// recoveryPage shows a page of the request that this browser has open, if it is
// the one that is due, and else leads there.
func (s *server) recoveryPage(c echo.Context, path string, show func(idp.RecoveryView) error) error {
	v, err := s.provider.RecoveryStatus(c.Request().Context(), s.mailedToken(c, recoveryCookie))
	if err != nil {
		return err
	}
	s.prefer(c, v.Lang)
	due := pathRecoveryStatus
	switch {
	case v.State == recovery.Draft && !v.Confirmed:
		due = pathRecoveryConfirm
	case v.State == recovery.Draft, v.State == recovery.Asked && path == pathRecoveryEvidence:
		due = pathRecoveryEvidence
	}
	if due != path {
		return see(c, due)
	}
	return show(v)
}

func (s *server) recoveryConfirm(c echo.Context) error {
	return s.recoveryPage(c, pathRecoveryConfirm, func(v idp.RecoveryView) error {
		return s.render(c, http.StatusOK, s.confirmPage(c, v, ""))
	})
}

func (s *server) confirmPage(c echo.Context, v idp.RecoveryView, fault string) templates.Page {
	return s.page(c, "recovery-confirm", "rec.conf_t", templates.RecoveryConfirmPage{
		Contact: v.Contact, Digits: s.digits(mfa.SMS), Minutes: minutes(s.provider.Config().Limits.Recovery.Draft),
		Resent: c.QueryParam("done") == "resent", Error: fault,
	})
}

func (s *server) confirmContact(c echo.Context) error {
	ctx, b, secret := c.Request().Context(), browser(c), s.mailedToken(c, recoveryCookie)
	if field(c, "do") == "resend" {
		if err := s.provider.ResendContactCode(ctx, b, secret); err != nil {
			return err
		}
		return see(c, pathRecoveryConfirm+"?done=resent")
	}
	err := s.provider.ConfirmContact(ctx, b, secret, field(c, "code"))
	if err == nil {
		return see(c, pathRecoveryEvidence)
	}
	digits := s.digits(mfa.SMS)
	fault := ""
	if key := codeFault(err); key != "" {
		fault = s.speaker(c)(key, "n", digits)
	}
	if errors.Is(err, mfa.ErrWrongCode) {
		fault = s.speaker(c)("signup.e.code", "entered", typedCode(field(c, "code"), digits))
	}
	if errors.Is(err, idp.ErrStep) {
		return see(c, pathRecoveryStatus)
	}
	if fault == "" {
		return err
	}
	return s.recoveryPage(c, pathRecoveryConfirm, func(v idp.RecoveryView) error { return s.again(c, s.confirmPage(c, v, fault)) })
}
