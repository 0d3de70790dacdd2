package mfa_test

import (
	"testing"

	"github.com/sekisho-id/sekisho/mfa"
)

// N-40, S-062: neither a disabled method nor a draft may be asked for a code.
func TestUsableFactors(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		f    mfa.Factor
		want bool
	}{
		"unverified backup (S-060)": {mfa.Factor{}, true},
		"verified":                  {mfa.Factor{VerifiedAt: noon}, true},
		"disabled":                  {mfa.Factor{VerifiedAt: noon, DisabledAt: noon}, false},
		"draft":                     {mfa.Factor{VerifiedAt: noon, Draft: true}, false},
	} {
		if got := tc.f.Usable(); got != tc.want {
			t.Errorf("%s: usable %t", name, got)
		}
		if got := tc.f.Verified(); got == tc.f.VerifiedAt.IsZero() {
			t.Errorf("%s: verified %t", name, got)
		}
	}
}
