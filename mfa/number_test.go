package mfa_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/mfa"
)

func TestNumbersAsShown(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ e164, national, masked, prefix, tail string }{
		{"+819012345678", "090-1234-5678", "090-••••-5678", "+81901234", "78"},
		{"+816012345678", "060-1234-5678", "060-••••-5678", "+81601234", "78"},
		{"+81455550134", "045-555-0134", "045-•••-0134", "+8145555", "34"},
		{"+81312345678", "03-1234-5678", "03-••••-5678", "+8131234", "78"},
		{"+81126721234", "01267-2-1234", "•••••-•-••34", "+8112672", "34"},
		{"+14155552671", "(415) 555-2671", "(415) •••-2671", "+1415555", "71"},
		{"+33612345678", "06 12 34 56 78", "06 •• •• 56 78", "+3361234", "78"},
		{"+447400123456", "07400 123456", "07400 ••3456", "+44740012", "56"},
		{"", "", "", "", ""},
	} {
		got := []string{mfa.National(tc.e164), mfa.Masked(tc.e164), mfa.Prefix(tc.e164), mfa.Tail(tc.e164, 2)}
		if diff := cmp.Diff([]string{tc.national, tc.masked, tc.prefix, tc.tail}, got); diff != "" {
			t.Errorf("%s: %s", tc.e164, diff)
		}
	}
	if got := mfa.Tail("+819012345678", 4); got != "5678" {
		t.Errorf("Tail(4) = %q", got)
	}
}

func TestCountriesAreTheAllowList(t *testing.T) {
	t.Parallel()
	want := []mfa.Country{{ISO: "JP", Prefix: "+81"}, {ISO: "US", Prefix: "+1"}}
	if diff := cmp.Diff(want, mfa.Countries(mfa.Limits{Countries: []string{"JP", "US", "XX"}})); diff != "" {
		t.Error(diff)
	}
}

// S-055: one phone typed in many ways is one number.
func TestSameNumberHoweverTyped(t *testing.T) {
	t.Parallel()
	var first string
	for _, in := range []string{"090-1234-5678", "０９０１２３４５６７８", "+81 90 1234 5678", "+81 (0)90 1234 5678"} {
		p, err := mfa.ParsePhone("JP", in, mfa.SMS, mfa.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = p.E164
		}
		if !mfa.SameNumber(first, p.E164) {
			t.Errorf("%q is another number than %q", p.E164, first)
		}
	}
	if mfa.SameNumber("", "") {
		t.Error("two missing numbers are the same number")
	}
}
