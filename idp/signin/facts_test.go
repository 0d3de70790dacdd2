package signin_test

import (
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
)

// now is the moment of every decision here; the request was made before it.
var (
	now     = time.Date(2026, 10, 5, 12, 0, 0, 0, time.UTC)
	created = now.Add(-7 * time.Minute)
)

func ago(d time.Duration) time.Time     { return now.Add(-d) }
func of(d time.Duration) *time.Duration { return &d }

// plain is a buyer without two-step verification, at a first-party client, signed in
// a moment ago.
func plain() signin.Facts {
	return signin.Facts{
		Now:     now,
		Request: signin.Request{CreatedAt: created, ExpiresAt: created.Add(30 * time.Minute)},
		Rules:   clients.Rules{FirstParty: true},
		Person:  signin.Person{ID: "hana"},
		Proofs:  signin.Proofs{Subject: "hana", Session: true, PasswordAt: ago(time.Minute), SeenAt: ago(time.Minute)},
		Limits:  signin.DefaultLimits(),
	}
}

// change is one value of one dimension.
type change struct {
	name string
	do   func(*signin.Facts)
}

// spaces are the combinations that are tried: people without passkeys with
// every fact there is, and people with them, or on the way to one, with the
// facts that bear on it.
func spaces() map[string][][]change {
	return map[string][][]change{"no passkey": dimensions(), "passkeys": passkeyDimensions(), "shops": shopDimensions()}
}

// passkeyDimensions are the facts about passkeys, and those beside them that a
// rule weighs against a proof.
func passkeyDimensions() [][]change {
	used := func(d time.Duration, verified bool) func(*signin.Facts) {
		return func(f *signin.Facts) { f.Proofs.Passkey = signin.Passkey{At: ago(d), Verified: verified} }
	}
	want := func(l signin.Level, essential bool) func(*signin.Facts) {
		return func(f *signin.Facts) { f.Request.Want, f.Request.Essential = l, essential }
	}
	nothing := change{"", func(*signin.Facts) {}}
	return [][]change{
		{
			nothing,
			{"prompt=none", func(f *signin.Facts) { f.Request.None = true }},
			{"prompt=login", func(f *signin.Facts) { f.Request.Login = true }},
			{"prompt=select_account", func(f *signin.Facts) { f.Request.Select = true }},
		},
		{
			nothing,
			{"max_age=300", func(f *signin.Facts) { f.Request.MaxAge = of(5 * time.Minute) }},
		},
		{
			nothing,
			{"acr_values=2sv", want(signin.LevelTwoStep, false)},
			{"acr_values=phr", want(signin.LevelPhishingResistant, false)},
			{"acr=2sv essential", want(signin.LevelTwoStep, true)},
			{"acr=phr essential", want(signin.LevelPhishingResistant, true)},
			{"acr=phrh essential", want(signin.LevelHardware, true)},
			{"page of staff", func(f *signin.Facts) {
				f.Request.Want, f.Request.Essential, f.Request.Staff, f.Person.Staff = signin.LevelPhishingResistant, true, true, true
			}},
		},
		{
			nothing,
			{"min_acr=2sv", func(f *signin.Facts) { f.Rules.MinACR = signin.LevelTwoStep.ACR() }},
			{"date passed", func(f *signin.Facts) { f.Rules.EnforceFrom = now }},
			{"date passed, min_acr=phr", func(f *signin.Facts) { f.Rules.EnforceFrom, f.Rules.MinACR = now, "phr" }},
		},
		{
			nothing,
			{"no trusted devices", func(f *signin.Facts) { f.Rules.NoTrustedDevices = true }},
			{"sudo", func(f *signin.Facts) { f.Request.Sudo = true }},
			{"sudo of staff", func(f *signin.Facts) { f.Request.Sudo, f.Person.Staff = true, true }},
			{"device", func(f *signin.Facts) { f.Request.Device = true }},
		},
		{
			{"2SV off, passkey", func(f *signin.Facts) { f.Person.Passkey = true }},
			{"2SV on, passkey", func(f *signin.Facts) {
				f.Person.TwoStep, f.Person.Primary, f.Person.Backup, f.Person.Passkey = true, true, true, true
			}},
			{"2SV on, no backup, passkey", func(f *signin.Facts) {
				f.Person.TwoStep, f.Person.Primary, f.Person.Passkey = true, true, true
			}},
			{"2SV off, passkey removed", func(*signin.Facts) {}},
			{"2SV on, passkey removed", func(f *signin.Facts) {
				f.Person.TwoStep, f.Person.Primary, f.Person.Backup = true, true, true
			}},
		},
		{
			{"no password", func(f *signin.Facts) { f.Proofs.PasswordAt = time.Time{} }},
			{"password 25h", func(f *signin.Facts) { f.Proofs.PasswordAt = ago(25 * time.Hour) }},
			{"password 8m", func(f *signin.Facts) { f.Proofs.PasswordAt = ago(8 * time.Minute) }},
			{"password now", func(f *signin.Facts) { f.Proofs.PasswordAt = ago(time.Minute) }},
		},
		{
			nothing,
			{"code 2h", func(f *signin.Facts) { f.Proofs.CodeAt, f.Proofs.Channel = ago(2*time.Hour), mfa.App }},
			{"recovery code now", func(f *signin.Facts) { f.Proofs.CodeAt, f.Proofs.Channel = ago(time.Minute), mfa.RecoveryCode }},
			{"trusted device", func(f *signin.Facts) { f.Proofs.DeviceAt = f.Proofs.PasswordAt }},
		},
		{
			nothing,
			{"key touched now", used(time.Minute, false)},
			{"passkey now", used(time.Minute, true)},
			{"passkey 8m", used(8*time.Minute, true)},
			{"passkey 2h", used(2*time.Hour, true)},
			{"passkey 25h", used(25*time.Hour, true)},
		},
		{
			{"", func(f *signin.Facts) { f.Proofs.SeenAt = f.Proofs.AuthTime() }},
			{"seen now", func(f *signin.Facts) { f.Proofs.SeenAt = ago(time.Minute) }},
		},
		{
			nothing,
			{"able", func(f *signin.Facts) { f.Proofs.Able = true }},
			{"put off", func(f *signin.Facts) { f.Proofs.PutOff, f.Proofs.Able = true, true }},
		},
	}
}

