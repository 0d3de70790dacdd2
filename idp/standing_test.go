package idp_test

import (
	"sync"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
)

// O-08: what ends a token is seen by this node in the very next
// request, although it has just found the token alive. The clock stands still.
func TestEndedTokenIsNotRemembered(t *testing.T) {
	t.Parallel()
	operator := idp.Actor{Kind: "operator", ID: "test"}
	for name, end := range map[string]func(t *testing.T, st story, u idp.User, issue idp.Issue) error{
		"grant": func(t *testing.T, st story, _ idp.User, issue idp.Issue) error {
			return st.s.Provider.RevokeGrant(t.Context(), operator, issue.Grant.ID)
		},
		"token": func(t *testing.T, st story, _ idp.User, _ idp.Issue) error {
			return st.s.Provider.RevokeJTI(t.Context(), browser(), client(t, st.s, "buyer"), "jti", st.s.Clock.Now().Add(time.Hour))
		},
		"refresh token": func(t *testing.T, st story, _ idp.User, issue idp.Issue) error {
			return st.s.Provider.RevokeRefresh(t.Context(), browser(), client(t, st.s, "buyer"), issue.RefreshToken)
		},
		"sign-out": func(t *testing.T, st story, _ idp.User, _ idp.Issue) error {
			return st.s.Provider.SignOut(t.Context(), st.b, false)
		},
		"suspension": func(t *testing.T, st story, u idp.User, _ idp.Issue) error {
			return st.s.Provider.SetUserDisabled(t.Context(), operator, u.ID, true)
		},
		"erasure": func(t *testing.T, st story, u idp.User, _ idp.Issue) error {
			return st.s.Provider.EraseUser(t.Context(), operator, u.ID)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, u, issue := bought(t)
			s := st.s
			for range 2 {
				got, err := s.Provider.Bearer(t.Context(), issue.Grant.ID, "jti")
				fatal(t, err)
				if got.ID != u.ID || got.Password != "" {
					t.Fatalf("bearer %s with a password of %d bytes", got.ID, len(got.Password))
				}
			}
			fatal(t, end(t, st, u, issue))
			_, err := s.Provider.Bearer(t.Context(), issue.Grant.ID, "jti")
			wantErr(t, err, idp.ErrRevoked)
		})
	}
}

// What the person changes is told at once.
func TestChangedPersonIsNotRemembered(t *testing.T) {
	t.Parallel()
	st, _, issue := bought(t)
	s := st.s
	_, err := s.Provider.Bearer(t.Context(), issue.Grant.ID, "jti")
	fatal(t, err)
	fatal(t, s.Provider.UpdateProfile(t.Context(), st.b, idp.ProfileInput{Name: "桜"}))
	u, err := s.Provider.Bearer(t.Context(), issue.Grant.ID, "jti")
	fatal(t, err)
	if u.Name != "桜" {
		t.Errorf("name %q", u.Name)
	}
}

// Whoever asks while the token is being ended may learn the old answer, and
// must not leave it behind for those who ask later.
func TestAnswerFromBeforeTheEndIsNotKept(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.AddUser(t, "sakura@example.jp", password15)
	for range 20 {
		st := story{t, s, browser()}
		issue := st.buy()
		var asking sync.WaitGroup
		for range 4 {
			asking.Go(func() {
				for range 50 {
					_, _ = s.Provider.Bearer(t.Context(), issue.Grant.ID, issue.Grant.ID)
				}
			})
		}
		fatal(t, s.Provider.RevokeGrant(t.Context(), idp.Actor{Kind: "operator"}, issue.Grant.ID))
		_, err := s.Provider.Bearer(t.Context(), issue.Grant.ID, issue.Grant.ID)
		wantErr(t, err, idp.ErrRevoked)
		asking.Wait()
		_, err = s.Provider.Bearer(t.Context(), issue.Grant.ID, issue.Grant.ID)
		wantErr(t, err, idp.ErrRevoked)
		s.Clock.Advance(time.Minute) // so that nobody is slowed down
	}
}

// Another node's revocation is known within a second, also of a person's token.
func TestPersonEndedElsewhereIsForgottenWithinASecond(t *testing.T) {
	t.Parallel()
	dsn := database(t)
	one, two := serve(t, idptest.DSN(dsn)), serve(t, idptest.DSN(dsn))
	u := one.AddUser(t, "sakura@example.jp", password15)
	st := story{t, one, browser()}
	issue := st.buy()
	_, err := two.Provider.Bearer(t.Context(), issue.Grant.ID, "jti")
	fatal(t, err)
	fatal(t, one.Provider.SetUserDisabled(t.Context(), idp.Actor{Kind: "operator"}, u.ID, true))
	two.Clock.Advance(time.Second)
	_, err = two.Provider.Bearer(t.Context(), issue.Grant.ID, "jti")
	wantErr(t, err, idp.ErrRevoked)
}
