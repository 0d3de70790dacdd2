package web

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/recovery"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/templates"
)

// uploadTime is how long a file may take: phones are slow, and nothing waits for them.
const uploadTime = 5 * time.Minute

// partsKey is where onlyOurUploads leaves what is still to be read.
const partsKey = "parts"

// uploads reports whether a request may be as large as a piece of evidence.
func uploads(c echo.Context) bool {
	return c.Request().Method == http.MethodPost && c.Path() == pathRecoveryEvidence
}

// bodyLimit is how large a request may be. Files are read twice as far as they
// may go, so that who sends too large a one is told.
func (s *server) bodyLimit(c echo.Context) int64 {
	if uploads(c) {
		return int64(s.provider.Config().Limits.Recovery.FileKiB)<<11 + maxBody
	}
	return maxBody
}

// onlyOurUploads is onlyOurForms for a form with a file: its token comes first
// and is looked at before anything else is read (N-57, T-05).
func (s *server) onlyOurUploads(next echo.HandlerFunc) echo.HandlerFunc {
	plain := s.onlyOurForms(next)
	return func(c echo.Context) error {
		r := c.Request()
		kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
			return plain(c)
		}
		if err := s.origin.Check(r); err != nil {
			return errCrossSite
		}
		b := browser(c)
		if b.Flow == "" {
			return idp.ErrNoCookie
		}
		parts := multipart.NewReader(r.Body, params["boundary"])
		first, err := parts.NextPart()
		if err != nil || first.FormName() != "csrf" {
			return errForm
		}
		token, err := io.ReadAll(io.LimitReader(first, 200))
		if err != nil || subtle.ConstantTimeCompare([]byte(formToken(b)), token) != 1 {
			return errForm
		}
		c.Set(partsKey, parts)
		return next(c)
	}
}

// takeTime lets the one request go on for longer than others may.
func takeTime(c echo.Context) (stop func()) {
	rc := http.NewResponseController(c.Response())
	if rc.SetReadDeadline(time.Time{}) != nil || rc.SetWriteDeadline(time.Time{}) != nil {
		return func() {} // no connection: a test
	}
	timer := time.AfterFunc(uploadTime, func() {
		_ = rc.SetReadDeadline(time.Unix(1, 0))
	})
	return func() { timer.Stop() }
}

func (s *server) recoveryEvidence(c echo.Context) error {
	return s.recoveryPage(c, pathRecoveryEvidence, func(v idp.RecoveryView) error {
		return s.render(c, http.StatusOK, s.evidencePage(c, v))
	})
}

func (s *server) evidencePage(c echo.Context, v idp.RecoveryView) templates.Page {
	l := s.provider.Config().Limits.Recovery
	data := templates.RecoveryEvidencePage{MB: l.FileKiB >> 10, Most: l.Files, Days: days(l.Evidence), Again: v.State == recovery.Asked}
	if data.Again {
		data.Wanted = v.Wanted
	}
	for _, f := range v.Files {
		data.Files = append(data.Files, evidenceRow(f, s.local))
	}
	return s.page(c, "recovery-evidence", "rec.ev_t", data)
}

func evidenceRow(f idp.EvidenceView, at func(time.Time) time.Time) templates.EvidenceRow {
	size := fmt.Sprintf("%d KB", (f.Size+1023)>>10)
	if f.Size >= 1<<20 {
		size = fmt.Sprintf("%.1f MB", float64(f.Size)/(1<<20))
	}
	return templates.EvidenceRow{ID: f.ID, Name: f.Name, Size: size, Image: f.Kind.Image(), At: at(f.At)}
}

// attach streams the file of the form to where it is sealed.
func (s *server) attach(c echo.Context) error {
	defer takeTime(c)()
	err := idp.ErrEvidence
	if parts, ok := c.Get(partsKey).(*multipart.Reader); ok {
		err = s.attachPart(c, parts)
	}
	if err == nil {
		return see(c, pathRecoveryEvidence)
	}
	if errors.Is(err, idp.ErrStep) {
		return see(c, pathRecoveryStatus)
	}
	fault := s.evidenceFault(c, err)
	if fault == "" {
		return err
	}
	return s.evidenceAgain(c, func(d *templates.RecoveryEvidencePage) { d.FileError = fault })
}

func (s *server) attachPart(c echo.Context, parts *multipart.Reader) error {
	part, err := parts.NextPart()
	for ; err == nil && part.FormName() != "file"; part, err = parts.NextPart() {
		_ = part.Close()
	}
	if errors.Is(err, io.EOF) || err == nil && part.FileName() == "" {
		return idp.ErrEvidence
	}
	if err != nil {
		return err
	}
	err = s.provider.Attach(c.Request().Context(), browser(c), s.mailedToken(c, recoveryCookie), part.FileName(), part)
	if err != nil { // the answer is read once the file is sent
		_, _ = io.Copy(io.Discard, part)
	}
	return err
}

