package idp_test

import (
	"testing"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/mfa"
)

// T-33, N-25: a number that changed hands proves nothing: not before a method
// changes, not when it is to be one. The app does, and the owner is told.
func TestSwappedNumberProvesNoChange(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t, idptest.Senders(map[mfa.Kind]idp.Sender{mfa.Text: risky{}, mfa.Call: risky{}}))
	p, ctx := s.Provider, t.Context()
	st := story{t, s, browser()}
	n := st.password(st.authorize("buyer"), "kenji@example.jp")
	n, err := p.SendCode(ctx, st.b, n.SignInID, st.methods(u)[1].ID, mfa.App)
	fatal(t, err)
	n, err = p.SubmitCode(ctx, st.b, n.SignInID, st.app(), false)
	fatal(t, err)
	st.redeem(n, "buyer")

	// It is to be a method.
	fatal(t, p.AddPhone(ctx, st.b, "", phone(mfa.Voice, otherTyped)))
	fatal(t, p.Deliver(ctx))
	v, err := p.Adding(ctx, st.b, "")
	fatal(t, err)
	if v.Code == nil || v.Code.Delivery != mfa.Withheld {
		t.Errorf("the page knows of %+v", v.Code)
	}
	wantErr(t, p.VerifyAdding(ctx, st.b, "", mfa.Voice, "123456", false), mfa.ErrWrongCode)

	// It is to prove a change, or the end of it all.
	main := st.methods(u)[0]
	fatal(t, p.SendTwoStepCode(ctx, st.b, mfa.ForDisable, main.ID, mfa.SMS))
	fatal(t, p.SendMethodCode(ctx, st.b, main.ID, mfa.SMS))
	fatal(t, p.Deliver(ctx))
	code, _, err := p.TwoStepCode(ctx, st.b, mfa.ForDisable)
	fatal(t, err)
	if code.Delivery != mfa.Withheld {
		t.Errorf("a code to switch off is %q", code.Delivery)
	}
	if _, again, err := p.MethodCode(ctx, st.b, main.ID); err != nil || again.Delivery != mfa.Withheld {
		t.Errorf("a code to verify is %+v, %v", again, err)
	}
	if texts, calls := s.Inbox.Messages(mfa.Text), s.Inbox.Messages(mfa.Call); len(texts)+len(calls) != 0 {
		t.Errorf("%d texts and %d calls went out", len(texts), len(calls))
	}
	if n := mailsTo(t, s, "kenji@example.jp", ""); n == 0 {
		t.Error("the owner is not told")
	}
	if got := st.methods(u); len(got) != 2 || got[0].Number != mobile {
		t.Errorf("methods are %+v", got)
	}
}

// T-35: a number that nobody ever proved switches nothing off, nor does one that
// was not used for a year.
func TestUnverifiedNumberSwitchesNothingOff(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	st := kenji(t, s, false)
	in := phone(mfa.SMS, otherTyped)
	in.Unverified = true
	fatal(t, s.Provider.AddPhone(t.Context(), st.b, "", in))
	s.Clock.Advance(25 * day / 24) // the hold is over
	st = kenji(t, s, false)
	wantErr(t, s.Provider.SendTwoStepCode(t.Context(), st.b, mfa.ForDisable, st.numbered(u, otherMobile).ID, ""), mfa.ErrChoice)
	n, err := s.Provider.FirmSignIn(t.Context(), st.b, "/account")
	fatal(t, err)
	if n.Reply == nil {
		t.Errorf("a firm proof is asked for again: %+v", n.Step)
	}
}
