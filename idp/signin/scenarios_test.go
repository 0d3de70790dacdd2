package signin_test

import (
	"time"

	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
)

type fact = func(*signin.Facts)

// scenario is one line of docs/decisions.md.
type scenario struct {
	name  string
	facts []fact
}

func on(f *signin.Facts)        { f.Person.TwoStep, f.Person.Primary, f.Person.Backup = true, true, true }
func noBackup(f *signin.Facts)  { on(f); f.Person.Backup = false }
func noMain(f *signin.Facts)    { on(f); f.Person.Primary = false }
func lost(f *signin.Facts)      { f.Person.TwoStep = true }
func recovered(f *signin.Facts) { f.Person.Reset = true }

func key(f *signin.Facts)      { f.Person.Passkey = true }
func able(f *signin.Facts)     { f.Proofs.Able = true }
func offered(f *signin.Facts)  { able(f); f.Person.Offered = true }
func noSecret(f *signin.Facts) { f.Proofs.PasswordAt = time.Time{} }

// used is a passkey that verified the person, touched one that did not.
func used(d time.Duration) fact {
	return func(f *signin.Facts) { f.Proofs.Passkey = signin.Passkey{At: ago(d), Verified: true} }
}

func touched(d time.Duration) fact {
	return func(f *signin.Facts) { f.Proofs.Passkey = signin.Passkey{At: ago(d)} }
}

func none(f *signin.Facts)      { f.Request.None = true }
func login(f *signin.Facts)     { f.Request.Login = true }
func consent(f *signin.Facts)   { f.Request.Consent = true }
func choose(f *signin.Facts)    { f.Request.Select = true }
func create(f *signin.Facts)    { f.Request.Create = true }
func sudo(f *signin.Facts)      { f.Request.Sudo = true }
func connect(f *signin.Facts)   { f.Request.Device = true }
func putOff(f *signin.Facts)    { f.Proofs.PutOff = true }
func signedOut(f *signin.Facts) { f.Proofs, f.Person = signin.Proofs{}, signin.Person{} }
func passed(f *signin.Facts)    { f.Rules.EnforceFrom = now }
func near(f *signin.Facts)      { f.Rules.EnforceFrom = now.Add(30 * 24 * time.Hour) }
func far(f *signin.Facts)       { f.Rules.EnforceFrom = now.Add(30*24*time.Hour + time.Second) }
func noTrust(f *signin.Facts)   { f.Rules.NoTrustedDevices = true }
func extended(d time.Duration) fact {
	return func(f *signin.Facts) { f.Person.ExtendedUntil = now.Add(d) }
}

func noticed(d time.Duration) fact {
	return func(f *signin.Facts) { f.Person.NoticedAt = ago(d) }
}

func inDays(n int) fact {
	return func(f *signin.Facts) { f.Rules.EnforceFrom = now.Add(time.Duration(n) * 24 * time.Hour) }
}

func thirdParty(f *signin.Facts) {
	f.Rules.FirstParty, f.Request.Scopes = false, []string{"email", "offline_access"}
}

func minACR(acr string) fact { return func(f *signin.Facts) { f.Rules.MinACR = acr } }
func values(l signin.Level) fact {
	return func(f *signin.Facts) { f.Request.Want = l }
}

func essential(l signin.Level) fact {
	return func(f *signin.Facts) { f.Request.Want, f.Request.Essential = l, true }
}
func hint(sub string) fact          { return func(f *signin.Facts) { f.Request.HintSubject = sub } }
func maxAge(d time.Duration) fact   { return func(f *signin.Facts) { f.Request.MaxAge = &d } }
func allowed(scopes ...string) fact { return func(f *signin.Facts) { f.Granted = scopes } }
func password(d time.Duration) fact { return func(f *signin.Facts) { f.Proofs.PasswordAt = ago(d) } }
func seen(d time.Duration) fact     { return func(f *signin.Facts) { f.Proofs.SeenAt = ago(d) } }
func device(f *signin.Facts)        { f.Proofs.DeviceAt = f.Proofs.PasswordAt }
func otherPassword(f *signin.Facts) { f.Proofs.Subject = "jiro" }
func consented(f *signin.Facts)     { f.Proofs.Consented = true }
func chosen(f *signin.Facts)        { f.Proofs.Selected = true }
func facts(all ...fact) []fact      { return all }
func code(d time.Duration) fact {
	return func(f *signin.Facts) { f.Proofs.CodeAt, f.Proofs.Channel = ago(d), mfa.SMS }
}

