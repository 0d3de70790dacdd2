package idp_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
)

// carrier is a sender whose line can be cut.
type carrier struct {
	mu    sync.Mutex
	fault error
	sent  []mfa.Message
	tries int
}

func (c *carrier) Send(_ context.Context, m mfa.Message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tries++
	if c.fault == nil {
		c.sent = append(c.sent, m)
	}
	return c.fault
}

func (c *carrier) set(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fault = err
}

// T-60: an outage delays codes, never opens a way around them; the code that
// comes late works until it expires.
func TestOutageNeverFailsOpen(t *testing.T) {
	t.Parallel()
	line := &carrier{fault: errors.New("gateway answers 503")}
	s := serve(t, idptest.Senders(map[mfa.Kind]idp.Sender{mfa.Text: line}))
	s.AddUserWith(t, "kenji@example.jp", password15, mobile, base32Key)
	st := story{t, s, browser()}
	n := st.password(st.authorize("buyer"), "kenji@example.jp")
	fatal(t, s.Provider.Deliver(t.Context()))
	v, err := s.Provider.SignIn(t.Context(), st.b, n.SignInID)
	fatal(t, err)
	if v.Step.Page != signin.PageCode {
		t.Fatalf("outage leads to %q", v.Step.Page)
	}
	line.set(nil)
	s.Clock.Advance(time.Minute)
	fatal(t, s.Provider.Deliver(t.Context()))
	line.mu.Lock()
	defer line.mu.Unlock()
	if len(line.sent) != 1 {
		t.Fatalf("%d messages after the outage, want 1", len(line.sent))
	}
}

// A refusal is final and shown; an expired code is not sent at all.
func TestUndeliverableIsFinal(t *testing.T) {
	t.Parallel()
	line := &carrier{fault: fmt.Errorf("unknown number: %w", mfa.ErrUndeliverable)}
	s := serve(t, idptest.Senders(map[mfa.Kind]idp.Sender{mfa.Text: line}))
	s.AddUserWith(t, "kenji@example.jp", password15, mobile, base32Key)
	st := story{t, s, browser()}
	n := st.password(st.authorize("buyer"), "kenji@example.jp")
	for range 3 {
		fatal(t, s.Provider.Deliver(t.Context()))
		s.Clock.Advance(time.Minute)
	}
	v, err := s.Provider.SignIn(t.Context(), st.b, n.SignInID)
	fatal(t, err)
	if v.Code.Delivery != mfa.Undelivered {
		t.Error("the page is not told that the code was not delivered")
	}
	if line.tries != 1 {
		t.Errorf("%d tries of a refused number, want 1", line.tries)
	}
}

// T-31: numbers of one prefix share a budget, so that pumping dries up.
func TestSMSPumpingIsBoundedByPrefix(t *testing.T) {
	t.Parallel()
	s := serve(t, idptest.Limits(func(l *idp.Limits) {
		l.Password.PerIPMinute, l.MFA.IPSends = 1000, 1000
	}))
	refused := 0
	for i := range 14 {
		email := fmt.Sprintf("user%d@example.jp", i)
		s.AddUserWith(t, email, password15, fmt.Sprintf("+81901234%04d", i), base32Key)
		st := story{t, s, browser()}
		n := st.password(st.authorize("buyer"), email)
		v, err := s.Provider.SignIn(t.Context(), st.b, n.SignInID)
		fatal(t, err)
		if v.Code == nil {
			refused++
		}
	}
	if refused != 4 {
		t.Errorf("%d of 14 sends to one prefix were refused, want 4 (C-17)", refused)
	}
}

// T-36, T-52: what is logged and what is stored holds no code, password or number.
func TestNothingSecretIsLogged(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.AddUserWith(t, "kenji@example.jp", password15, mobile, base32Key)
	st := story{t, s, browser()}
	n := st.password(st.authorize("buyer"), "kenji@example.jp")
	code := s.Code(t, mobile)
	n, err := s.Provider.SubmitCode(t.Context(), st.b, n.SignInID, code, true)
	fatal(t, err)
	issue := st.redeem(n, "buyer")
	for name, secret := range map[string]string{
		"code": code, "password": password15, "number": mobile, "session": st.b.Session,
		"device": st.b.Device, "refresh token": issue.RefreshToken, "app key": base32Key,
	} {
		if strings.Contains(s.Log.String(), secret) {
			t.Errorf("the log holds the %s", name)
		}
	}
}
