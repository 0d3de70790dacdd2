package mfa_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sekisho-id/sekisho/mfa"
)

// N-18: every digit at every place is about equally likely, zero in front included.
func TestNewCodeIsUniform(t *testing.T) {
	t.Parallel()
	const n, digits = 20_000, 6
	var count [digits][10]int
	for range n {
		code := mfa.NewCode(digits)
		if len(code) != digits {
			t.Fatalf("NewCode(%d) = %q", digits, code)
		}
		for i, r := range code {
			count[i][r-'0']++
		}
	}
	for place := range count {
		var chi2 float64
		for _, c := range count[place] {
			d := float64(c) - n/10
			chi2 += d * d / (n / 10)
		}
		if chi2 > 45 { // nine degrees of freedom: once in a million
			t.Errorf("place %d: χ² = %.1f, counts %v", place, chi2, count[place])
		}
	}
}

func TestNewCodeCanBeTyped(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		digits := rapid.IntRange(6, 8).Draw(t, "digits")
		code := mfa.NewCode(digits)
		if got, err := mfa.ParseCode(code, digits); got != code || err != nil {
			t.Fatalf("ParseCode(%q) = %q, %v", code, got, err)
		}
	})
}

// ux 8.2: し, しち, く and れい are confused on the phone.
func TestSpoken(t *testing.T) {
	t.Parallel()
	want := []string{"ゼロ", "いち", "に", "さん", "よん", "ご", "ろく", "なな", "はち", "きゅう"}
	if diff := cmp.Diff(want, mfa.Spoken("0123456789", "ja-JP")); diff != "" {
		t.Error(diff)
	}
	if got := strings.Join(mfa.Spoken("48 29-13", "en"), " "); got != "four eight two nine one three" {
		t.Error(got)
	}
	if diff := cmp.Diff(mfa.Spoken("07", "en"), mfa.Spoken("07", "fr")); diff != "" {
		t.Error("another language speaks English:", diff)
	}
}
