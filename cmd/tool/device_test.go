package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/idptest"
)

const (
	email      = "sakura@example.jp"
	passphrase = "two herons over the harbour"
)

// living is a real provider with a television, and what happens while it waits.
type living struct {
	*idptest.Server
	t     *testing.T
	out   strings.Builder
	waits []time.Duration
}

func newLiving(t *testing.T) *living {
	t.Helper()
	l := &living{Server: idptest.New(t), t: t}
	l.AddUser(t, email, passphrase)
	l.AddClient(t, clients.Client{
		ID: "minato-tv", Name: "Minato TV", Auth: clients.AuthNone, Scopes: []string{"openid", "profile"},
		Grants: []clients.GrantType{clients.GrantDevice, clients.GrantRefresh},
	})
	return l
}

// run is the tool as a television; during says what happens in its nth wait,
// and how much shorter that is than it should be.
func (l *living) run(during func(n int) (haste time.Duration)) error {
	w := shell("", &l.out)
	w.now = l.Clock.Now
	w.sleep = func(_ context.Context, d time.Duration) error {
		l.waits = append(l.waits, d)
		l.Clock.Advance(d - during(len(l.waits)))
		return nil
	}
	return run(l.t.Context(), []string{"-device", "-issuer", l.URL}, w)
}

var printed = regexp.MustCompile(`^Open (\S+)/device and enter ([A-Z]{4}-[A-Z]{4})\nor open (\S+)\n`)

// answer is what the person does with what the tool has printed.
func (l *living) answer(decision string) {
	l.t.Helper()
	m := printed.FindStringSubmatch(l.out.String())
	if m == nil || m[1] != l.URL || !strings.Contains(m[3], m[2]) {
		l.t.Fatalf("printed %q", l.out.String())
	}
	b := l.Browser(l.t)
	p := b.Submit(b.Get("/device"), "/device", "code", m[2])
	p = b.Submit(p, "/signin", "identifier", email, "password", passphrase)
	p = b.Submit(p, "/device/confirm", "decision", decision)
	if p.Status != http.StatusOK {
		l.t.Fatalf("at %s (%d)\n%s", p.URL, p.Status, p.Body)
	}
}

// RFC 8628 §3.4, §3.5: it waits as long as it is told between two polls, slows
// down when it was too fast, and gets the person's token.
func TestDeviceIsConnectedByAPerson(t *testing.T) {
	t.Parallel()
	l := newLiving(t)
	err := l.run(func(n int) time.Duration {
		switch n {
		case 2:
			return 3 * time.Second // its clock runs ahead
		case 4:
			l.answer("yes")
		}
		return 0
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []time.Duration{5 * time.Second, 5 * time.Second, 10 * time.Second, 10 * time.Second}; !slices.Equal(l.waits, want) {
		t.Errorf("waited %v, want %v", l.waits, want)
	}
	_, claims, _ := strings.Cut(l.out.String(), "{")
	if !strings.Contains(claims, `"client_id":"minato-tv"`) || !strings.Contains(claims, `"auth_time"`) || !strings.Contains(claims, `"scope":"openid profile"`) {
		t.Errorf("printed %s", l.out.String())
	}
}

func TestDeviceStopsWhenThePersonRefuses(t *testing.T) {
	t.Parallel()
	l := newLiving(t)
	err := l.run(func(n int) time.Duration {
		if n == 1 {
			l.answer("no")
		}
		return 0
	})
	if err == nil || err.Error() != "the person refused" || len(l.waits) != 1 {
		t.Errorf("got %v after %v", err, l.waits)
	}
}

// The code expires: the provider says so, or the tool sees that it has.
func TestDeviceStopsWhenTheCodeExpires(t *testing.T) {
	t.Parallel()
	l := newLiving(t)
	begin := l.Clock.Now()
	err := l.run(func(int) time.Duration { return 0 })
	if err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("got %v", err)
	}
	if took := l.Clock.Now().Sub(begin); took > 5*time.Minute || took < 4*time.Minute {
		t.Errorf("it asked for %v", took)
	}
	l = newLiving(t)
	err = l.run(func(n int) time.Duration {
		if n == 1 {
			l.Clock.Advance(10 * time.Minute) // it slept
		}
		return 0
	})
	if err == nil || !strings.Contains(err.Error(), "expired") || len(l.waits) != 1 {
		t.Errorf("after a sleep: got %v after %v", err, l.waits)
	}
}

// A network that fails is asked less and less often; a provider that names no
// interval every five seconds (RFC 8628 §3.2, §3.5).
func TestDeviceLeavesAFailingNetworkAlone(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"issuer":"` + srv.URL + `","token_endpoint":"http://127.0.0.1:1/token","device_authorization_endpoint":"` + srv.URL + `/device"}`))
	})
	mux.HandleFunc("POST /device", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"device_code":"d","user_code":"ABCD-EFGH","verification_uri":"https://id.example/device","expires_in":60}`))
	})
	w, out := shell("", &strings.Builder{}), &strings.Builder{}
	now, waits := time.Unix(0, 0), []time.Duration{}
	w.out, w.now = out, func() time.Time { return now }
	w.sleep = func(_ context.Context, d time.Duration) error {
		now, waits = now.Add(d), append(waits, d)
		return nil
	}
	args := []string{"-device", "-issuer", srv.URL}
	err := run(t.Context(), args, w)
	if want := []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second}; err == nil || !strings.Contains(err.Error(), "expired") || !slices.Equal(waits, want) {
		t.Errorf("waited %v, want %v; got %v", waits, want, err)
	}
	if out.String() != "Open https://id.example/device and enter ABCD-EFGH\n" {
		t.Errorf("printed %q", out.String())
	}
	w.sleep = func(context.Context, time.Duration) error { return context.Canceled }
	if err := run(t.Context(), args, w); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: got %v", err)
	}
}
