package web

import (
	"errors"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/templates"
)

// speaker gives the words of keys in the language of the request.
func (s *server) speaker(c echo.Context) func(key string, args ...any) string {
	lang := browser(c).Lang
	return func(key string, args ...any) string { return s.pages.Text(lang, key, args...) }
}

// local is a moment in the deployment's zone: a person's own zone is not known
// to the pages of a sign-in.
func (s *server) local(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	if zone := s.provider.Config().Zone; zone != nil {
		return t.In(zone)
	}
	return t.UTC()
}

// clock is a wait as a clock time, rounded up so that coming back then works
// (ux 2.4).
func (s *server) clock(t time.Time) string {
	return templates.Clock(s.local(t.Add(time.Minute - time.Second).Truncate(time.Minute)))
}

// appDigits is the length of the codes that authenticator apps show (C-04).
const appDigits = 6

// digits is the length of the codes that come by a channel; mails are like text messages (C-01).
func (s *server) digits(ch mfa.Channel) int {
	if ch == mfa.App {
		return appDigits
	}
	return s.provider.Config().Limits.MFA.CodeDigits
}

// typedCode is the code in what was typed, which may be a whole message.
func typedCode(typed string, digits int) string {
	if code, err := mfa.ParseCode(typed, digits); err == nil {
		return code
	}
	return mfa.Fold(typed)
}

// codeKeys are the words for a code that cannot be right (ux 4.2).
var codeKeys = []struct {
	err error
	key string
}{
	{mfa.ErrCodeEmpty, "code.e.empty"},
	{mfa.ErrCodeShort, "code.e.short"},
	{mfa.ErrCodeLong, "code.e.long"},
	{mfa.ErrCodeChars, "code.e.chars"},
	{mfa.ErrUsedCode, "code.e.used"},
	{mfa.ErrOldCode, "code.e.old"},
	{mfa.ErrExpiredCode, "code.e.expired"},
	{mfa.ErrNoChallenge, "code.e.expired"},
	{mfa.ErrFactorDisabled, "code.e.stopped"},
}

// codeFault finds the key for a code that was refused; empty for other errors.
func codeFault(err error) string {
	for _, f := range codeKeys {
		if errors.Is(err, f.err) {
			return f.key
		}
	}
	return ""
}

// allPaused reports whether a pause is the account's, of all methods at once
// (C-08): those of one method are never longer than the limits say.
func (s *server) allPaused(until time.Time, refused error) bool {
	soon, ok := errors.AsType[*mfa.TooSoonError](refused)
	return (ok && soon.What == "account") || until.Sub(s.now()) > s.provider.Config().Limits.MFA.MethodPause
}
