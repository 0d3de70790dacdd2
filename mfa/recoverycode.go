package mfa

import (
	"crypto/rand"
	"encoding/base32"
	"strings"
)

// Recovery codes are look-up secrets that a person keeps on paper or in a
// password manager (NIST 800-63B §3.1.2, N-14). They stand in for a security
// code, once each; they are no backup method (S-053).

// crockford has no I, L, O and U: what people misread is read as what was meant.
var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// recoveryLength is how many characters a code has: 80 bits (C-45, N-15).
const recoveryLength = 16

// NewRecoveryCodes are n fresh codes, as [ParseRecoveryCode] reads them.
func NewRecoveryCodes(n int) []string {
	codes := make([]string, n)
	for i := range codes {
		raw := make([]byte, recoveryLength*5/8)
		_, _ = rand.Read(raw) // never fails
		codes[i] = crockford.EncodeToString(raw)
	}
	return codes
}

// RecoveryText is a code as people read it: in groups of four.
func RecoveryText(code string) string {
	var b strings.Builder
	for i, r := range code {
		if i > 0 && i%4 == 0 {
			b.WriteByte('-')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// ParseRecoveryCode reads what was typed: in any case, full-width or not, with
// or without hyphens and spaces, and with O, I and L for the digits they look
// like. The errors are [ErrCodeEmpty], [ErrCodeShort], [ErrCodeLong] and
// [ErrCodeChars]; such a code was not tried.
func ParseRecoveryCode(in string) (string, error) {
	code := strings.NewReplacer("O", "0", "I", "1", "L", "1").Replace(Alnum(in))
	switch {
	case code == "":
		return "", ErrCodeEmpty
	case strings.Trim(code, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") != "":
		return "", ErrCodeChars
	case len(code) < recoveryLength:
		return "", ErrCodeShort
	case len(code) > recoveryLength:
		return "", ErrCodeLong
	}
	return code, nil
}
