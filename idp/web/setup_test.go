package web_test

import (
	"encoding/base32"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/mfa"
)

const (
	primaryPath = twoStepPath + "/setup/primary"
	backupPath  = twoStepPath + "/setup/backup"
	finishPath  = twoStepPath + "/setup/finish"
)

// begin opens the wizard's first page.
func begin(t *testing.T, b *idptest.Browser) *idptest.Page {
	t.Helper()
	p := submit(b, b.Get(twoStepPath), twoStepPath+"/setup/start")
	at(t, p, primaryPath)
	return p
}

// addPhone adds a phone by text message on the page p.
func (k *kit) addPhone(t *testing.T, b *idptest.Browser, p *idptest.Page, national, e164 string) *idptest.Page {
	t.Helper()
	path := p.URL.Path
	p = submit(b, p, path, "kind", "phone", "do", "send", "channel", "sms", "cc", "JP", "tel", national)
	return submit(b, p, path, "kind", "phone", "do", "verify", "code", k.Code(t, e164))
}

// appCode is the code an app would show for the key on a page.
func (k *kit) appCode(t *testing.T, p *idptest.Page) string {
	t.Helper()
	text := strings.ReplaceAll(find(t, p, `id="key"[^>]*>([^<]+)<`), " ", "")
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return mfa.TOTPAt(raw, k.Clock.Now())
}

