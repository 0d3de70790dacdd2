package idp_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
)

// television is a public client of devices, seller's one whose date has passed.
func television(id string) clients.Client {
	c := clients.Client{ID: id, Name: "Television", Auth: clients.AuthNone, Grants: []clients.GrantType{clients.GrantDevice, clients.GrantRefresh}}
	if id == "register" {
		c.Rules.EnforceFrom = idptest.Start.Add(-24 * time.Hour)
	}
	return c
}

// deviceStory is a provider with a device that waits.
func deviceStory(t *testing.T, client string) (story, clients.Client, idp.DeviceWait) {
	t.Helper()
	c := television(client)
	st := story{t, serve(t, idptest.Clients(television("tv"), television("register"))), browser()}
	wait, err := st.s.Provider.AskDevice(t.Context(), &idp.Browser{IP: "198.51.100.9", UserAgent: "TV"}, &c, idp.DeviceAsk{Scopes: []string{"openid", "email"}})
	fatal(t, err)
	return st, c, wait
}

func (st story) openDevice(code string) idp.Next {
	st.t.Helper()
	n, err := st.s.Provider.OpenDevice(st.t.Context(), st.b, code)
	fatal(st.t, err)
	return n
}

func (st story) poll(c clients.Client, code string) (idp.Issue, error) {
	return st.s.Provider.RedeemDevice(st.t.Context(), &idp.Browser{IP: "198.51.100.9"}, &c, code, idp.Binding{})
}

// A device is connected by password and code; a trusted device is no help.
func TestDeviceIsConnectedByAFullSignIn(t *testing.T) {
	t.Parallel()
	st, c, wait := deviceStory(t, "tv")
	u := st.s.AddUserWith(t, "kenji@example.jp", password15, mobile, base32Key)
	if n := st.sms(st.password(st.authorize("buyer"), u.Email), mobile, true); n.Reply == nil {
		t.Fatal("not signed in")
	}
	st.s.Clock.Advance(11 * time.Minute)
	wait2, err := st.s.Provider.AskDevice(t.Context(), st.b, &c, idp.DeviceAsk{Scopes: []string{"openid"}})
	fatal(t, err)
	if n, err := st.s.Provider.OpenDevice(t.Context(), st.b, wait.UserCode); !errors.Is(err, idp.ErrDeviceOver) {
		t.Errorf("an expired code: got %+v, %v", n, err)
	}
	n := st.sms(st.password(st.openDevice(wait2.UserCode), u.Email), mobile, false) // the device is trusted and asked anyway
	want(t, n, signin.PageDevice)
	_, err = st.poll(c, wait2.Code)
	wantErr(t, err, idp.ErrPending)
	if n, err = st.s.Provider.AnswerDevice(t.Context(), st.b, n.SignInID, true); err != nil || n.Reply == nil || n.Reply.To != "/device/done" {
		t.Fatalf("yes: got %+v, %v", n, err)
	}
	issue, err := st.poll(c, wait2.Code)
	if err != nil || issue.User.ID != u.ID || issue.Grant.ACR != signin.LevelTwoStep.ACR() || issue.Grant.SID != "" || issue.RefreshToken == "" {
		t.Errorf("got %+v, %v", issue, err)
	}
}

// S-110: after a client's date its devices are connected by people with two-step verification alone.
func TestDeviceOfAClientPastItsDateNeedsSetUp(t *testing.T) {
	t.Parallel()
	st, _, wait := deviceStory(t, "register")
	u := st.s.AddUser(t, "kenji@example.jp", password15)
	n := st.password(st.openDevice(wait.UserCode), u.Email)
	want(t, n, signin.PageEnrol)
	_, err := st.s.Provider.AnswerDevice(t.Context(), st.b, n.SignInID, true)
	wantErr(t, err, idp.ErrStep)
}

// T-17: of parallel polls one gets the tokens, and of two browsers one connects.
func TestDeviceIsConnectedOnce(t *testing.T) {
	t.Parallel()
	st, c, wait := deviceStory(t, "tv")
	u := st.s.AddUser(t, "kenji@example.jp", password15)
	other := story{t, st.s, browser()}
	first := st.password(st.openDevice(wait.UserCode), u.Email)
	second := other.password(other.openDevice(wait.UserCode), u.Email)
	_, err := st.s.Provider.AnswerDevice(t.Context(), st.b, first.SignInID, true)
	fatal(t, err)
	_, err = st.s.Provider.AnswerDevice(t.Context(), other.b, second.SignInID, true)
	wantErr(t, err, idp.ErrDeviceOver)
	_, err = st.s.Provider.Cancel(t.Context(), other.b, second.SignInID)
	wantErr(t, err, idp.ErrDeviceOver)

	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for range 10 {
		wg.Go(func() {
			if _, err := st.poll(c, wait.Code); err == nil {
				mu.Lock()
				defer mu.Unlock()
				won++
			}
		})
	}
	wg.Wait()
	if won != 1 {
		t.Errorf("%d polls got tokens, want 1", won)
	}
}

// T-26: parallel guesses do not slip under the limit.
func TestUserCodeGuessesInParallel(t *testing.T) {
	t.Parallel()
	st, _, _ := deviceStory(t, "tv")
	st.b.Flow = "a browser"
	var wg sync.WaitGroup
	var mu sync.Mutex
	tried := 0
	for range 30 {
		wg.Go(func() {
			b := *st.b
			_, err := st.s.Provider.OpenDevice(t.Context(), &b, "BCDF-GHJK")
			if errors.Is(err, idp.ErrUserCode) {
				mu.Lock()
				defer mu.Unlock()
				tried++
				return
			}
			if _, ok := errors.AsType[*mfa.TooSoonError](err); !ok {
				t.Errorf("got %v", err)
			}
		})
	}
	wg.Wait()
	if tried != 5 {
		t.Errorf("%d guesses were judged, want 5", tried)
	}
}

func TestReadUserCode(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"WDJB-MJHT": "WDJB-MJHT", "wdjbmjht": "WDJB-MJHT", "ＷＤＪＢ－ＭＪＨＴ": "WDJB-MJHT", " wdjb mjht ": "WDJB-MJHT", "w-d-j-b-m-j-h-t": "WDJB-MJHT",
		"": "", "WDJB-MJH": "", "WDJB-MJHTX": "", "ADJB-MJHT": "", "1DJB-MJHT": "", "WDJB_MJHT": "", "日本語日本語日本": "",
	} {
		if got, ok := idp.ReadUserCode(in); got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %v; want %q", in, got, ok, want)
		}
	}
}

func FuzzReadUserCode(f *testing.F) {
	f.Add("wdjb mjht")
	f.Fuzz(func(t *testing.T, in string) {
		code, ok := idp.ReadUserCode(in)
		if again, _ := idp.ReadUserCode(code); ok && (again != code || len(code) != 9) {
			t.Errorf("%q: got %q, then %q", in, code, again)
		}
	})
}
