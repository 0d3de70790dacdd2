package password_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp/password"
)

func rules(t testing.TB) *password.Rules {
	t.Helper()
	r, err := password.NewRules()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func hana() password.Words {
	return password.Words{
		Email: "hana.sato@example.jp", Name: "佐藤 Hanako", Service: "Sekisho",
		Phones:   []string{"+819012345678", "+12025550123"},
		Birthday: time.Date(1987, 3, 9, 0, 0, 0, 0, time.UTC),
		Others:   []string{"Marukawa Mart"},
	}
}

func TestNewPasswordIsJudged(t *testing.T) {
	t.Parallel()
	r := rules(t)
	short := func(least int) error { return &password.ShortError{Min: least} }
	tests := []struct {
		name  string
		pw    string
		least int
		want  error
	}{
		// N-07, C-29.
		{"14 alone is too short", "wg7-hq2-vk9-xt", 15, short(15)},
		{"15 alone is enough", "wg7-hq2-vk9-xt4", 15, nil},
		{"7 beside a second step is too short", "wg7-hq2", 8, short(8)},
		{"8 beside a second step is enough", "wg7-hq2-", 8, nil},
		// N-08: code points after normalisation.
		{"8 emoji are 8 characters", "🦊🍵🎐🗻🚉🧭🪷🛶", 8, nil},
		{"64 emoji", strings.Repeat("🦊🍵🎐🗻", 16), 15, nil},
		{"marks that compose do not count", "か\u3099き\u3099く\u3099け\u3099", 8, short(8)},
		{"256 code points", strings.Repeat("竹取物語", 64), 15, nil},
		{"257 code points", strings.Repeat("竹取物語", 64) + "x", 15, password.ErrLong},
		{"a megabyte", strings.Repeat("x", 1<<20), 15, password.ErrLong},
		// N-10: no composition rules.
		{"lower-case letters only", "tulip gravel ocean", 15, nil},
		{"digits only", "83016274950168", 8, nil},
		// N-09, A-6.2.4, S-007: common passwords.
		{"common", "password123", 8, password.ErrCommon},
		{"common, in capitals", "PassWord123", 8, password.ErrCommon},
		{"common, full width", "ｐａｓｓｗｏｒｄ１２３", 8, password.ErrCommon},
		{"common, with signs for letters", "p@ssw0rd", 8, password.ErrCommon},
		{"common, Japanese", "aishiteru", 8, password.ErrCommon},
		{"common and long enough alone", "passwordpassword", 15, password.ErrCommon},
		{"walk over the keyboard", "1qaz2wsx3edc4rfv", 15, password.ErrCommon},
		{"counting", "123456789012345", 15, password.ErrCommon},
		{"one sign", "        ", 8, password.ErrCommon},
		{"one key", "aaaaaaaaaaaaaaa", 15, password.ErrCommon},
		{"name and year", "takahashi1975", 8, password.ErrCommon},
		{"date of birth of anybody", "19750421", 8, password.ErrCommon},
		// S-009, N-09, A-6.2.11: about the person or the service, as a whole.
		{"own address", "hana.sato@example.jp", 15, password.ErrSelf},
		{"own address before the at sign", "hana.sato", 8, password.ErrSelf},
		{"own address and digits", "HanaSato0309!", 8, password.ErrSelf},
		{"own name, doubled", "hanakohanako", 8, password.ErrSelf},
		{"own name and address", "sato-hanako", 8, password.ErrSelf},
		{"own name in kanji", "佐藤佐藤1987!!", 8, password.ErrSelf},
		{"service and year", "Sekisho2026", 8, password.ErrSelf},
		{"year and service", "2026sekisho", 8, password.ErrSelf},
		{"service and name", "sekishohanako123", 15, password.ErrSelf},
		{"the deployment's word", "marukawa mart 1", 15, password.ErrSelf},
		{"birthday", "1987-03-09", 8, password.ErrSelf},
		{"birthday, twice", "8703091987", 8, password.ErrSelf},
		{"own number", "090-1234-5678", 8, password.ErrSelf},
		{"own number with the country", "+81 90 1234 5678", 8, password.ErrSelf},
		{"own number and birthday", "090123456780309", 15, password.ErrSelf},
		{"own foreign number", "12025550123", 8, password.ErrSelf},
		// N-09: never parts of it.
		{"a phrase that contains the service", "sekisho stood by the old road", 15, nil},
		{"a phrase that contains the name", "hanako likes rainy mondays", 15, nil},
		{"a phrase that contains a common password", "my password is kept in a tin box", 15, nil},
		{"a name among many digits", "hanako 8301627495", 15, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := r.Check(tt.pw, tt.least, hana())
			var gotShort, wantShort *password.ShortError
			if errors.As(tt.want, &wantShort) {
				if !errors.As(got, &gotShort) || *gotShort != *wantShort {
					t.Errorf("%q: got %v, want %v", tt.pw, got, tt.want)
				}
			} else if !errors.Is(got, tt.want) {
				t.Errorf("%q: got %v, want %v", tt.pw, got, tt.want)
			}
		})
	}
}

func TestNothingKnownAboutThePersonForbidsNothing(t *testing.T) {
	t.Parallel()
	if err := rules(t).Check("hana.sato.8830", 8, password.Words{}); err != nil {
		t.Errorf("got %v", err)
	}
}

//
func TestOperatorsListsAreAdded(t *testing.T) {
	t.Parallel()
	r := rules(t)
	// The SHA-1 of "Tulip Gravel Ocean" as in a download, and a plain line.
	list := "3B32806F040E9103CDDB4CED1DC4E15B12C81C32:17\r\n\nwobbly teapot lid\n"
	n, err := r.LoadList(strings.NewReader(list))
	if err != nil || n != 2 {
		t.Fatalf("got %d lines, %v", n, err)
	}
	for _, pw := range []string{"Tulip Gravel Ocean", "wobbly teapot lid", "Wobbly Teapot Lid"} {
		if err := r.Check(pw, 15, password.Words{}); !errors.Is(err, password.ErrCommon) {
			t.Errorf("%q: got %v, want ErrCommon", pw, err)
		}
	}
	for _, pw := range []string{"Tulip Gravel Oceans", "wobbly teapot lids"} {
		if err := r.Check(pw, 15, password.Words{}); err != nil {
			t.Errorf("%q: got %v", pw, err)
		}
	}
	if _, err := r.LoadList(strings.NewReader(strings.Repeat("x", 1<<20))); err == nil {
		t.Error("a line of a megabyte was taken")
	}
}

// at least 10 000 that a length of eight admits; and enough that fifteen admits.
func TestBuiltInListIsLongEnough(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("common.txt.gz")
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if _, err := text.ReadFrom(z); err != nil {
		t.Fatal(err)
	}
	count := map[bool]int{}
	for line := range strings.Lines(text.String()) {
		n := len([]rune(strings.TrimSuffix(line, "\n")))
		if n < 8 {
			t.Fatalf("%q is too short to matter", line)
		}
		count[n >= 15]++
	}
	if count[false] < 10_000 || count[true] < 10_000 {
		t.Errorf("got %d of 8 to 14 characters and %d longer ones", count[false], count[true])
	}
}

func BenchmarkCheck(b *testing.B) {
	r, words := rules(b), hana()
	for b.Loop() {
		if err := r.Check("tulip gravel ocean", 15, words); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNewRules(b *testing.B) {
	for b.Loop() {
		rules(b)
	}
}