func staff(f *signin.Facts) {
	f.Person.Staff, f.Request.Staff = true, true
	f.Request.Want, f.Request.Essential = signin.LevelPhishingResistant, true
}

func shops(f *signin.Facts)      { f.Shop.Choose = true }
func shopPassed(f *signin.Facts) { f.Shop.From = now }
func shopNear(f *signin.Facts)   { f.Shop.From = now.Add(time.Second) }

func member(f *signin.Facts) { f.Person.Staff = true }

// saved is a recovery code, given in place of the code of a method.
func saved(d time.Duration) fact {
	return func(f *signin.Facts) { f.Proofs.CodeAt, f.Proofs.Channel = ago(d), mfa.RecoveryCode }
}

func scenarios() []scenario {
	const h, m = time.Hour, time.Minute
	two, trusted, phr := signin.LevelTwoStep, signin.LevelTrustedDevice, signin.LevelPhishingResistant
	return []scenario{
		{"the request is older than 30 minutes", facts(func(f *signin.Facts) { f.Request.ExpiresAt = now })},
		{"cancelled on any page", facts(func(f *signin.Facts) { f.Request.Cancelled = true })},
		{"essential phrh", facts(essential(signin.LevelHardware))},
		{"essential phrh, signed out, prompt=none", facts(signedOut, essential(signin.LevelHardware), none)},
		{"min_acr phrh, passkey a minute ago", facts(minACR("phrh"), on, key, used(m))},
		{"min_acr with a spelling mistake", facts(minACR("2sv"), on, code(m))},

		{"prompt=create, signed out", facts(signedOut, create)},
		{"signed out", facts(signedOut)},
		{"signed out, prompt=none", facts(signedOut, none)},
		{"signed out, prompt=select_account", facts(signedOut, choose)},
		{"the password was another person's", facts(otherPassword)},
		{"prompt=select_account", facts(choose)},
		{"prompt=select_account, idle session", facts(choose, on, code(3*h), password(3*h), seen(2*h))},
		{"prompt=select_account, account chosen", facts(choose, chosen)},
		{"id_token_hint of another", facts(hint("jiro"))},
		{"id_token_hint of another, prompt=none", facts(hint("jiro"), none)},
		{"id_token_hint of the same", facts(hint("hana"))},

		{"prompt=login, password older than the request", facts(login, password(8*m))},
		{"prompt=login, password and code given since", facts(login, on, code(m))},
		{"prompt=login, 2SV on, password given since, code older than the request", facts(login, on, code(8*m))},
		{"prompt=login, 2SV on, password given since, trusted device", facts(login, on, device)},
		{"max_age=0, password older than the request", facts(maxAge(0), password(8*m))},
		{"max_age=0, password given since", facts(maxAge(0))},
		{"max_age=1, password given since", facts(maxAge(time.Second), password(5*m))},
		{"max_age=3600, password 61 minutes old", facts(maxAge(h), password(61*m))},
		{"max_age=3600, password 60 minutes old", facts(maxAge(h), password(h))},
		{"max_age=300, prompt=none, password 8 minutes old", facts(maxAge(5*m), none, password(8*m))},
		{"password 13 hours old", facts(password(13 * h))},
		{"2SV on, trusted device, password 13 hours old", facts(on, password(13*h), device)},
		{"2SV on, password 25 hours old, code given an hour ago", facts(on, password(25*h), code(h))},
		{"2SV on, password and code 23 hours old", facts(on, password(23*h), code(23*h))},
		{"2SV on, password and code 3 hours old, idle for 61 minutes", facts(on, password(3*h), code(3*h), seen(61*m))},
		{"2SV on, idle before, password given again, code 3 hours old", facts(on, code(3*h))},
		{"sudo, password 11 minutes old", facts(sudo, password(11*m))},
		{"sudo, 2SV on, password 11 minutes old, code given since", facts(sudo, on, password(11*m), code(m))},
		{"sudo, 2SV on, code 11 minutes old", facts(sudo, on, code(11*m))},
		{"sudo, 2SV on, trusted device", facts(sudo, on, device)},
		{"sudo, 2SV on, password and code fresh", facts(sudo, on, code(m))},
		{"sudo, 2SV on, password and recovery code fresh", facts(sudo, on, saved(m))},
		{"sudo, 2SV on, recovery code 11 minutes old", facts(sudo, on, saved(11*m))},
		{"sudo, no backup, password and code fresh", facts(sudo, noBackup, code(m))},
		{"date passed, 2SV off, password 2 hours old", facts(passed, password(2*h))},

		{"passkey alone, a minute ago", facts(key, noSecret, used(m))},
		{"passkey alone, 2SV on", facts(key, on, noSecret, used(m))},
		{"passkey alone, 25 hours old", facts(key, noSecret, used(25*h))},
		{"passkey alone, 3 hours old, idle for 61 minutes", facts(key, noSecret, used(3*h), seen(61*m))},
		{"passkey alone, removed since", facts(noSecret, used(m))},
		{"security key touched without a password", facts(key, noSecret, touched(m))},
		{"prompt=login, passkey older than the request", facts(login, key, noSecret, used(8*m))},
		{"prompt=login, passkey used since", facts(login, key, noSecret, used(m))},
		{"max_age=300, passkey 8 minutes old", facts(maxAge(5*m), key, noSecret, used(8*m))},
		{"sudo, passkey 11 minutes old", facts(sudo, key, noSecret, used(11*m))},
		{"sudo, passkey a minute old, 2SV on", facts(sudo, key, on, noSecret, used(m))},
		{"sudo, 2SV off, has a passkey, password fresh", facts(sudo, key)},
		{"staff, sudo, 2SV on, has a passkey, password and code fresh", facts(member, sudo, on, key, code(m))},
		{"staff, sudo, 2SV on, passkey a minute old", facts(member, sudo, on, key, used(m))},
		{"staff, sudo, 2SV on, no passkey, password and code fresh", facts(member, sudo, on, code(m))},

		{"disabled", facts(on, func(f *signin.Facts) { f.Person.Disabled = true })},

		{"2SV reset by recovery", facts(recovered)},
		{"2SV reset by recovery, password 2 hours old", facts(recovered, password(2*h))},
		{"2SV reset by recovery, put off", facts(recovered, func(f *signin.Facts) { f.Proofs.PutOff = true })},
		{"2SV reset by recovery, prompt=none", facts(recovered, none)},
		{"2SV reset by recovery, sudo", facts(recovered, sudo)},
		{"2SV reset by recovery, set up again", facts(recovered, on, code(m))},

		{"2SV on", facts(on)},
		{"2SV on, prompt=none", facts(on, none)},
		{"2SV on, code 2 hours old", facts(on, code(2*h))},
		{"2SV on, code 25 hours old", facts(on, code(25*h))},
		{"2SV on, recovery code 2 hours old", facts(on, saved(2*h))},
		{"2SV off, recovery code given before it was switched off", facts(saved(2 * h))},
		{"2SV on, trusted device", facts(on, device)},
		{"2SV on, trusted device, prompt=none", facts(on, device, none)},
		{"2SV on, device trusted with an earlier password", facts(on, func(f *signin.Facts) { f.Proofs.DeviceAt = ago(2 * h) })},
		{"2SV on, trusted device, client without trusted devices", facts(on, device, noTrust)},
		{"2SV on, every method lost", facts(lost)},
		{"2SV on, has a passkey", facts(on, key)},
		{"2SV on, security key touched after the password", facts(on, key, touched(m))},
		{"2SV on, has a passkey, every method lost", facts(lost, key)},
		{"2SV off, has a passkey", facts(key)},
		{"2SV off, code given before it was switched off", facts(code(2 * h))},
		{"date passed, 2SV off", facts(passed)},
		{"date passed, 2SV off, tried to put it off", facts(passed, putOff)},
		{"date passed, 2SV off, prompt=none", facts(passed, none)},
		{"date passed, 2SV off, extension until now", facts(passed, extended(0))},
		{"date passed, 2SV off, extension for a second, acr essential", facts(passed, extended(time.Second), essential(two))},
		{"date passed, 2SV on, extended", facts(passed, on, extended(h))},
		{"date passed, 2SV on", facts(passed, on)},
		{"date passed, 2SV on, trusted device", facts(passed, on, device)},
		{"date passed, 2SV on, trusted device, client without trusted devices", facts(passed, on, device, noTrust)},
		{"date passed, 2SV off, has a passkey", facts(passed, key)},
		{"date passed, 2SV off, passkey alone a minute ago", facts(passed, key, noSecret, used(m))},
		{"date passed, 2SV off, passkey alone 11 minutes ago", facts(passed, key, noSecret, used(11*m))},
		{"date passed, 2SV on, passkey alone 2 hours ago", facts(passed, key, on, noSecret, used(2*h))},
		{"min_acr 2sv, 2SV off, has a passkey", facts(minACR(two.ACR()), key)},
		{"min_acr 2sv, 2SV off, passkey alone 2 hours ago", facts(minACR(two.ACR()), key, noSecret, used(2*h))},
		{"min_acr phr, 2SV on, no passkey, code a minute old", facts(minACR("phr"), on, code(m))},
		{"min_acr phr, 2SV on, no passkey, trusted device", facts(minACR("phr"), on, device)},
		{"min_acr phr, 2SV on, no passkey, password 2 hours old", facts(minACR("phr"), on, code(m), password(2*h))},
		{"min_acr phr, 2SV on, has a passkey, code a minute old", facts(minACR("phr"), on, key, code(m))},
		{"min_acr phr, 2SV on, passkey 2 hours old", facts(minACR("phr"), on, key, used(2*h))},
		{"min_acr 2sv, 2SV off", facts(minACR(two.ACR()))},
		{"min_acr 2sv, 2SV off, tried to put it off", facts(minACR(two.ACR()), putOff)},
		{"min_acr 2sv, 2SV on, trusted device", facts(minACR(two.ACR()), on, device)},
		{"min_acr 2sv, 2SV on, code 2 hours old", facts(minACR(two.ACR()), on, code(2*h))},
		{"min_acr 2sv, 2SV on, recovery code a minute old", facts(minACR(two.ACR()), on, saved(m))},
		{"min_acr phr, 2SV on, has a passkey, recovery code a minute old", facts(minACR("phr"), on, key, saved(m))},
		{"min_acr trusted-device, 2SV on, trusted device", facts(minACR(trusted.ACR()), on, device)},
		{"essential phr, no passkey", facts(essential(phr))},
		{"essential phr, no passkey, prompt=none", facts(essential(phr), none)},
		{"essential phr, no passkey, 2SV on", facts(essential(phr), on)},
		{"essential phr, has a passkey, 2SV on, code a minute old", facts(essential(phr), on, key, code(m))},
		{"essential phr, has a passkey, prompt=none", facts(essential(phr), on, key, code(m), none)},
		{"essential phr and max_age=300, passkey 8 minutes old", facts(essential(phr), maxAge(5*m), key, used(8*m))},
		{"page of staff, 2SV off, no passkey", facts(staff)},
		{"page of staff, 2SV off, passkey alone a minute ago", facts(staff, key, noSecret, used(m))},
		{"page of staff, 2SV on, no passkey", facts(staff, on)},
		{"page of staff, 2SV on, no passkey, trusted device", facts(staff, on, device)},
		{"page of staff, 2SV on, no passkey, code a minute old", facts(staff, on, code(m))},
		{"page of staff, 2SV on, no passkey, recovery code a minute old", facts(staff, on, saved(m))},
		{"page of staff, 2SV on, no passkey, code 11 minutes old", facts(staff, on, code(11*m))},
		{"page of staff, 2SV on, has a passkey, code a minute old", facts(staff, on, key, code(m))},
		{"page of staff, 2SV on, passkey alone a minute ago", facts(staff, on, key, noSecret, used(m))},
		{"essential 2sv, 2SV off", facts(essential(two))},
		{"essential 2sv, 2SV on, trusted device", facts(essential(two), on, device)},
		{"essential 2sv, 2SV on, trusted device, prompt=none", facts(essential(two), on, device, none)},
		{"essential 2sv, 2SV on, code 2 hours old", facts(essential(two), on, code(2*h))},
		{"acr_values 2sv, 2SV off", facts(values(two))},
		{"acr_values 2sv, 2SV off, put off", facts(values(two), putOff)},
		{"acr_values 2sv, 2SV off, prompt=none", facts(values(two), none)},
		{"acr_values 2sv, 2SV off, date passed", facts(values(two), passed)},
		{"acr_values 2sv, 2SV off, put off, date passed", facts(values(two), putOff, passed)},
		{"acr_values 2sv, 2SV on, trusted device", facts(values(two), on, device)},
		{"acr_values 2sv, 2SV on, trusted device, prompt=none", facts(values(two), on, device, none)},
		{"acr_values 2sv and max_age=300, 2SV on, code 8 minutes old", facts(values(two), maxAge(5*m), on, code(8*m))},
		{"acr_values 2sv and max_age=300, 2SV on, code a minute old", facts(values(two), maxAge(5*m), on, code(m))},
		{"acr_values phr, 2SV on, no passkey, code 2 hours old", facts(values(phr), on, code(2*h))},
		{"acr_values phr, 2SV on, has a passkey, code 2 hours old", facts(values(phr), on, key, code(2*h))},
		{"acr_values phr, 2SV on, has a passkey, put off, trusted device", facts(values(phr), on, key, device, putOff)},
		{"acr_values phr, 2SV on, has a passkey, prompt=none, code 2 hours old", facts(values(phr), on, key, none, code(2*h))},
		{"acr_values phr, 2SV on, passkey 2 hours old", facts(values(phr), on, key, used(2*h))},
		{"acr_values phr, 2SV off, no passkey", facts(values(phr))},
		{"acr_values 2sv, 2SV off, has a passkey", facts(values(two), key)},
		{"acr_values 2sv, 2SV off, has a passkey, put off", facts(values(two), key, putOff)},
		{"acr_values 2sv, 2SV off, passkey alone 2 hours ago", facts(values(two), key, noSecret, used(2*h))},
		{"acr_values phr, 2SV on, trusted device", facts(values(phr), on, device)},

		{"no main method, trusted device", facts(noMain, device)},
		{"no main method, code a minute old", facts(noMain, code(m))},
		{"no backup, trusted device", facts(noBackup, device)},
		{"no backup, code a minute old", facts(noBackup, code(m))},
		{"no backup, recovery code a minute old", facts(noBackup, saved(m))},
		{"no backup, code 11 minutes old", facts(noBackup, code(11*m))},
		{"no backup, code a minute old, tried to put it off", facts(noBackup, code(m), putOff)},

		{"shop's date passed, 2SV off", facts(shopPassed)},
		{"shop's date passed, 2SV off, tried to put it off", facts(shopPassed, putOff)},
		{"shop's date passed, 2SV off, prompt=none", facts(shopPassed, none)},
		{"shop's date passed, 2SV off, has a passkey", facts(shopPassed, key)},
		{"shop's date passed, 2SV off, client's date passed", facts(shopPassed, passed)},
		{"shop's date passed, 2SV on, trusted device", facts(shopPassed, on, device)},
		{"shop's date in a second, 2SV off", facts(shopNear)},
		{"several shops", facts(shops)},
		{"several shops, prompt=none", facts(shops, none)},
		{"several shops, 2SV on", facts(shops, on)},
		{"several shops, 2SV on, code a minute old, new scopes", facts(shops, on, code(m), thirdParty)},
		{"several shops, date passed, 2SV off", facts(shops, passed)},

		{"date in 30 days, 2SV off", facts(near)},
		{"date in 30 days and a second, 2SV off", facts(far)},
		{"date in 30 days, 2SV off, put off", facts(near, putOff)},
		{"date in 30 days, 2SV off, put off an hour ago in another sign-in", facts(near, noticed(h))},
		{"date in 30 days, 2SV off, put off a day ago in another sign-in", facts(near, noticed(24*h))},
		{"date in 7 days, 2SV off, put off an hour ago in another sign-in", facts(inDays(7), noticed(h))},
		{"date passed, 2SV off, extension for an hour", facts(passed, extended(h))},
		{"date passed, 2SV off, extension for an hour, put off", facts(passed, extended(h), putOff)},
		{"date in 30 days, 2SV off, prompt=none", facts(near, none)},
		{"date in 30 days, 2SV off, sudo", facts(near, sudo)},
		{"date in 30 days, 2SV on, trusted device", facts(near, on, device)},
		{"able browser, 2SV off", facts(able)},
		{"able browser, 2SV off, password 11 minutes old", facts(able, password(11*m))},
		{"able browser, 2SV on, code a minute old", facts(able, on, code(m))},
		{"able browser, 2SV on, recovery code a minute old", facts(able, on, saved(m))},
		{"able browser, 2SV on, trusted device", facts(able, on, device)},
		{"able browser, has a passkey", facts(able, key)},
		{"able browser, offered before", facts(offered)},
		{"able browser, prompt=none", facts(able, none)},
		{"able browser, sudo", facts(able, sudo)},
		{"able browser, the notice was put off", facts(able, near, putOff)},
		{"a device, password a minute old", facts(connect)},
		{"a device, password 11 minutes old", facts(connect, password(11*m))},
		{"a device, 2SV on, trusted device", facts(connect, on, device)},
		{"a device, 2SV on, password and code a minute old", facts(connect, on, code(m))},
		{"a device, date passed, 2SV off", facts(connect, passed)},
		{"a device of a third party, new scopes", facts(connect, thirdParty)},
		{"a device of a third party, all scopes allowed before", facts(connect, thirdParty, allowed("offline_access", "email", "profile"))},
		{"a device, confirmed in this sign-in", facts(connect, thirdParty, consented)},
		{"a device, able browser", facts(connect, able)},
		{"prompt=consent, first party", facts(consent)},
		{"prompt=consent, all scopes allowed before", facts(thirdParty, consent, allowed("email", "offline_access"))},
		{"prompt=consent, allowed in this sign-in", facts(thirdParty, consent, consented)},
		{"third party, new scopes", facts(thirdParty)},
		{"third party, new scopes, prompt=none", facts(thirdParty, none)},
		{"third party, offline_access is new", facts(thirdParty, allowed("email"))},
		{"third party, all scopes allowed before", facts(thirdParty, allowed("offline_access", "email", "profile"))},
		{"password alone", facts()},
		{"prompt=create, signed in", facts(create)},
	}
}
