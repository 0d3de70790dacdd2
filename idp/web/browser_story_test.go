package web_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// The stories of browser_story_*_test.go are told from the first page to the
// last. Each says too what its person was told, what the audit log says, and
// who is still signed in at the end.

// account is what the store holds of somebody.
type account struct {
	user      idp.User
	factors   []mfa.Factor
	passkeys  int
	addresses int
	codes     idp.RecoveryCodes
	// sessions and grants are those that live; mails are the names of all mails
	// and texts, events those of the audit log, both the oldest first.
	sessions, grants int
	mails, events    []string
}

func (k *kit) account(t *testing.T, email string) (a account) {
	t.Helper()
	u, err := k.Provider.FindUser(t.Context(), email)
	if err != nil {
		t.Fatal(err)
	}
	err = k.Store.View(t.Context(), func(tx *store.Tx) error {
		sessions, err1 := tx.Sessions(u.ID)
		grants, err2 := tx.Grants(u.ID)
		keys, err3 := tx.Passkeys(u.ID)
		more, err4 := tx.NoticeAddresses(u.ID)
		box, err5 := tx.OutboxOf(u.ID)
		events, err6 := tx.Events(store.EventFilter{UserID: u.ID, Limit: 1000})
		var err7, err8 error
		a.factors, err7 = tx.Factors(u.ID)
		a.codes, err8 = tx.RecoveryCodes(u.ID)
		a.user, a.passkeys, a.addresses = u, len(keys), len(more)
		for _, s := range sessions {
			if s.EndedAt.IsZero() && tx.Now.Before(s.ExpiresAt) {
				a.sessions++
			}
		}
		for _, g := range grants {
			if g.RevokedAt.IsZero() {
				a.grants++
			}
		}
		for _, o := range box {
			a.mails = append(a.mails, o.Name)
		}
		for _, e := range events {
			a.events = append(a.events, e.Name)
		}
		slices.Reverse(a.mails)
		slices.Reverse(a.events)
		return errors.Join(err1, err2, err3, err4, err5, err6, err7, err8)
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// told fails unless the person was sent all these, since before.
func (a account) told(t *testing.T, before account, mails ...string) {
	t.Helper()
	news := a.mails[min(len(before.mails), len(a.mails)):]
	for _, m := range mails {
		if !slices.Contains(news, m) {
			t.Errorf("no %s was sent, but %v", m, news)
		}
	}
}

// audited fails unless the log says all this, since before.
func (a account) audited(t *testing.T, before account, events ...string) {
	t.Helper()
	news := a.events[len(before.events):]
	for _, e := range events {
		if !slices.Contains(news, e) {
			t.Errorf("the log does not say %s, but %v", e, news)
		}
	}
}
