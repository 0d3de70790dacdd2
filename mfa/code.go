package mfa

import (
	"crypto/rand"
	"strings"
)

// NewCode makes a security code: every digit uniform and independent, leading
// zeros kept (N-18).
func NewCode(digits int) string {
	code := make([]byte, 0, digits)
	var random [16]byte
	for len(code) < digits {
		rand.Read(random[:]) // never fails: it ends the program instead
		for _, b := range random {
			// 250 is the last multiple of ten in a byte: what is above would favour 0 to 5.
			if b < 250 && len(code) < digits {
				code = append(code, '0'+b%10)
			}
		}
	}
	return string(code)
}

// spoken holds the digits as words. The Japanese ones are the readings that
// cannot be confused on the phone: never し, しち, く or れい (ux 8.2).
var spoken = map[string][10]string{
	"en": {"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"},
	"ja": {"ゼロ", "いち", "に", "さん", "よん", "ご", "ろく", "なな", "はち", "きゅう"},
}

// Spoken is a code as words, one for each digit, in Japanese or else in English.
// lang may carry a region ("ja-JP").
func Spoken(code, lang string) []string {
	lang, _, _ = strings.Cut(lang, "-")
	words, ok := spoken[strings.ToLower(lang)]
	if !ok {
		words = spoken["en"]
	}
	out := make([]string, 0, len(code))
	for _, r := range code {
		if r >= '0' && r <= '9' {
			out = append(out, words[r-'0'])
		}
	}
	return out
}
