package mfa_test

import (
	"testing"

	"github.com/sekisho-id/sekisho/mfa"
)

// S-039: what is shown as an example would be accepted.
func TestExamplesAreNumbersOfTheirCountry(t *testing.T) {
	t.Parallel()
	l := mfa.DefaultLimits()
	l.Countries = []string{"JP", "US", "GB", "FR", "KR", "TW", "SG"}
	for _, iso := range l.Countries {
		for _, ch := range []mfa.Channel{mfa.SMS, mfa.Voice} {
			example := mfa.Example(iso, ch)
			if p, err := mfa.ParsePhone(iso, example, ch, l); err != nil || p.Country != iso {
				t.Errorf("Example(%s, %s) = %q, read as %+v, %v", iso, ch, example, p, err)
			}
		}
	}
	if got := mfa.Example("XX", mfa.SMS); got != "" {
		t.Errorf("no country has example %q, want none", got)
	}
}