// dimensions are the facts that rules look at, each with the values between
// which some rule draws a line. Their product is all combinations.
func dimensions() [][]change {
	const day = 24 * time.Hour
	return [][]change{
		{
			{"plain", func(*signin.Facts) {}},
			{"prompt=none", func(f *signin.Facts) { f.Request.None = true }},
			{"prompt=login", func(f *signin.Facts) { f.Request.Login = true }},
			{"prompt=select_account", func(f *signin.Facts) { f.Request.Select = true }},
			{"prompt=create", func(f *signin.Facts) { f.Request.Create = true }},
			{"prompt=consent", func(f *signin.Facts) { f.Request.Consent = true }},
		},
		{
			{"", func(*signin.Facts) {}},
			{"max_age=0", func(f *signin.Facts) { f.Request.MaxAge = of(0) }},
			{"max_age=300", func(f *signin.Facts) { f.Request.MaxAge = of(5 * time.Minute) }},
		},
		{
			{"", func(*signin.Facts) {}},
			{"acr_values=2sv", func(f *signin.Facts) { f.Request.Want = signin.LevelTwoStep }},
			{"acr=2sv essential", func(f *signin.Facts) { f.Request.Want, f.Request.Essential = signin.LevelTwoStep, true }},
			{"acr=phr essential", func(f *signin.Facts) {
				f.Request.Want, f.Request.Essential = signin.LevelPhishingResistant, true
			}},
		},
		{
			{"", func(*signin.Facts) {}},
			{"min_acr=2sv", func(f *signin.Facts) { f.Rules.MinACR = signin.LevelTwoStep.ACR() }},
		},
		{
			{"", func(*signin.Facts) {}},
			{"date near", func(f *signin.Facts) { f.Rules.EnforceFrom = now.Add(10 * day) }},
			{"date passed", func(f *signin.Facts) { f.Rules.EnforceFrom = now }},
			{"date passed, extended", func(f *signin.Facts) {
				f.Rules.EnforceFrom, f.Person.ExtendedUntil = ago(day), now.Add(day)
			}},
		},
		{
			{"", func(*signin.Facts) {}},
			{"no trusted devices", func(f *signin.Facts) { f.Rules.NoTrustedDevices = true }},
		},
		{
			{"", func(*signin.Facts) {}},
			{"sudo", func(f *signin.Facts) { f.Request.Sudo = true }},
		},
		{
			{"2SV off", func(*signin.Facts) {}},
			{"2SV on", func(f *signin.Facts) { f.Person.TwoStep, f.Person.Primary, f.Person.Backup = true, true, true }},
			{"2SV on, no backup", func(f *signin.Facts) { f.Person.TwoStep, f.Person.Primary = true, true }},
			{"2SV on, no method", func(f *signin.Facts) { f.Person.TwoStep = true }},
			{"disabled", func(f *signin.Facts) {
				f.Person.TwoStep, f.Person.Primary, f.Person.Backup, f.Person.Disabled = true, true, true, true
			}},
			{"reset by recovery", func(f *signin.Facts) { f.Person.Reset = true }},
		},
		{
			{"", func(*signin.Facts) {}},
			{"hint of another", func(f *signin.Facts) { f.Request.HintSubject = "jiro" }},
			{"proofs of another", func(f *signin.Facts) { f.Proofs.Subject = "jiro" }},
		},
		{
			{"no password", func(f *signin.Facts) { f.Proofs.PasswordAt = time.Time{} }},
			{"password 25h", func(f *signin.Facts) { f.Proofs.PasswordAt = ago(25 * time.Hour) }},
			{"password 2h", func(f *signin.Facts) { f.Proofs.PasswordAt = ago(2 * time.Hour) }},
			{"password 8m", func(f *signin.Facts) { f.Proofs.PasswordAt = ago(8 * time.Minute) }},
			{"password now", func(f *signin.Facts) { f.Proofs.PasswordAt = ago(time.Minute) }},
		},
		{
			{"", func(*signin.Facts) {}},
			{"code 25h", func(f *signin.Facts) { f.Proofs.CodeAt, f.Proofs.Channel = ago(25*time.Hour), mfa.SMS }},
			{"code 2h", func(f *signin.Facts) { f.Proofs.CodeAt, f.Proofs.Channel = ago(2*time.Hour), mfa.App }},
			{"code now", func(f *signin.Facts) { f.Proofs.CodeAt, f.Proofs.Channel = ago(time.Minute), mfa.Voice }},
		},
		{
			{"", func(*signin.Facts) {}},
			{"trusted device", func(f *signin.Facts) { f.Proofs.DeviceAt = f.Proofs.PasswordAt }},
		},
		{
			{"", func(f *signin.Facts) { f.Proofs.SeenAt = f.Proofs.PasswordAt }},
			{"seen now", func(f *signin.Facts) { f.Proofs.SeenAt = ago(time.Minute) }},
		},
		{
			{"", func(*signin.Facts) {}},
			{"new scopes", func(f *signin.Facts) { f.Rules.FirstParty, f.Request.Scopes = false, []string{"email"} }},
			{"allowed", func(f *signin.Facts) {
				f.Rules.FirstParty, f.Request.Scopes, f.Proofs.Consented = false, []string{"email"}, true
			}},
		},
		{
			{"", func(*signin.Facts) {}},
			{"put off", func(f *signin.Facts) { f.Proofs.PutOff = true }},
		},
	}
}
