package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
)

// deviceCode is the code that a device of the television client shows.
func (k *kit) deviceCode(t testing.TB) string {
	t.Helper()
	c, ok := k.Provider.Config().Clients.Lookup("tv")
	if !ok {
		t.Fatal("no television")
	}
	wait, err := k.Provider.AskDevice(t.Context(), &idp.Browser{IP: "192.0.2.44", UserAgent: "TV"}, c,
		idp.DeviceAsk{Scopes: []string{"openid", "profile", "offline_access"}})
	if err != nil {
		t.Fatal(err)
	}
	return wait.UserCode
}

// RFC 8628 §5.4: the page tells what is connected, from where it was asked, and
// what to beware of; nothing is connected by a look.
func TestDevicePageTellsWhatIsConnected(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	code := k.deviceCode(t)
	p := b.Submit(b.Get("/device"), "/device", "code", strings.ToLower(strings.ReplaceAll(code, "-", " ")))
	at(t, p, "/signin")
	wants(t, p, http.StatusOK, "Minato TV")
	p = b.Submit(password(b, p), "/signin/code", "code", k.Code(t, mobile))
	at(t, p, "/device/confirm")
	wants(t, p, http.StatusOK, "Connect this device to Minato TV?", "<strong>"+code+"</strong>", "192.0.2.*", "Run by Minato Inc.",
		"鈴木 健司", "Access while you", "may be a scam", "this wasn&#39;t me")
	at(t, b.Get("/consent?flow="+flow(p)), "/device/confirm")
	p = b.Submit(p, "/device/confirm", "decision", "yes")
	at(t, p, "/device/done")
	wants(t, b.Get("/account/apps"), http.StatusOK, "Minato TV")
	wants(t, b.Get("/account/activity"), http.StatusOK, "A device was connected to Minato TV")
}

// The other account is one press away: the wrong one is easily signed in.
func TestDevicePageLetsChangeTheAccount(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	k.AddUser(t, "other@example.jp", secret)
	b := k.Browser(t)
	p := b.Submit(b.Get("/device"), "/device", "code", k.deviceCode(t))
	p = b.Submit(p, "/signin", "identifier", "other@example.jp", "password", secret)
	at(t, p, "/device/confirm")
	p = b.Submit(p, "/signin/select", "do", "other")
	at(t, p, "/signin")
	p = b.Submit(password(b, p), "/signin/code", "code", k.Code(t, mobile))
	at(t, p, "/device/confirm")
	wants(t, p, http.StatusOK, email)
}

func TestDevicePageSaysWhatIsWrongWithACode(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	for typed, want := range map[string]string{"": "Enter the code", "nonsense!": "find that code", "BCDF-GHJK": "find that code"} {
		p := b.Submit(b.Get("/device"), "/device", "code", typed)
		wants(t, p, http.StatusUnprocessableEntity, want, `aria-invalid="true"`, "<title>Error: ")
	}
	p := b.Submit(b.Get("/device"), "/device", "code", k.deviceCode(t))
	k.Clock.Advance(6 * time.Minute)
	wants(t, password(b, p), http.StatusGone, "code no longer works", "Nothing was connected")
}
