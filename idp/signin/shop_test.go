package signin_test

import (
	"time"

	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
)

// shopDimensions are the facts about shops, and those beside them that decide
// whether the choice or the demand of a shop comes first.
func shopDimensions() [][]change {
	nothing := change{"", func(*signin.Facts) {}}
	return [][]change{
		{
			{"plain", func(*signin.Facts) {}},
			{"prompt=none", none},
			{"prompt=login", login},
			{"prompt=select_account", choose},
			{"prompt=consent", consent},
		},
		{
			nothing,
			{"several shops", shops},
		},
		{
			nothing,
			{"shop's date passed", shopPassed},
			{"shop's date near", shopNear},
		},
		{
			nothing,
			{"date passed", passed},
			{"date near", near},
		},
		{
			nothing,
			{"min_acr=2sv", minACR(signin.LevelTwoStep.ACR())},
		},
		{
			nothing,
			{"no trusted devices", noTrust},
		},
		{
			nothing,
			{"acr_values=2sv", values(signin.LevelTwoStep)},
			{"acr=2sv essential", essential(signin.LevelTwoStep)},
		},
		{
			{"2SV off", func(*signin.Facts) {}},
			{"2SV off, passkey", key},
			{"2SV on", on},
			{"2SV on, no backup", noBackup},
			{"disabled", func(f *signin.Facts) { on(f); f.Person.Disabled = true }},
		},
		{
			{"no password", func(f *signin.Facts) { f.Proofs.PasswordAt = time.Time{} }},
			{"password 25h", password(25 * time.Hour)},
			{"password 8m", password(8 * time.Minute)},
			{"password now", password(time.Minute)},
		},
		{
			nothing,
			{"code 25h", func(f *signin.Facts) { f.Proofs.CodeAt, f.Proofs.Channel = ago(25*time.Hour), mfa.SMS }},
			{"code now", func(f *signin.Facts) { f.Proofs.CodeAt, f.Proofs.Channel = ago(time.Minute), mfa.App }},
			{"trusted device", device},
		},
		{
			nothing,
			{"passkey now", used(time.Minute)},
		},
		{
			{"", func(f *signin.Facts) { f.Proofs.SeenAt = f.Proofs.AuthTime() }},
			{"seen now", seen(time.Minute)},
		},
		{
			nothing,
			{"new scopes", thirdParty},
		},
		{
			nothing,
			{"put off", putOff},
		},
	}
}

// shopInvariants are what must hold of every decision about shops (S-091).
func shopInvariants() []invariant {
	return []invariant{
		{"nobody is done before a shop is chosen", func(f *signin.Facts, s *signin.Step) bool {
			return s.Page == signin.PageDone && f.Shop.Choose
		}},
		{"after the shop's date nobody acts for it without two-step verification", func(f *signin.Facts, s *signin.Step) bool {
			passed := !f.Shop.From.IsZero() && !now.Before(f.Shop.From)
			return s.Page == signin.PageDone && passed && (!f.Person.TwoStep || s.Have < signin.LevelTrustedDevice)
		}},
		{"shops are shown to nobody who has to prove more", func(f *signin.Facts, s *signin.Step) bool {
			return s.Page == signin.PageShop && (s.Have < s.Need || s.PutOff || !f.Shop.Choose)
		}},
		{"the set-up that a shop demands cannot be put off", func(_ *signin.Facts, s *signin.Step) bool {
			return s.Reason == signin.ReasonShopDate && s.PutOff
		}},
	}
}
