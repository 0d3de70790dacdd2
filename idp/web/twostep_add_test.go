package web_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/mfa"
)

const newMethodPath = twoStepPath + "/methods/new"

// link is the path of an action on the settings page, the first one.
func link(t *testing.T, action, body string) string {
	t.Helper()
	i := strings.Index(body, "/"+action+`"`)
	if i < 0 {
		t.Fatalf("nothing leads to %s:\n%s", action, body)
	}
	return body[strings.LastIndex(body[:i], `"`)+1 : i+1+len(action)]
}

// S-099: page by page, with what goes wrong on the way.
func TestNumberIsChangedOnThePages(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	k.enter(t, b, "/account")
	path := link(t, "number", b.Get(twoStepPath).Body)
	p := b.Get(path)
	wants(t, p, http.StatusOK, "Change phone number", "Current number", "New number", "For 24 hours")
	p = submit(b, p, path, "kind", "phone", "do", "send", "channel", "sms", "cc", "JP", "tel", "090-1234-5678")
	wants(t, p, http.StatusUnprocessableEntity, "already registered", `value="090-1234-5678"`)
	p = submit(b, p, path, "kind", "phone", "do", "send", "channel", "sms", "cc", "JP", "tel", "03-1234-5678")
	wants(t, p, http.StatusUnprocessableEntity, "can&#39;t get texts")
	p = submit(b, p, path, "kind", "phone", "do", "send", "channel", "sms", "cc", "JP", "tel", "090-9876-5432", "unverified", "1")
	wants(t, p, http.StatusBadRequest)
	p = submit(b, p, path, "kind", "phone", "do", "send", "channel", "sms", "cc", "JP", "tel", "090-9876-5432")
	at(t, p, path)
	wants(t, p, http.StatusOK, "Code sent to", ">090-9876-5432<", "Send again", "Sign out everywhere else")
	wants(t, submit(b, p, path, "kind", "phone", "do", "resend"), http.StatusUnprocessableEntity, "Try again at")
	wants(t, b.Get(path+"?edit=1"), http.StatusOK, `value="090-9876-5432"`)
	code := k.Code(t, "+819098765432")
	wants(t, submit(b, p, path, "kind", "phone", "do", "verify", "code", "12"), http.StatusUnprocessableEntity, "too short")
	p = submit(b, p, path, "kind", "phone", "do", "verify", "code", code, "others", "1")
	at(t, p, twoStepPath)
	wants(t, p, http.StatusOK, "Your number is changed", "090-••••-5432", "it can&#39;t confirm changes")
	wants(t, b.Get("/account/activity"), http.StatusOK, "A phone number was changed")
	if p := b.Get(path); p.Status != http.StatusNotFound {
		t.Errorf("the old method's page answers %d", p.Status)
	}
}

// C-40: a held method leads to a proof by another one, which comes back to the page.
func TestHeldMethodLeadsToAnotherProof(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	k.enter(t, b, "/account")
	p := b.Get(newMethodPath)
	wants(t, p, http.StatusOK, "Add a method", "Authenticator app", "Add without verifying")
	p = submit(b, p, newMethodPath, "kind", "phone", "do", "send", "channel", "sms", "cc", "JP", "tel", "090-9876-5432")
	p = submit(b, p, newMethodPath, "kind", "phone", "do", "verify", "code", k.Code(t, "+819098765432"))
	wants(t, p, http.StatusOK, "The method is added")
	k.Clock.Advance(time.Hour)
	b = k.Browser(t)
	p = password(b, b.Get("/account"))
	p = b.Submit(b.Get("/signin/methods?flow="+flow(p)), "/signin/methods", "method", k.methodID(t, "+819098765432")+" sms")
	b.Submit(p, "/signin/code", "code", k.Code(t, "+819098765432"))
	p = b.Get(newMethodPath)
	at(t, p, "/signin/code")
	wants(t, p, http.StatusOK, "Methods you added lately can&#39;t confirm this")
	if ways := b.Get("/signin/methods?flow=" + flow(p)); strings.Contains(ways.Body, "ending in 32") {
		t.Error("the held method is offered")
	}
	at(t, b.Submit(p, "/signin/code", "code", k.Code(t, mobile)), newMethodPath)
}

