package mfa

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

// Rules of this file (RFC 6238): SHA-1, six digits, steps of 30 seconds, for
// that is all that every app computes (S-015); a step is accepted once, and
// never after a later one (O-44, N-30); no step further than one from the clock's (C-03).

const (
	secretBytes = 20 // C-04; RFC 4226 R6
	minSecret   = 16 // RFC 4226 R6 asks for 128 bits
	stepSeconds = 30
)

var base32Text = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewSecret makes a TOTP key of 160 bits (C-04, O-40).
func NewSecret() []byte {
	secret := make([]byte, secretBytes)
	rand.Read(secret) // never fails: it ends the program instead
	return secret
}

// KeyURI is the otpauth URI that apps scan and open. It carries the issuer,
// the account label, the key and its three parameters, and nothing else (S-014).
func KeyURI(issuer, account string, secret []byte) string {
	// A colon parts issuer from account, so neither may have one.
	issuer, account = strings.ReplaceAll(issuer, ":", ""), strings.ReplaceAll(account, ":", "")
	query := url.Values{
		"secret": {base32Text.EncodeToString(secret)}, "issuer": {issuer},
		"algorithm": {"SHA1"}, "digits": {"6"}, "period": {"30"},
	}
	// Some apps show "+" as it is.
	return "otpauth://totp/" + url.PathEscape(issuer) + ":" + url.PathEscape(account) + "?" +
		strings.ReplaceAll(query.Encode(), "+", "%20")
}

// KeyText is the key to type into an app: base32 in groups of four (S-052).
func KeyText(secret []byte) string {
	var groups []string
	for group := range slices.Chunk([]byte(base32Text.EncodeToString(secret)), 4) {
		groups = append(groups, string(group))
	}
	return strings.Join(groups, " ")
}

// TOTPAt is the code that an app shows at a moment.
func TOTPAt(secret []byte, at time.Time) string { return codeOf(secret, StepAt(at)) }

// VerifyTOTP compares a code with the steps acceptable at a moment and answers
// with the step that matched and the drift learned from it; both are to be
// kept, by compare-and-swap on the step, before the code counts (T-25, T-26).
//
// last is the last step accepted, 0 for none, and drift what was learned
// before. Acceptable are the clock's step, the one before, and the one that
// drift names. A clock that runs fast is learned at enrolment: while last is 0,
// the step after is acceptable too, which is the most that C-03 allows.
//
// The errors are [ErrWrongCode], and [ErrUsedCode] for a right code whose step
// is not later than last: also the one used at enrolment (O-47).
func VerifyTOTP(secret []byte, code string, at time.Time, last int64, drift int) (step int64, newDrift int, err error) {
	if len(secret) < minSecret {
		return 0, drift, ErrWrongCode
	}
	now := StepAt(at)
	ahead := last == 0 || drift > 0
	err = ErrWrongCode
	// Every step is computed and compared, whichever matches, oldest first: of
	// two steps with the same code the later one is taken.
	for offset := -1; offset <= 1; offset++ {
		candidate := now + int64(offset)
		match := subtle.ConstantTimeCompare([]byte(codeOf(secret, candidate)), []byte(code)) == 1
		switch {
		case !match || offset == 1 && !ahead:
		case candidate <= last:
			err = ErrUsedCode
		default:
			step, newDrift, err = candidate, learn(drift, offset), nil
		}
	}
	if err != nil {
		return 0, drift, err
	}
	return step, newDrift, nil
}

// learn is the drift after a match (RFC 6238 §6, O-45). A match at the clock's
// own step says nothing new: a fast clock shows it, too, to who types slowly.
func learn(drift, offset int) int {
	if offset == 0 {
		return drift
	}
	return offset
}

// StepAt is the number of the time step at a moment (RFC 6238 §4.2).
func StepAt(at time.Time) int64 { return at.Unix() / stepSeconds }

// codeOf is the code of one step. H-20: the library's own Validate cannot tell
// which step matched, so that codes could be used twice; only its arithmetic serves.
func codeOf(secret []byte, step int64) string {
	counter := uint64(step) //nolint:gosec // G115: before 1970 it wraps, and the code is nobody's
	code, err := hotp.GenerateCodeCustom(base32Text.EncodeToString(secret), counter,
		hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		return "" // cannot happen: the secret was encoded a line above
	}
	return code
}