// evidenceFault is what the person is told of a file; empty for other errors.
func (s *server) evidenceFault(c echo.Context, err error) string {
	say, size := s.speaker(c), s.provider.Config().Limits.Recovery.FileKiB>>10
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		err = idp.ErrEvidenceSize
	}
	for _, f := range []struct {
		err error
		key string
	}{
		{idp.ErrEvidence, "rec.e.pick"},
		{idp.ErrEvidenceSize, "rec.e.size"},
		{idp.ErrTooMany, "rec.e.many"},
		{recovery.ErrKind, "rec.e.kind"},
		{recovery.ErrPixels, "rec.e.pixels"},
	} {
		if errors.Is(err, f.err) {
			return say(f.key, "size", size)
		}
	}
	return ""
}

// evidenceAgain shows the page with a fault.
func (s *server) evidenceAgain(c echo.Context, change func(*templates.RecoveryEvidencePage)) error {
	return s.recoveryPage(c, pathRecoveryEvidence, func(v idp.RecoveryView) error {
		p := s.evidencePage(c, v)
		if data, ok := p.Data.(templates.RecoveryEvidencePage); ok {
			change(&data)
			p.Data = data
		}
		return s.again(c, p)
	})
}

func (s *server) detach(c echo.Context) error {
	err := s.provider.Detach(c.Request().Context(), browser(c), s.mailedToken(c, recoveryCookie), field(c, "file"))
	if err != nil && !errors.Is(err, idp.ErrNotFound) && !errors.Is(err, idp.ErrStep) {
		return err
	}
	return see(c, pathRecoveryEvidence)
}

func (s *server) sendRecovery(c echo.Context) error {
	more := field(c, "more")
	err := s.provider.SendRecovery(c.Request().Context(), browser(c), s.mailedToken(c, recoveryCookie), more)
	fault := ""
	switch soon, late := errors.AsType[*mfa.TooSoonError](err); {
	case err == nil, errors.Is(err, idp.ErrStep):
		return see(c, pathRecoveryStatus)
	case errors.Is(err, idp.ErrEvidence):
		fault = s.speaker(c)("rec.e.none")
	case errors.Is(err, idp.ErrRecoveryOpen):
		fault = s.speaker(c)("rec.e.open")
	case late:
		fault = s.speaker(c)("rec.e.soon", "time", s.moment(c, soon.At))
	default:
		return err
	}
	return s.evidenceAgain(c, func(d *templates.RecoveryEvidencePage) { d.SendError, d.More = fault, more })
}

// recoveryStatus is where the mailed links lead. The secret moves into a cookie at once.
func (s *server) recoveryStatus(c echo.Context) error {
	if secret := c.QueryParam("token"); secret != "" {
		if _, err := s.provider.RecoveryStatus(c.Request().Context(), secret); err != nil {
			return err
		}
		s.keepRecovery(c, secret)
		return see(c, pathRecoveryStatus)
	}
	return s.recoveryPage(c, pathRecoveryStatus, func(v idp.RecoveryView) error {
		at := s.reader(c, idp.User{Zone: v.Zone}).at
		l := s.provider.Config().Limits.Recovery
		data := templates.RecoveryStatusPage{
			Ref: v.Ref, State: string(v.State), Sent: at(v.SentAt), Due: at(v.DueAt), Over: at(v.ClosedAt), Hours: hours(l.WaitLong),
			Owner: v.Owner, Password: v.Password, Wanted: v.Wanted,
			Denied: v.Owner && v.State == recovery.Cancelled && c.QueryParam("done") == "deny",
		}
		if v.Password {
			data.Hours = hours(l.Wait)
		}
		if v.State == recovery.Refused && c.QueryParam("done") == "found" {
			data.State = string(recovery.Cancelled) // they just did it themselves
		}
		return s.render(c, http.StatusOK, s.page(c, "recovery-status", "rec.st_t", data))
	})
}

func (s *server) cancelRecovery(c echo.Context) error {
	denied := field(c, "do") == "deny"
	err := s.provider.CancelRecovery(c.Request().Context(), browser(c), s.mailedToken(c, recoveryCookie), denied)
	switch {
	case errors.Is(err, recovery.ErrOver), errors.Is(err, recovery.ErrNotNow):
		return see(c, pathRecoveryStatus) // the page says what is true
	case err != nil:
		return err
	case denied:
		return see(c, pathRecoveryStatus+"?done=deny")
	}
	return see(c, pathRecoveryStatus+"?done=found")
}
