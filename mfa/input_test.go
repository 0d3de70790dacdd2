package mfa_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/sekisho-id/sekisho/mfa"
)

func TestParseCode(t *testing.T) {
	t.Parallel()
	const message = "【Sekisho】認証コード 482913（2回目・10分間有効）\nだれにも教えないでください\n@id.example.jp #482913"
	for _, tc := range []struct {
		name, in, want string
		digits         int
		err            error
	}{
		{"plain", "482913", "482913", 6, nil},
		{"full width (T-59)", "４８２９１３", "482913", 6, nil},
		{"a space", "482 913", "482913", 6, nil},
		{"a hyphen", "482-913", "482913", 6, nil},
		{"a long vowel mark for a hyphen", "４８２ー９１３", "482913", 6, nil},
		{"an ideographic space and a line feed", " 482　913\n", "482913", 6, nil},
		{"leading zeros stay (O-41)", "004821", "004821", 6, nil},
		{"direction marks", "\u202d482913\u202c", "482913", 6, nil},
		{"Arabic digits", "٤٨٢٩١٣", "482913", 6, nil},
		{"mathematical digits", "𝟜𝟠𝟚𝟡𝟙𝟛", "482913", 6, nil},
		{"a pasted message", message, "482913", 6, nil},
		{"an English message", "482913 is your Sekisho code (no. 2, 10 min). Never share it.\n@id.example.jp #482913", "482913", 6, nil},
		{"digits after the code", "Code 482913 10 min", "482913", 6, nil},
		{"a spaced code in words", "code: 482 913", "482913", 6, nil},
		{"eight digits", "1234-5678", "12345678", 8, nil},
		{"empty", "", "", 6, mfa.ErrCodeEmpty},
		{"spaces only", " \u3000\t", "", 6, mfa.ErrCodeEmpty},
		{"a dash only", "ー", "", 6, mfa.ErrCodeEmpty},
		{"five digits", "48291", "", 6, mfa.ErrCodeShort},
		{"seven digits", "4829133", "", 6, mfa.ErrCodeLong},
		{"two codes in a row", "482913 111222", "", 6, mfa.ErrCodeLong},
		{"a letter", "48291a", "", 6, mfa.ErrCodeChars},
		{"letters", "abc", "", 6, mfa.ErrCodeChars},
		{"two different codes", "482913 and 111222", "", 6, mfa.ErrCodeChars},
		{"kanji digits", "四八二九一三", "", 6, mfa.ErrCodeChars},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := mfa.ParseCode(tc.in, tc.digits)
			if got != tc.want || !errors.Is(err, tc.err) {
				t.Errorf("ParseCode(%q) = %q, %v; want %q, %v", tc.in, got, err, tc.want, tc.err)
			}
		})
	}
}

// T-59: every decimal digit that Unicode knows; it keeps them in sets of ten, in order.
func TestFoldKnowsEveryDigit(t *testing.T) {
	t.Parallel()
	check := func(lo, hi rune) {
		for r := lo; r <= hi; r++ {
			if want := string('0' + (r-lo)%10); mfa.Fold(string(r)) != want {
				t.Errorf("Fold(%U) = %q, want %s", r, mfa.Fold(string(r)), want)
			}
		}
	}
	for _, set := range unicode.Nd.R16 {
		check(rune(set.Lo), rune(set.Hi))
	}
	for _, set := range unicode.Nd.R32 {
		check(rune(set.Lo), rune(set.Hi))
	}
}

func TestAlnumReadsCodesWithoutLookAlikes(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"7K4M-2QXP-9D", "7k4m2qxp9d", "７ｋ４ｍー２ｑｘｐー９ｄ", "7K4M 2QXP 9D", "7K4M–2QXP—9D"} {
		if got := mfa.Alnum(in); got != "7K4M2QXP9D" {
			t.Errorf("Alnum(%q) = %q", in, got)
		}
	}
}

// T-56: what a person names an app ends up in pages, mails and logs.
func TestNameCannotForgeALogLine(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ in, want string }{
		{"My iPhone", "My iPhone"},
		{"  私の　電話 ", "私の 電話"},
		{"a\r\nlevel=ERROR msg=x", "a level=ERROR msg=x"},
		{"red\x1b[31m", "red[31m"},
		{"\u202egnp.exe", "gnp.exe"},
		{"bad\xff\xfeutf8", "badutf8"},
		{"\x00\u200b", ""},
		{strings.Repeat("あ", 60), strings.Repeat("あ", 40)},
		{strings.Repeat("a", 39) + " b", strings.Repeat("a", 39)},
	} {
		if got := mfa.CleanName(tc.in); got != tc.want {
			t.Errorf("CleanName(%q) = %q, want %q", tc.in, got, tc.want)
		}
	}
}

func FuzzParseCode(f *testing.F) {
	for _, s := range []string{"482913", "４８２ー９１３", "コード 482913（10分）", "@a #000000", "", "\xff", "12 34 56 7"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got, err := mfa.ParseCode(in, 6)
		if err != nil {
			if got != "" {
				t.Errorf("ParseCode(%q) = %q with error %v", in, got, err)
			}
			return
		}
		if len(got) != 6 || strings.Trim(got, "0123456789") != "" {
			t.Errorf("ParseCode(%q) = %q, not six digits", in, got)
		}
		if again, err := mfa.ParseCode(got, 6); again != got || err != nil {
			t.Errorf("ParseCode is not stable: %q, %q, %v", in, again, err)
		}
	})
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"０９０ー１２３４", "\u202d+81 (0)90", "𝟘", "\u3164", "ﷺ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got := mfa.Fold(in)
		for _, r := range got {
			if unicode.IsSpace(r) || unicode.IsDigit(r) && r > '9' {
				t.Errorf("Fold(%q) keeps %q", in, r)
			}
		}
		name := mfa.CleanName(in)
		if utf8.RuneCountInString(name) > 40 || strings.ContainsFunc(name, unicode.IsControl) {
			t.Errorf("CleanName(%q) = %q", in, name)
		}
	})
}
