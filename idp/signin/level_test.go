package signin_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
)

// The table of requirements.md 2.C.2.
func TestAMRFollowsTheTable(t *testing.T) {
	t.Parallel()
	proofs := func(c mfa.Channel) signin.Proofs {
		p := signin.Proofs{PasswordAt: now}
		if c != "" {
			p.CodeAt, p.Channel = now, c
		}
		return p
	}
	passkey := func(password, verified, synced bool) signin.Proofs {
		p := signin.Proofs{Passkey: signin.Passkey{At: now, Verified: verified, Synced: synced}}
		if password {
			p.PasswordAt = now
		}
		return p
	}
	tests := []struct {
		name             string
		proofs           signin.Proofs
		level            signin.Level
		compact, details []string
	}{
		{"nothing", signin.Proofs{}, signin.LevelNone, nil, nil},
		{"password", proofs(""), signin.LevelPassword, []string{"pwd"}, []string{"pwd"}},
		{"trusted device", proofs(""), signin.LevelTrustedDevice, []string{"pwd"}, []string{"pwd"}},
		{"a code that no longer counts", proofs(mfa.SMS), signin.LevelTrustedDevice, []string{"pwd"}, []string{"pwd"}},
		{"SMS", proofs(mfa.SMS), signin.LevelTwoStep, []string{"pwd", "otp"}, []string{"pwd", "otp", "sms", "mfa"}},
		{"voice", proofs(mfa.Voice), signin.LevelTwoStep, []string{"pwd", "otp"}, []string{"pwd", "otp", "tel", "mfa"}},
		{"app", proofs(mfa.App), signin.LevelTwoStep, []string{"pwd", "otp"}, []string{"pwd", "otp", "mfa"}},
		{"passkey of one device", passkey(false, true, false), signin.LevelPhishingResistant, []string{"hwk", "user", "mfa"}, []string{"hwk", "user", "mfa"}},
		{"synced passkey", passkey(false, true, true), signin.LevelPhishingResistant, []string{"swk", "user", "mfa"}, []string{"swk", "user", "mfa"}},
		{"password and security key", passkey(true, false, false), signin.LevelPhishingResistant, []string{"pwd", "hwk", "user"}, []string{"pwd", "hwk", "user", "mfa"}},
		{"password and passkey", passkey(true, true, true), signin.LevelPhishingResistant, []string{"pwd", "swk", "user", "mfa"}, []string{"pwd", "swk", "user", "mfa"}},
		{"a passkey that no longer counts", passkey(true, true, true), signin.LevelPassword, []string{"pwd"}, []string{"pwd"}},
		{"recovery code", proofs(mfa.RecoveryCode), signin.LevelTwoStep, []string{"pwd", "otp"}, []string{"pwd", "otp", "mfa"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.compact, signin.AMR(tt.proofs, tt.level, false)); diff != "" {
				t.Errorf("compact (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.details, signin.AMR(tt.proofs, tt.level, true)); diff != "" {
				t.Errorf("detailed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestACRNamesGoThereAndBack(t *testing.T) {
	t.Parallel()
	for l := signin.LevelPassword; l <= signin.LevelHardware; l++ {
		if got, ok := signin.ParseACR(l.ACR(), nil); !ok || got != l {
			t.Errorf("%q: got %d %t, want %d", l.ACR(), got, ok, l)
		}
	}
	const refeds = "https://refeds.org/profile/mfa"
	aliases := map[string]string{refeds: "urn:sekisho:acr:2sv"}
	if got, ok := signin.ParseACR(refeds, aliases); !ok || got != signin.LevelTwoStep {
		t.Errorf("alias: got %d %t", got, ok)
	}
	for _, bad := range []string{"", "0", "2sv", "URN:SEKISHO:ACR:2SV", refeds} {
		if got, ok := signin.ParseACR(bad, nil); ok {
			t.Errorf("%q: got %d, want none", bad, got)
		}
	}
	if got := signin.Level(99).ACR() + signin.Level(-1).ACR() + signin.LevelNone.ACR(); got != "" {
		t.Errorf("levels outside: got %q, want nothing", got)
	}
	want := []string{"urn:sekisho:acr:pwd", "urn:sekisho:acr:trusted-device", "urn:sekisho:acr:2sv", "phr"}
	if diff := cmp.Diff(want, signin.ACRValues()); diff != "" {
		t.Errorf("discovery (-want +got):\n%s", diff)
	}
}

func TestHaveIsWhatDecideCompares(t *testing.T) {
	t.Parallel()
	for _, s := range scenarios() {
		f := with(s.facts...)
		if got, want := signin.Have(f), signin.Decide(f).Have; got != want {
			t.Errorf("%s: got %d, want %d", s.name, got, want)
		}
	}
}

// C-26.
func TestDelayDoublesToAQuarterAndThenAnHour(t *testing.T) {
	t.Parallel()
	for failures, want := range map[int]time.Duration{
		-1: 0, 0: 0, 3: 0, 4: time.Second, 5: 2 * time.Second, 6: 4 * time.Second, 13: 512 * time.Second,
		14: 15 * time.Minute, 49: 15 * time.Minute, 50: time.Hour, 1 << 40: time.Hour,
	} {
		if got := signin.DefaultPasswordLimits().Delay(failures); got != want {
			t.Errorf("%d failures: got %s, want %s", failures, got, want)
		}
	}
	for n := range 100 {
		if signin.DefaultPasswordLimits().Delay(n+1) < signin.DefaultPasswordLimits().Delay(n) {
			t.Errorf("failure %d shortens the wait", n+1)
		}
	}
}
