package web_test

import (
	"regexp"
	"testing"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/idptest/chrome"
	"github.com/sekisho-id/sekisho/mfa"
)

// hunted is the gallery at a provider that is quick to stop guessing.
func (g *gallery) hunted(t *testing.T, b *chrome.Browser) {
	t.Helper()
	k := start(t, roomy(), idptest.Limits(func(l *idp.Limits) {
		l.MFA.IPSends, l.Password.PerIPMinute, l.MFA.AccountFailuresDay = 10_000, 10_000, 2
	}))
	v, _, _ := k.guarded(t, b, g.lang)
	g.as(v).stopped(k)
	v, _, _ = k.guarded(t, b, g.lang)
	g.as(v).undelivered(k)
}

// undelivered waits for a code that a carrier gives up, and for a call that a machine answers.
func (g *gallery) undelivered(k *kit) {
	report := func(kind mfa.Kind, d mfa.Delivery) {
		if err := k.Provider.Deliver(g.t.Context()); err != nil {
			g.t.Fatal(err)
		}
		if err := k.Provider.Receipt(g.t.Context(), "", k.Inbox.Messages(kind)[0].ID, d, ""); err != nil {
			g.t.Fatal(err)
		}
	}
	g.signIn("/account")
	report(mfa.Text, mfa.Undelivered)
	g.Open(g.Path())
	g.shot("code--undelivered")
	g.Press(".note button")
	report(mfa.Call, mfa.Unheard)
	g.Open(g.Path())
	g.shot("code--unheard")
}

// stopped guesses codes until no method takes one, and goes on by the mail (C-08).
func (g *gallery) stopped(k *kit) {
	g.signIn("/account")
	for range 2 {
		g.Fill("#code", "000000")
		g.Press("main .btn:not([href])")
	}
	g.shot("code--stopped")
	mail := k.Message(g.t, mfa.Mail, g.email)
	g.visit(regexp.MustCompile(`http\S+/signin/resume\S+`).FindString(mail.Body), "resume")
	g.Press("main .btn.pri")
	g.shot("resume-done")
}
