package password

import (
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxPoints is the most code points of a password (C-29).
const maxPoints = 256

// Errors about new passwords. Each has its own text and advice (N-09).
var (
	// ErrLong: more than 256 code points or 1024 bytes.
	ErrLong = errors.New("password is too long")
	// ErrCommon: on a list of passwords that people use.
	ErrCommon = errors.New("password is in common use")
	// ErrSelf: made of the person's own name, address, number or birthday, or of the service's name.
	ErrSelf = errors.New("password is about the person")
)

// ShortError says that a password has fewer than Min code points.
type ShortError struct{ Min int }

// Error names the least length.
func (e *ShortError) Error() string {
	return fmt.Sprintf("password is shorter than %d characters", e.Min)
}

// Words are what a person's password may not consist of (S-009, A-6.1.2).
// Empty ones are left out.
type Words struct {
	Email, Name, Service string
	// Phones are numbers in E.164.
	Phones   []string
	Birthday time.Time
	// Others are the deployment's own words.
	Others []string
}

// Rules judge new passwords. Checking is safe for concurrent use once all
// lists are loaded.
type Rules struct{ listed []uint64 }

// Length counts the code points of a password as the rules do: in normal form
// C, each as one (N-08).
func Length(pw string) int { return utf8.RuneCountInString(norm.NFC.String(pw)) }

// Check judges a new password: a [ShortError] under least code points,
// [ErrLong], [ErrCommon], [ErrSelf], or nil. Code points are counted after
// normalisation (N-07, N-08). The whole password is compared, never its parts:
// a long phrase may contain anything (N-09). Which characters it is made of
// does not matter (N-10).
func (r *Rules) Check(pw string, least int, words Words) error {
	if len(pw) > maxTyped {
		return ErrLong
	}
	pw = norm.NFC.String(pw)
	switch n := Length(pw); {
	case n > maxPoints || len(pw) > maxBytes:
		return ErrLong
	case n < least:
		return &ShortError{Min: least}
	case words.spell(pw):
		return ErrSelf
	case r.has(pw):
		return ErrCommon
	}
	return nil
}

// Listed reports whether a password stands on a list: evidence that others know
// it, also where it was set before the list was there.
func (r *Rules) Listed(pw string) bool { return len(pw) <= maxTyped && r.has(norm.NFC.String(pw)) }
