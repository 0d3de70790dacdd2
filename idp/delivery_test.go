package idp_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/mfa"
)

// handed signs in up to the code page and hands the code to its gateway.
func (st story) handed(email string) (n idp.Next, message string) {
	st.t.Helper()
	n = st.password(st.authorize("buyer"), email)
	fatal(st.t, st.s.Provider.Deliver(st.t.Context()))
	return n, st.s.Inbox.Messages(mfa.Text)[0].ID
}

func (st story) code(n idp.Next) idp.CodeView {
	st.t.Helper()
	v, err := st.s.Provider.SignIn(st.t.Context(), st.b, n.SignInID)
	fatal(st.t, err)
	return *v.Code
}

// A carrier's report changes what the page says, and nothing else: the code works still.
func TestUndeliveredCodeIsToldOnThePage(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.AddUserWith(t, "kenji@example.jp", password15, mobile, base32Key)
	st := story{t, s, browser()}
	n, message := st.handed("kenji@example.jp")
	if got := st.code(n).Delivery; got != mfa.Taken {
		t.Errorf("after the gateway took it: %q", got)
	}
	ctx := t.Context()
	fatal(t, s.Provider.Receipt(ctx, "inbox", message, mfa.Undelivered, "30005"))
	if got := st.code(n).Delivery; got != mfa.Undelivered {
		t.Errorf("after the carrier gave it up: %q", got)
	}
	fatal(t, s.Provider.Receipt(ctx, "inbox", message, mfa.Taken, ""))
	if got := st.code(n).Delivery; got != mfa.Undelivered {
		t.Errorf("after a late report: %q", got)
	}
	if s.Metric(t, "code_receipts_total", `gateway="inbox"`, `state="undelivered"`) != 1 || s.Metric(t, "events_total", `event="code.undelivered"`) != 1 {
		t.Error("the report is not counted once")
	}
	st.redeem(st.sms(n, mobile, false), "buyer")
	if s.Metric(t, "codes_converted_total", `gateway="inbox"`, `country="JP"`) != 1 {
		t.Error("the entered code is not counted for its gateway")
	}
	wantErr(t, s.Provider.Receipt(ctx, "inbox", "another", mfa.Delivered, ""), idp.ErrNotFound)
}

// T-60: while no gateway takes the code the page says so; nothing opens by itself.
func TestCodeThatNoGatewayTakesIsLate(t *testing.T) {
	t.Parallel()
	line := &carrier{fault: errors.New("503")}
	s := serve(t, idptest.Senders(map[mfa.Kind]idp.Sender{mfa.Text: line}))
	s.AddUserWith(t, "kenji@example.jp", password15, mobile, base32Key)
	st := story{t, s, browser()}
	n := st.password(st.authorize("buyer"), "kenji@example.jp")
	fatal(t, s.Provider.Deliver(t.Context()))
	if st.code(n).Late {
		t.Error("late at once")
	}
	s.Clock.Advance(20 * time.Second)
	if v := st.code(n); !v.Late || v.Delivery != "" {
		t.Errorf("after twenty seconds: late %t, %q", v.Late, v.Delivery)
	}
}

// risky withholds everything.
type risky struct{}

func (risky) Send(context.Context, mfa.Message) error {
	return fmt.Errorf("%w: %w", mfa.ErrNumberRisk, mfa.ErrUndeliverable)
}