// S-014, S-015, S-048, S-052: the link says what apps need and nothing else, and the key is the same.
func TestAppKeySaysWhatAppsNeedAndNothingElse(t *testing.T) {
	t.Parallel()
	k := start(t)
	b := k.newcomer(t)
	p := begin(t, b)
	uri, err := url.Parse(html.UnescapeString(find(t, p, `href="(otpauth:[^"]+)"`)))
	if err != nil {
		t.Fatal(err)
	}
	if got := uri.Path; got != "/Sekisho:"+email {
		t.Errorf("label %q, want the service and the address", got)
	}
	for name, want := range map[string]string{"issuer": "Sekisho", "algorithm": "SHA1", "digits": "6", "period": "30"} {
		if got := uri.Query().Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	key := strings.ReplaceAll(find(t, p, `id="key"[^>]*>([^<]+)<`), " ", "")
	if got := uri.Query().Get("secret"); got != key || len(uri.Query()) != 5 {
		t.Errorf("link %s, key %s: want the same key and five parameters", uri, key)
	}
	if again := b.Get(primaryPath); !strings.Contains(again.Body, url.QueryEscape(key)) {
		t.Error("a reload made another key (ux 6.4)")
	}
}

// S-061: only a backup phone is added without a code, whatever a form says.
func TestNothingElseIsAddedWithoutVerifying(t *testing.T) {
	t.Parallel()
	k := start(t)
	b := k.newcomer(t)
	p := begin(t, b)
	for name, pairs := range map[string][]string{
		"main phone": {"kind", "phone", "do", "send", "channel", "sms", "cc", "JP", "tel", "090-1234-5678", "unverified", "1"},
		"main app":   {"kind", "app", "do", "verify", "unverified", "1"},
	} {
		if got := submit(b, p, primaryPath, pairs...); got.Status != http.StatusBadRequest {
			t.Errorf("%s: status %d, want 400", name, got.Status)
		}
	}
	p = k.addPhone(t, b, p, "090-1234-5678", mobile)
	at(t, p, backupPath)
	if got := submit(b, p, backupPath, "kind", "app", "do", "verify", "unverified", "1"); got.Status != http.StatusBadRequest {
		t.Errorf("backup app: status %d, want 400", got.Status)
	}
	at(t, b.Get(backupPath), backupPath)
}

// T-58: the page that is true decides, not the address and no field.
func TestHiddenFieldsDecideNothing(t *testing.T) {
	t.Parallel()
	k := start(t)
	b := k.newcomer(t)
	home := b.Get(twoStepPath)
	for _, path := range []string{primaryPath, backupPath, finishPath, twoStepPath + "/setup/done"} {
		at(t, b.Get(path), twoStepPath) // nothing was started
	}
	at(t, submit(b, home, finishPath, "do", "finish"), twoStepPath)
	p := begin(t, b)
	for _, path := range []string{backupPath, finishPath} {
		at(t, b.Get(path), primaryPath)
		at(t, submit(b, p, path, "kind", "phone", "do", "send", "channel", "sms", "cc", "JP", "tel", "090-1111-2222",
			"role", "backup", "page", "3", "unverified", "1", "do", "finish"), primaryPath)
	}
	if n := len(k.Inbox.Messages(mfa.Text)); n != 0 {
		t.Errorf("%d messages were sent by pages that were not true", n)
	}
	wants(t, b.Get(twoStepPath), http.StatusOK, "Not set up")
}

// 1.B: an app does not stand behind an app, even when the form is made up (S-050).
func TestAppCannotBackUpAnApp(t *testing.T) {
	t.Parallel()
	k := start(t)
	b := k.newcomer(t)
	p := begin(t, b)
	p = submit(b, p, primaryPath, "kind", "app", "do", "verify", "code", k.appCode(t, p))
	at(t, p, backupPath)
	if strings.Contains(p.Body, "otpauth:") {
		t.Error("an app is offered behind an app")
	}
	k.Clock.Advance(time.Minute)
	got := submit(b, p, backupPath, "kind", "app", "do", "verify", "code", "123456")
	if got.Status < 400 {
		t.Errorf("status %d, want a refusal", got.Status)
	}
	at(t, b.Get(finishPath), backupPath)
}

// 1.B: a backup, then the main method changed to the backup's number.
func TestMainCannotBecomeTheBackupsNumber(t *testing.T) {
	t.Parallel()
	k := start(t)
	b := k.newcomer(t)
	p := k.addPhone(t, b, begin(t, b), "090-1234-5678", mobile)
	p = k.addPhone(t, b, p, "080-8765-4321", "+818087654321")
	at(t, p, finishPath)
	p = submit(b, p, finishPath, "do", "primary")
	at(t, p, primaryPath)
	p = submit(b, p, primaryPath, "kind", "phone", "do", "send", "channel", "voice", "cc", "JP", "tel", "+81 80 8765 4321")
	wants(t, p, http.StatusUnprocessableEntity, "use your main number")
}

// 1.B: two tabs choose different backups; the first one counts, the other shows what is true.
func TestSecondTabShowsWhatIsTrue(t *testing.T) {
	t.Parallel()
	k := start(t)
	b := k.newcomer(t)
	tab := k.addPhone(t, b, begin(t, b), "090-1234-5678", mobile)
	at(t, submit(b, tab, backupPath, "kind", "app", "do", "verify", "code", k.appCode(t, tab)), finishPath)
	at(t, submit(b, tab, backupPath, "kind", "phone", "do", "send", "channel", "sms", "cc", "JP", "tel", "080-8765-4321"), finishPath)
	at(t, submit(b, tab, finishPath, "do", "finish"), twoStepPath+"/setup/done")
	at(t, submit(b, tab, finishPath, "do", "finish"), twoStepPath)
	wants(t, b.Get(twoStepPath), http.StatusOK, "verification is on", "Authenticator app")
}

// S-042, S-107: no second message while the first may still arrive, and a word about it.
func TestResendTooSoonSendsNothing(t *testing.T) {
	t.Parallel()
	k := start(t)
	b := k.newcomer(t)
	p := begin(t, b)
	submit(b, p, primaryPath, "kind", "phone", "do", "send", "channel", "sms", "cc", "JP", "tel", "０９０ー１２３４ー５６７８")
	first := k.Code(t, mobile)
	wants(t, submit(b, p, primaryPath, "do", "resend"), http.StatusUnprocessableEntity, "Try again at 14:01")
	k.Clock.Advance(31 * time.Second)
	wants(t, submit(b, p, primaryPath, "do", "resend"), http.StatusOK, "New code sent to", "090-1234-5678")
	wants(t, submit(b, p, primaryPath, "kind", "phone", "do", "verify", "code", first), http.StatusUnprocessableEntity, "earlier code")
	at(t, submit(b, p, primaryPath, "kind", "phone", "do", "verify", "code", k.Code(t, mobile)), backupPath)
}

// C-22, S-062: a set-up that is left alone changes nothing and ends by itself.
func TestAbandonedSetUpLeavesNothingOn(t *testing.T) {
	t.Parallel()
	k := start(t)
	b := k.newcomer(t)
	p := k.addPhone(t, b, begin(t, b), "090-1234-5678", mobile)
	other := k.Browser(t)
	at(t, password(other, other.Get("/account")), "/account") // no code: it is not on
	wants(t, b.Get(twoStepPath), http.StatusOK, "Setup is not finished", "Continue setup")
	at(t, submit(b, p, twoStepPath+"/setup/discard"), twoStepPath)
	wants(t, b.Get(twoStepPath), http.StatusOK, "Not set up")
}

// S-060, product: the strict profile verifies every backup.
func TestUnverifiedBackupsCanBeForbidden(t *testing.T) {
	t.Parallel()
	k := start(t, idptest.Limits(func(l *idp.Limits) { l.MFA.AllowUnverified = false }))
	b := k.newcomer(t)
	p := k.addPhone(t, b, begin(t, b), "090-1234-5678", mobile)
	if strings.Contains(p.Body, "Add without verifying") {
		t.Error("the box is offered")
	}
	p = submit(b, p, backupPath, "kind", "phone", "do", "send", "channel", "sms", "cc", "JP", "tel", "080-8765-4321", "unverified", "1")
	if p.Status != http.StatusBadRequest {
		t.Errorf("status %d, want 400", p.Status)
	}
}

// C-18, S-031: Japan first, then by name in the page's language.
func TestCountriesAreListedByName(t *testing.T) {
	t.Parallel()
	k := start(t, idptest.Limits(func(l *idp.Limits) { l.MFA.Countries = []string{"US", "KR", "JP", "DE"} }))
	b := k.newcomer(t)
	p := begin(t, b)
	body := html.UnescapeString(p.Body)
	for _, name := range []string{"Japan +81", "Germany +49", "South Korea +82", "United States +1"} {
		i := strings.Index(body, name)
		if i < 0 {
			t.Fatalf("%q is not listed after the others", name)
		}
		body = body[i:]
	}
}
