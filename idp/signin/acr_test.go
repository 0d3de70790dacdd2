package signin_test

import (
	"testing"

	"github.com/sekisho-id/sekisho/idp/signin"
)

// The answer names a level as it was asked for, and never one that was not proved.
func TestAskedACR(t *testing.T) {
	t.Parallel()
	const pwd, device, code, refeds = "urn:sekisho:acr:pwd", "urn:sekisho:acr:trusted-device", "urn:sekisho:acr:2sv", "https://refeds.org/profile/mfa"
	aliases := map[string]string{refeds: code, "loa1": pwd}
	tests := []struct {
		name    string
		have    signin.Level
		asked   []string
		binding bool
		want    string
	}{
		{"nothing asked", signin.LevelTwoStep, nil, false, ""},
		{"its own name", signin.LevelTwoStep, []string{code}, false, ""},
		{"an alias", signin.LevelTwoStep, []string{refeds}, false, refeds},
		{"the first of two names", signin.LevelTwoStep, []string{refeds, code}, false, refeds},
		{"the first of two names, its own", signin.LevelTwoStep, []string{code, refeds}, false, ""},
		{"an alias that was not reached", signin.LevelPassword, []string{refeds}, false, ""},
		{"an alias that was not reached, binding", signin.LevelPassword, []string{refeds}, true, ""},
		{"a lower wish says the truth", signin.LevelTwoStep, []string{pwd}, false, ""},
		{"a lower binding name", signin.LevelTwoStep, []string{pwd}, true, pwd},
		{"the strongest of binding names", signin.LevelTwoStep, []string{pwd, "phr", device, "loa1"}, true, device},
		{"unknown names", signin.LevelTwoStep, []string{"gold", ""}, true, ""},
		{"nothing proved", signin.LevelNone, []string{pwd, refeds}, true, ""},
	}
	for _, tt := range tests {
		if got := signin.AskedACR(tt.have, tt.asked, tt.binding, aliases); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}
