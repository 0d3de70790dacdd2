package idp_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/mfa"
)

func TestMetricsFollowASignIn(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.AddUserWith(t, "kenji@example.jp", password15, mobile, base32Key)
	st := story{t, s, browser()}
	n := st.authorize("buyer")
	_, err := s.Provider.SubmitPassword(t.Context(), st.b, n.SignInID, "kenji@example.jp", "not the password at all")
	if err == nil {
		t.Fatal("a wrong password is right")
	}
	n = st.password(n, "kenji@example.jp")
	if got := s.Metric(t, "outbox_waiting", `kind="sms"`); got != 1 {
		t.Errorf("%v text messages wait, want 1", got)
	}
	s.Clock.Advance(40 * time.Second)
	if got := s.Metric(t, "outbox_oldest_seconds", `kind="sms"`); got != 40 {
		t.Errorf("the oldest text message waits %v seconds, want 40", got)
	}
	_, err = s.Provider.SubmitCode(t.Context(), st.b, n.SignInID, wrong(s.Code(t, mobile)), false)
	wantErr(t, err, mfa.ErrWrongCode)
	_, err = s.Provider.SendCode(t.Context(), st.b, n.SignInID, "", "")
	fatal(t, err)
	st.redeem(st.sms(n, mobile, false), "buyer")
	for _, want := range []struct {
		name   string
		labels []string
		n      float64
	}{
		{"passwords_total", []string{`result="right"`}, 1},
		{"passwords_total", []string{`result="wrong"`}, 1},
		{"codes_sent_total", []string{`channel="sms"`, `country="JP"`, `purpose="signin"`}, 2},
		{"codes_entered_total", []string{`channel="sms"`, `country="JP"`, `result="wrong"`}, 1},
		{"codes_entered_total", []string{`channel="sms"`, `country="JP"`, `result="right"`}, 1},
		{"sign_ins_total", []string{`acr="urn:sekisho:acr:2sv"`}, 1},
		{"sign_in_steps_total", []string{`page="code"`, `reason="own_two_step"`}, 2},
		{"sign_in_steps_total", []string{`page="done"`}, 1},
		{"events_total", []string{`event="signin.done"`}, 1},
		{"outbox_waiting", []string{`kind="sms"`}, 0},
		{"signing_key_age_seconds", []string{`alg="ES256"`}, 40},
		{"scrape_errors_total", nil, 0},
	} {
		if got := s.Metric(t, want.name, want.labels...); got != want.n {
			t.Errorf("%s%v is %v, want %v", want.name, want.labels, got, want.n)
		}
	}
	if s.Metric(t, "password_hashes_total") < 2 || s.Metric(t, "store_commits_total") == 0 {
		t.Error("hashes or commits are not counted")
	}
}

// T-36: whoever reads the metrics learns about nobody.
func TestMetricsNameNobody(t *testing.T) {
	t.Parallel()
	s := serve(t)
	u := s.AddUserWith(t, "kenji@example.jp", password15, mobile, base32Key)
	st := story{t, s, browser()}
	n := st.password(st.authorize("buyer"), "kenji@example.jp")
	code := s.Code(t, mobile)
	n, err := s.Provider.SubmitCode(t.Context(), st.b, n.SignInID, code, true)
	fatal(t, err)
	st.redeem(n, "buyer")
	text := s.Metrics(t)
	for _, secret := range []string{"kenji", u.ID, "9012345678", code, st.b.IP, st.b.Session, n.SignInID} {
		if secret != "" && strings.Contains(text, secret) {
			t.Errorf("the metrics hold %q", secret)
		}
	}
}
