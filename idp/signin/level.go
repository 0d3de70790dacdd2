package signin

import "github.com/sekisho-id/sekisho/mfa"

// reachable is the strongest level that can be proved here. phrh is understood
// when asked for and never claimed: only a key whose maker attests it may be
// called protected by hardware, and no passkey is asked for its maker here.
const reachable = LevelPhishingResistant

// acrs are the levels' names on the wire, by level.
var acrs = [...]string{
	LevelNone:              "",
	LevelPassword:          "urn:sekisho:acr:pwd",
	LevelTrustedDevice:     "urn:sekisho:acr:trusted-device",
	LevelTwoStep:           "urn:sekisho:acr:2sv",
	LevelPhishingResistant: "phr",
	LevelHardware:          "phrh",
}

// ACR is the level's name in acr claims and acr_values; LevelNone has none.
func (l Level) ACR() string {
	if l < LevelNone || l > LevelHardware {
		return ""
	}
	return acrs[l]
}

// ParseACR finds the level that value names, directly or by an alias (alias to
// acr, such as https://refeds.org/profile/mfa to urn:sekisho:acr:2sv). It
// reports false for an unknown value.
func ParseACR(value string, aliases map[string]string) (Level, bool) {
	if acr, ok := aliases[value]; ok {
		value = acr
	}
	for l := LevelPassword; l <= LevelHardware; l++ {
		if acrs[l] == value {
			return l, true
		}
	}
	return LevelNone, false
}

// ACRValues are the values for acr_values_supported in discovery, weakest
// first. Only levels that a sign-in can reach are among them.
func ACRValues() []string {
	var values []string
	for l := LevelPassword; l <= reachable; l++ {
		values = append(values, l.ACR())
	}
	return values
}

// AMR lists the methods behind level, in the fixed order of requirements.md
// 2.C.2 (RFC 8176): a trusted device is not a method and leaves pwd alone
// (N-56); SMS, voice, app and recovery code are all otp. With detail the way a
// code came and mfa are added. It is nil when nothing was proved.
func AMR(p Proofs, level Level, detail bool) []string {
	if level >= LevelPhishingResistant {
		return passkeyAMR(p, detail)
	}
	if level < LevelPassword || p.PasswordAt.IsZero() {
		return nil
	}
	amr := []string{"pwd"}
	if level < LevelTwoStep || p.CodeAt.IsZero() {
		return amr
	}
	amr = append(amr, "otp")
	if !detail {
		return amr
	}
	switch p.Channel {
	case mfa.SMS:
		amr = append(amr, "sms")
	case mfa.Voice:
		amr = append(amr, "tel")
	case mfa.App, mfa.RecoveryCode:
	}
	return append(amr, "mfa")
}

// passkeyAMR tells a key that stays on its device (hwk) from one that is copied
// between devices (swk). A passkey that verified the person is two factors in
// itself; a code given beside it adds nothing to the level and is not told.
func passkeyAMR(p Proofs, detail bool) []string {
	var amr []string
	if !p.PasswordAt.IsZero() {
		amr = append(amr, "pwd")
	}
	if p.Passkey.Synced {
		amr = append(amr, "swk", "user")
	} else {
		amr = append(amr, "hwk", "user")
	}
	if p.Passkey.Verified || detail {
		amr = append(amr, "mfa")
	}
	return amr
}
