package idp_test

import (
	"slices"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/store"
)

const listed = "1234567890123456"

// withListed adds a person whose password came from a system that allowed it.
func withListed(t *testing.T, s *idptest.Server) idp.User {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(listed), bcrypt.MinCost)
	fatal(t, err)
	u, err := s.Provider.AddUser(t.Context(), idptest.Operator(), idp.NewUser{
		Email: "sakura@example.jp", Name: "田中 さくら", Hash: string(hash), EmailVerified: true,
	})
	fatal(t, err)
	return u
}

// N-10: a password that stands on a list by now opens nothing, however it came
// to be set; the owner chooses another by mail.
func TestPasswordOnAListMustBeChanged(t *testing.T) {
	t.Parallel()
	s := serve(t)
	u := withListed(t, s)
	st := story{t, s, browser()}
	wantErr(t, st.guess("sakura@example.jp", "not that one at all"), idp.ErrBadCredentials)
	wantErr(t, st.guess("sakura@example.jp", listed), idp.ErrMustChange)
	if stored, err := s.Provider.FindUser(t.Context(), u.ID); err != nil || st.b.Session != "" || !stored.MustChange {
		t.Fatalf("a session began, or nothing was noted: %v", err)
	}
	fatal(t, s.Provider.ResetPassword(t.Context(), browser(), mailedReset(t, s, "sakura@example.jp"), "another long phrase", true))
	fatal(t, st.guess("sakura@example.jp", "another long phrase"))
}

// N-10: a password that an operator knows to be known opens nothing, in the
// owner's own browser neither, and what it opened before ends.
func TestCompromisedPasswordOpensNothing(t *testing.T) {
	t.Parallel()
	s := serve(t)
	u := s.AddUser(t, "sakura@example.jp", password15)
	st := story{t, s, browser()}
	st.redeem(st.password(st.authorize("buyer"), "sakura@example.jp"), "buyer")
	n, err := s.Provider.RequireNewPassword(t.Context(), idp.Actor{Kind: "operator", ID: "root"}, u.ID)
	if fatal(t, err); n != 1 {
		t.Errorf("%d sessions ended, want 1", n)
	}
	if _, err := s.Provider.Account(t.Context(), st.b); err == nil {
		t.Error("the session goes on")
	}
	wantErr(t, st.guess("sakura@example.jp", password15), idp.ErrMustChange)
	fatal(t, s.Provider.ResetPassword(t.Context(), browser(), mailedReset(t, s, "sakura@example.jp"), "another long phrase", true))
	fatal(t, st.guess("sakura@example.jp", "another long phrase"))
}

// C-43: whoever has the list cannot flood the owner with its links.
func TestCompromisedPasswordCannotFloodItsOwner(t *testing.T) {
	t.Parallel()
	s := serve(t)
	u := withListed(t, s)
	st := story{t, s, browser()}
	for range 30 {
		if err := st.guess("sakura@example.jp", listed); err == nil {
			t.Fatal("it opens something")
		}
		s.Clock.Advance(31e9)
	}
	var mails []store.Outgoing
	fatal(t, s.Store.View(t.Context(), func(tx *store.Tx) (err error) {
		mails, err = tx.Outbox(0)
		return err
	}))
	mails = slices.DeleteFunc(mails, func(o store.Outgoing) bool { return o.UserID != u.ID || o.Name != "mail.mustchange" })
	if most := s.Provider.Config().Limits.SignIn.Mails; len(mails) != most {
		t.Errorf("%d mails in 16 minutes, want %d", len(mails), most)
	}
}
