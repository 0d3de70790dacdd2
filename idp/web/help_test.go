package web_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
)

// S-005: why, how to set up, and answers; each leads to the others.
func TestHelpHasItsChaptersLinked(t *testing.T) {
	t.Parallel()
	k := start(t)
	b := k.Browser(t)
	chapters := []string{"/help", "/help/setup", "/help/app", "/help/code", "/help/faq"}
	for _, path := range chapters {
		p := b.Get(path)
		// S-002: a date and a version; N-06: whom to ask, on every page.
		wants(t, p, http.StatusOK, "As of 22 November 2026", "Version v1.0.0", `href="https://market.example/contact"`, "Report a problem")
		for _, other := range chapters {
			if !strings.Contains(p.Body, `href="`+other+`"`) {
				t.Errorf("%s does not lead to %s", path, other)
			}
		}
	}
	wants(t, b.Get("/help"), http.StatusOK, "Where 2-step verification is required", `href="mailto:support@market.example"`, `href="tel:0120000000"`)
	wants(t, b.Get("/signin"), http.StatusOK, `href="/help"`, "Report a problem")
	k.person(t)
	wants(t, password(b, b.Get("/account")), http.StatusOK, "Report a problem")
}

// S-114: all thirteen questions, under three headings, in both languages.
func TestFAQAnswersAllThirteenQuestions(t *testing.T) {
	t.Parallel()
	k := start(t)
	for lang, headings := range map[string][]string{
		"en": {"Managing 2-step verification", "Devices that need no code", "Other questions"},
		"ja": {"2段階認証の管理について", "コード不要な端末について", "その他"},
	} {
		b := k.Browser(t)
		b.Lang = lang
		p := b.Get("/help/faq")
		wants(t, p, http.StatusOK, headings...)
		answered := regexp.MustCompile(`(?s)<div class="stack-s" id="q(\d+)"><h3>[^<]+</h3><p>.+?</div>`).FindAllStringSubmatch(p.Body, -1)
		if len(answered) != 13 || answered[12][1] != "13" {
			t.Errorf("%s: %d questions are answered, want 13", lang, len(answered))
		}
	}
}

// S-109 to S-112, S-114: the answers are those of this deployment.
func TestHelpSpeaksOfThisDeployment(t *testing.T) {
	t.Parallel()
	k := start(t, idptest.Limits(func(l *idp.Limits) {
		l.MFA.TrustedDevice, l.MFA.Countries, l.MFA.CodeLifetime, l.MFA.CodeDigits = 7*24*time.Hour, []string{"JP", "GB"}, 5*time.Minute, 8
		l.MFA.AllowUnverified = false
	}))
	b := k.Browser(t)
	faq := b.Get("/help/faq")
	wants(t, faq, http.StatusOK, "for 7 days", "7 days have passed",
		"Party seller: required since <strong>22 November 2026</strong>", "Party soon: required from <strong>2 December 2026</strong>",
		"Party vault: asks for a code at every sign-in")
	if strings.Contains(faq.Body, "Party buyer") {
		t.Error("a relying party that demands nothing is named")
	}
	wants(t, b.Get("/help/code"), http.StatusOK, "works for 5 minutes", "Japan, United Kingdom", "Sekisho", "815012345678", "no-reply@localhost") // S-106
	setup := b.Get("/help/setup")
	wants(t, setup, http.StatusOK, "A. One smartphone", "B. Two phones with different numbers", "8-digit code", "Smartphones, other mobile phones, landlines") // S-012, S-028
	if strings.Contains(setup.Body, "without verifying") {
		t.Error("unverified backups are offered where they are forbidden")
	}
	k = start(t, idptest.Limits(func(l *idp.Limits) { l.MFA.TrustedDevice = 0 }))
	wants(t, k.Browser(t).Get("/help/faq"), http.StatusOK, "every sign-in needs a code")
}

// S-015: from the wizard to what an authenticator app is; S-106 from the code page.
func TestHelpIsLinkedWhereItIsNeeded(t *testing.T) {
	t.Parallel()
	k := start(t)
	b := k.newcomer(t)
	p := b.Get("/account/security/two-step")
	wants(t, p, http.StatusOK, `href="/help/setup"`)
	wants(t, b.Submit(p, "/account/security/two-step/setup/start"), http.StatusOK)
	wants(t, b.Get("/account/security/two-step/setup/primary?kind=app"), http.StatusOK, `href="/help/app"`)
	k = start(t).person(t)
	b = k.Browser(t)
	p = password(b, b.Get("/account"))
	wants(t, b.Get("/signin/methods?flow="+flow(p)), http.StatusOK, `href="/help/code"`)
}
