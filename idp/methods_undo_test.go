package idp_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/mfa"
)

// reported follows "this wasn't me" of the newest mail whose subject has a word.
func (st story) reported(subject string) {
	st.t.Helper()
	fatal(st.t, st.s.Provider.Deliver(st.t.Context()))
	for _, m := range st.s.Inbox.Messages(mfa.Mail) {
		if strings.Contains(m.Subject, subject) {
			fatal(st.t, st.s.Provider.Report(st.t.Context(), browser(), reportIn(st.t, m.Message)))
			return
		}
	}
	st.t.Fatalf("no mail about %q", subject)
}

// C-40: the undo link takes a method away that somebody slipped in.
func TestReportRemovesTheMethodThatWasAdded(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	st := kenji(t, s, false)
	fatal(t, st.addNewPhone("", otherTyped, otherMobile))
	st.reported("コードの受け取り方を追加")
	if got := st.methods(u); len(got) != 2 || !mfa.HasPair(got) {
		t.Errorf("methods are %+v", got)
	}
	if _, err := s.Provider.Account(t.Context(), st.b); !errors.Is(err, idp.ErrSignedOut) {
		t.Errorf("the session goes on: %v", err)
	}
}

// S-099: the stop link of a change of number. The new one is out; the old one is
// back, but changes no password before it proved itself (N-17).
func TestReportStopsAChangeOfNumber(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	st := kenji(t, s, false)
	fatal(t, st.addNewPhone(st.methods(u)[0].ID, otherTyped, otherMobile))
	st.reported("電話番号を変更")
	got := st.methods(u)
	if len(got) != 2 || got[0].Channel != mfa.App || got[0].Role != mfa.Primary || got[1].Number != mobile || got[1].Verified() {
		t.Fatalf("methods are %+v, want the app first and the old number unverified", got)
	}
	// Whoever has the old phone and reads the mail gets no further by the link.
	token := resetToken(t, s, "kenji@example.jp")
	wantErr(t, s.Provider.ResetPassword(t.Context(), browser(), token, "another long phrase", true), idp.ErrCodeNeeded)
	v, err := s.Provider.ResetCodeView(t.Context(), browser(), token)
	fatal(t, err)
	for _, m := range v.Methods {
		if m.Factor.Number == mobile {
			t.Error("the old number may change the password")
		}
	}
	wantErr(t, s.Provider.SendResetCode(t.Context(), browser(), token, got[1].ID, ""), mfa.ErrChoice)
}

// Undone twice over, or after what it was about is gone, it does no harm.
func TestReportOfWhatIsGoneChangesNoMethod(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	st := kenji(t, s, false)
	fatal(t, st.addNewPhone("", otherTyped, otherMobile))
	fatal(t, s.Provider.RemoveMethod(t.Context(), st.b, st.numbered(u, otherMobile).ID, false))
	st.reported("コードの受け取り方を追加")
	if got := st.methods(u); len(got) != 2 || !mfa.HasPair(got) {
		t.Errorf("methods are %+v", got)
	}
}

// The old number came back by the owner's hand meanwhile: it is not there twice.
func TestReportOfAChangeNeverDoublesANumber(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	st := kenji(t, s, false)
	fatal(t, st.addNewPhone(st.methods(u)[0].ID, otherTyped, otherMobile))
	st.prove("app", "", true)
	s.Clock.Advance(time.Hour)
	st.prove("app", "", true)
	fatal(t, st.addNewPhone("", "090-1234-5678", mobile))
	st.reported("電話番号を変更")
	if got := st.methods(u); len(got) != 2 || !mfa.HasPair(got) || st.numbered(u, mobile).ID == "" {
		t.Errorf("methods are %+v", got)
	}
}

// Another main method is taken back, unless it left meanwhile.
func TestReportPutsTheMainMethodBack(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	st := kenji(t, s, false)
	fatal(t, s.Provider.MakeMain(t.Context(), st.b, st.methods(u)[1].ID))
	st.reported("メインの方法を変更")
	if got := st.methods(u); got[0].Number != mobile || got[0].Role != mfa.Primary || got[1].Role != mfa.Backup {
		t.Errorf("methods are %+v", got)
	}
}
