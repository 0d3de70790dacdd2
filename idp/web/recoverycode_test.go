package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/mfa"
)

// ux 6.9: the codes as a text file, kept by no cache, gone when they are saved.
func TestRecoveryCodesAsAFile(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	p := k.enter(t, b, codesPath)
	at(t, p, codesPath)
	wants(t, p, http.StatusOK, "You have no recovery codes yet", "You get 10 codes")
	at(t, b.Get(codesPath+"/file"), codesPath)
	p = b.Submit(p, "", "do", "make")
	at(t, p, codesPath)
	if p.Header.Get("Cache-Control") != "no-store" {
		t.Error("the page may be kept")
	}
	file := b.Get(codesPath + "/file")
	h := file.Header
	if !strings.HasPrefix(h.Get("Content-Type"), "text/plain") || h.Get("Content-Disposition") != `attachment; filename="sekisho-recovery-codes.txt"` || h.Get("Cache-Control") != "no-store" {
		t.Errorf("headers of the file: %v", h)
	}
	codes := savedCode.FindAllString(file.Body, -1)
	if len(codes) != 10 || !strings.Contains(file.Body, email) || !strings.Contains(file.Body, "22 November 2026") {
		t.Fatalf("the file says %q", file.Body)
	}
	for _, code := range codes {
		if !strings.Contains(p.Body, code) {
			t.Errorf("%s is not on the page", code)
		}
		if strings.Contains(k.Log.String(), code) {
			t.Errorf("%s is in the log", code)
		}
	}
	wants(t, b.Submit(p, "", "do", "keep"), http.StatusUnprocessableEntity, "Confirm that you saved the codes")
	q := b.Submit(p, "", "do", "keep", "saved", "1")
	at(t, q, twoStepPath)
	wants(t, q, http.StatusOK, "Your recovery codes are ready", "10 left")
	at(t, b.Get(codesPath+"/file"), codesPath)
	at(t, b.Submit(p, "", "do", "keep", "saved", "1"), codesPath) // another tab was faster
	k.Clock.Advance(11 * time.Minute)
	at(t, b.Get(codesPath), "/signin/confirm")

	// N-50: the second step of a password reset.
	other := k.Browser(t)
	other.Submit(other.Get("/password/forgot"), "/password/forgot", "email", email)
	_, link, _ := strings.Cut(k.Message(t, mfa.Mail, email).Body, k.URL)
	link, _, _ = strings.Cut(link, "\n")
	p = other.Submit(other.Get(link), "/password/reset", "new-password", "entirely new phrase", "others", "1")
	at(t, p, "/password/reset/code")
	wants(t, other.Get("/password/reset/methods"), http.StatusOK, "Use a recovery code")
	p = other.Get("/password/reset/recovery-code")
	wants(t, other.Submit(p, "recovery-code", "code", "nonsense"), http.StatusUnprocessableEntity, "16 letters and digits")
	at(t, other.Submit(p, "recovery-code", "code", codes[4]), "/signin")
}

// Who has no codes is shown the other ways, and who has no sign-in nothing.
func TestRecoveryCodePageWithoutCodes(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	p := password(b, b.Get(authorize("buyer")))
	at(t, p, "/signin/code")
	at(t, b.Get("/signin/recovery-code?flow="+flow(p)), "/signin/methods")
	if strings.Contains(b.Get("/signin/methods?flow="+flow(p)).Body, "recovery-code") {
		t.Error("it is offered")
	}
	wants(t, b.Post("/signin/recovery-code", url.Values{"csrf": {token(p)}, "flow": {flow(p)}, "code": {"0000-0000-0000-0000"}}),
		http.StatusUnprocessableEntity, "already used")
	if s := b.Get("/signin/recovery-code?flow=none").Status; s != http.StatusGone {
		t.Errorf("without a sign-in: status %d", s)
	}
}