// methodID is the id of kenji's method with a number.
func (k *kit) methodID(t *testing.T, number string) string {
	t.Helper()
	u, err := k.Provider.FindUser(t.Context(), email)
	if err != nil {
		t.Fatal(err)
	}
	list, err := k.Provider.UserMethods(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		if f.Number == number {
			return f.ID
		}
	}
	t.Fatalf("no method with %s", number)
	return ""
}

// S-060, S-124: an unverified backup is verified, then leads; the app cannot
// where only an app would stand behind it.
func TestBackupIsVerifiedAndLeads(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	k.enter(t, b, "/account")
	p := submit(b, b.Get(newMethodPath), newMethodPath, "kind", "phone", "do", "send", "channel", "voice", "cc", "JP", "tel", "03-1234-5678", "unverified", "1")
	wants(t, p, http.StatusOK, "The method is added", "Not verified", "A number needs checking")
	wants(t, b.Get("/account"), http.StatusOK, "A number needs checking")
	base := twoStepPath + "/methods/" + k.methodID(t, "+81312345678")
	wants(t, b.Get(base+"/primary"), http.StatusOK, "can&#39;t be your main method")
	p = submit(b, b.Get(base+"/verify"), base+"/verify", "do", "voice")
	wants(t, p, http.StatusOK, "Calling", "03-••••-5678")
	code := k.Spoken(t, "+81312345678")
	wants(t, submit(b, p, base+"/verify", "do", "verify", "code", "1"), http.StatusUnprocessableEntity, "too short")
	p = submit(b, p, base+"/verify", "do", "verify", "code", code)
	wants(t, p, http.StatusOK, "The number is verified")
	if strings.Contains(p.Body, "needs checking") {
		t.Error("it still needs checking")
	}
	p = b.Get(base + "/primary")
	wants(t, p, http.StatusOK, "Make Phone call 03-••••-5678 your main method?", "becomes a backup")
	p = submit(b, p, base+"/primary")
	wants(t, p, http.StatusOK, "Your main method is changed")
	if m := k.Message(t, mfa.Mail, email); !strings.Contains(m.Body, "/report?token=") {
		t.Errorf("the mail has no way back:\n%s", m.Body)
	}
}

// A new phone: the app's page makes its key by a form, and a reload makes no other.
func TestAppIsSetUpAgainOnThePages(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	k.enter(t, b, "/account")
	path := link(t, "key", b.Get(twoStepPath).Body)
	p := b.Get(path)
	wants(t, p, http.StatusOK, "Set up the app again", "Current app")
	p = submit(b, p, path, "kind", "app", "do", "app")
	first := k.appCode(t, p)
	if again := k.appCode(t, b.Get(path)); again != first {
		t.Error("a reload made another key")
	}
	wants(t, submit(b, p, path, "kind", "app", "do", "verify", "code", "000000"), http.StatusUnprocessableEntity, "doesn&#39;t match")
	p = submit(b, p, path, "kind", "app", "do", "verify", "code", first)
	wants(t, p, http.StatusOK, "It is set up again")
	p = submit(b, b.Get(newMethodPath), newMethodPath, "do", "cancel")
	at(t, p, twoStepPath)
}

// T-33: a new number that changed hands gets no code, and the page says so.
func TestSwappedNumberIsToldOnThePage(t *testing.T) {
	t.Parallel()
	k := start(t, idptest.Senders(map[mfa.Kind]idp.Sender{mfa.Call: swapped{}})).person(t)
	b := k.Browser(t)
	k.enter(t, b, "/account")
	submit(b, b.Get(newMethodPath), newMethodPath, "kind", "phone", "do", "send", "channel", "voice", "cc", "JP", "tel", "090-9876-5432")
	if err := k.Provider.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	wants(t, b.Get(newMethodPath), http.StatusOK, "seems to have moved to another SIM")
}

// swapped withholds everything.
type swapped struct{}

func (swapped) Send(context.Context, mfa.Message) error {
	return fmt.Errorf("%w: %w", mfa.ErrNumberRisk, mfa.ErrUndeliverable)
}
