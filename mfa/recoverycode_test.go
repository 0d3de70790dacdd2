package mfa_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/mfa"
)

// C-45, N-15: 80 bits each, all different, in groups that can be typed back.
func TestRecoveryCodesReadBack(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, code := range mfa.NewRecoveryCodes(1000) {
		text := mfa.RecoveryText(code)
		if got, err := mfa.ParseRecoveryCode(text); got != code || err != nil || len(code) != 16 || strings.Count(text, "-") != 3 {
			t.Fatalf("%s reads as %q, %v", text, got, err)
		}
		if seen[code] {
			t.Fatalf("%s came twice", text)
		}
		seen[code] = true
	}
}

func TestParseRecoveryCode(t *testing.T) {
	t.Parallel()
	const code = "7K4M2QXP9DHT5W01"
	for _, tt := range []struct {
		in   string
		code string
		err  error
	}{
		{"7K4M-2QXP-9DHT-5W01", code, nil},
		{" 7k4m 2qxp 9dht 5w01\n", code, nil},
		{"７Ｋ４Ｍ－２ｑｘｐ－９ＤＨＴー５Ｗ０１", code, nil},
		{"7K4M‐2QXP‐9DHT‐5WO1", code, nil}, // the letter O
		{"7K4M2QXP9DHT5Wol", code, nil},
		{"7K4M2QXP9DHT5WoI", code, nil},
		{"", "", mfa.ErrCodeEmpty},
		{" - \u3000", "", mfa.ErrCodeEmpty},
		{"7K4M-2QXP-9DHT", "", mfa.ErrCodeShort},
		{"123456", "", mfa.ErrCodeShort},
		{"7K4M-2QXP-9DHT-5W01-7", "", mfa.ErrCodeLong},
		{"7K4M-2QXP-9DHT-5W0U", "", mfa.ErrCodeChars},
		{"7K4M-2QXP-9DHT-5W0é", "", mfa.ErrCodeChars},
		{"'; DROP TABLE users", "", mfa.ErrCodeChars},
	} {
		if got, err := mfa.ParseRecoveryCode(tt.in); got != tt.code || !errors.Is(err, tt.err) {
			t.Errorf("%q: got %q, %v; want %q, %v", tt.in, got, err, tt.code, tt.err)
		}
	}
}