// T-33: a number that moved to another SIM card gets no code; its owner learns
// by mail, and another method works.
func TestSwappedNumberGetsNoCodeAndItsOwnerIsTold(t *testing.T) {
	t.Parallel()
	s := serve(t, idptest.Senders(map[mfa.Kind]idp.Sender{mfa.Text: risky{}, mfa.Call: risky{}}))
	u := s.AddUserWith(t, "kenji@example.jp", password15, mobile, base32Key)
	st := story{t, s, browser()}
	n := st.password(st.authorize("buyer"), "kenji@example.jp")
	fatal(t, s.Provider.Deliver(t.Context()))
	if got := st.code(n).Delivery; got != mfa.Withheld {
		t.Errorf("the page is told %q", got)
	}
	if m := s.Message(t, mfa.Mail, "kenji@example.jp"); m.Subject == "" || len(s.Inbox.Messages(mfa.Text)) != 0 {
		t.Error("no mail, or a code was sent")
	}
	methods, err := s.Provider.UserMethods(t.Context(), u.ID)
	fatal(t, err)
	_, err = s.Provider.SendCode(t.Context(), st.b, n.SignInID, methods[1].ID, mfa.App)
	fatal(t, err)
	n, err = s.Provider.SubmitCode(t.Context(), st.b, n.SignInID, st.app(), false)
	fatal(t, err)
	st.redeem(n, "buyer")
}

// T-31, C-17: codes that are paid for and never entered are an alarm, and a
// country that is not the home country gets no more for enrolments meanwhile.
func TestPumpedCountryIsNoticedAndStopped(t *testing.T) {
	t.Parallel()
	s := serve(t, idptest.Limits(func(l *idp.Limits) {
		l.MFA.Countries, l.Alarms.ConversionSends, l.Password.PerIPMinute = []string{"JP", "GB"}, 3, 1000
	}))
	if n := pump(t, s, "GB", "0740012345%d"); n != 0 {
		t.Fatalf("%d refused early", n)
	}
	fatal(t, s.Provider.Watch(t.Context()))
	if s.Metric(t, "alarm", `alarm="conversion"`) != 0 {
		t.Error("an alarm while people may still type")
	}
	s.Clock.Advance(6 * time.Minute)
	fatal(t, s.Provider.Watch(t.Context()))
	if s.Metric(t, "alarm", `alarm="conversion"`, `country="GB"`) != 1 || s.Metric(t, "alarm", `alarm="conversion"`, `country="JP"`) != 0 {
		t.Error("three codes of three were not entered, and no alarm of that country")
	}
	again := story{t, s, from("198.51.100.1")}
	s.AddUser(t, "late@example.jp", password15)
	n := again.password(again.authorize("seller"), "late@example.jp")
	fatal(t, s.Provider.SetupStart(t.Context(), again.b, n.SignInID))
	phone := func(country, number string) error {
		return s.Provider.SetupPhone(t.Context(), again.b, n.SignInID, idp.PhoneInput{Role: mfa.Primary, Channel: mfa.SMS, Country: country, Number: number})
	}
	var soon *mfa.TooSoonError
	if err := phone("GB", "07400999888"); !errors.As(err, &soon) {
		t.Errorf("an enrolment there: %v, want to be refused", err)
	}
	fatal(t, phone("JP", "090-7654-3210"))
	s.Clock.Advance(2 * time.Hour) // the alarm is over
	fatal(t, again.s.Provider.Watch(t.Context()))
}

// Codes that are entered are no alarm.
func TestOrdinaryConversionIsNoAlarm(t *testing.T) {
	t.Parallel()
	s := serve(t, idptest.Limits(func(l *idp.Limits) { l.Alarms.ConversionSends, l.MFA.SendsTenMinutes = 3, 100 }))
	s.AddUserWith(t, "kenji@example.jp", password15, mobile, base32Key)
	for i := range 3 {
		st := story{t, s, browser()}
		n := st.password(st.authorize("buyer"), "kenji@example.jp")
		if i == 0 { // a third is enough
			st.redeem(st.sms(n, mobile, false), "buyer")
		}
	}
	s.Clock.Advance(6 * time.Minute)
	fatal(t, s.Provider.Watch(t.Context()))
	if s.Metric(t, "alarm", `alarm="conversion"`) != 0 {
		t.Error("a code of three was entered, and there is an alarm (C-17: below 30 %)")
	}
}
