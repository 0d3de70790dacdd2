package mfa

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Rule of this file: liberal in what people type, strict in what is kept
// (ux 2.3, T-59). Nothing here looks at a length limit of a form; forms do.

// nameLength is how many characters of an app's name are kept (T-56).
const nameLength = 40

// Fold writes what was typed in the characters it stands for: full-width forms
// become ASCII (NFKC), any decimal digit becomes 0 to 9, every dash look-alike
// becomes "-". Spaces and invisible characters are dropped: contact apps add
// direction marks to copied numbers.
func Fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, foldRunes(s))
}

// foldRunes is Fold that keeps spaces, so that a pasted message stays in words.
func foldRunes(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsDigit(r):
			return '0' + digitValue(r)
		case unicode.Is(unicode.Pd, r), strings.ContainsRune("\u2212\u30fc\u2500\u02d7\u2043", r):
			return '-'
		case unicode.Is(unicode.Cf, r), r == '\u1160': // U+1160 is what NFKC makes of the Hangul fillers.
			return -1
		}
		return r
	}, norm.NFKC.String(s))
}

// digitValue is the value of a decimal digit of any script: after NFKC, no set
// of ten touches another, so it is the number of digits just below.
func digitValue(r rune) rune {
	v := rune(0)
	for v < 9 && unicode.IsDigit(r-v-1) {
		v++
	}
	return v
}

// ParseCode reads a security code of the given number of digits. Spaces and
// hyphens inside it do not matter. A whole message may be pasted: it is
// accepted when exactly one distinct run of that many digits is in it.
// The errors are [ErrCodeEmpty], [ErrCodeShort], [ErrCodeLong] and [ErrCodeChars].
func ParseCode(in string, digits int) (string, error) {
	folded := Fold(in)
	code := strings.ReplaceAll(folded, "-", "")
	switch {
	case code == "":
		return "", ErrCodeEmpty
	case !onlyDigits(code):
		// Words first: without its spaces "482913 10 min" would be one run of eight.
		if run, ok := oneRun(foldRunes(in), digits); ok {
			return run, nil
		}
		if run, ok := oneRun(code, digits); ok {
			return run, nil
		}
		return "", ErrCodeChars
	case len(code) < digits:
		return "", ErrCodeShort
	case len(code) > digits:
		return "", ErrCodeLong
	}
	return code, nil
}

// oneRun finds the only distinct run of exactly n digits in s.
func oneRun(s string, n int) (run string, ok bool) {
	for _, f := range strings.FieldsFunc(s, func(r rune) bool { return r < '0' || r > '9' }) {
		switch {
		case len(f) != n || f == run: // the same code twice is one: text and "@host #code"
		case run != "":
			return "", false
		default:
			run = f
		}
	}
	return run, run != ""
}

// Alnum reads a recovery or device code: folded, upper case, without hyphens.
func Alnum(in string) string {
	return strings.ToUpper(strings.ReplaceAll(Fold(in), "-", ""))
}

// CleanName makes an app's name fit to be shown and logged: printable
// characters only, single spaces, at most 40 characters (T-56).
// It is empty when nothing remains.
func CleanName(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsPrint(r):
			return r
		}
		return -1
	}, norm.NFC.String(strings.ToValidUTF8(s, "")))
	runes := []rune(strings.Join(strings.Fields(s), " "))
	return strings.TrimSpace(string(runes[:min(len(runes), nameLength)]))
}

func onlyDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
