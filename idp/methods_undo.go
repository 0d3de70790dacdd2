package idp

import (
	"errors"
	"strings"

	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// stopMethod is the undo of a method that somebody added or renewed: it goes.
// Where no pair would be left without it, it is disabled and must be bound anew.
func (p *Provider) stopMethod(w *work, u *User, ref string) error {
	factors, err := w.Factors(u.ID)
	if err != nil {
		return err
	}
	f := find(factors, ref)
	if f == nil {
		return nil
	}
	err = p.removeMethod(w, *u, factors, *f)
	if err == nil {
		return w.record("method.removed", u.ID, "", append(method(*f), "by", "report")...)
	}
	if !errors.Is(err, mfa.ErrLastMethod) {
		return err
	}
	f.DisabledAt = w.Now
	if err := w.UpdateFactor(*f); err != nil {
		return err
	}
	return w.record("method.disabled", u.ID, "", append(method(*f), "by", "report")...)
}

// undoNumber names a change of number to its undo.
func undoNumber(old, now mfa.Factor) string {
	return strings.Join([]string{now.ID, string(old.Channel), old.Number}, " ")
}

// numberBack is the undo of a change of number: codes stop to go to the new
// one, and the old one comes back as one that must prove itself. It opens
// nothing that way: an unverified number changes no password (N-17), so whoever
// holds the old phone and reads the mail gets no further than before (N-50).
func (p *Provider) numberBack(w *work, u *User, ref string) error {
	part := strings.Split(ref, " ")
	factors, err := w.Factors(u.ID)
	if err != nil || len(part) != 3 {
		return err
	}
	f := find(factors, part[0])
	if f == nil {
		return nil // replaced or removed since
	}
	for _, o := range factors {
		if o.ID != f.ID && mfa.SameNumber(o.Number, part[2]) { // it was added again as another method
			return p.stopMethod(w, u, f.ID)
		}
	}
	old := mfa.Factor{
		ID: newID(), UserID: u.ID, Channel: mfa.Channel(part[1]), Number: part[2], Role: f.Role, CreatedAt: w.Now, DormantAt: f.DormantAt,
	}
	if err := w.DeleteFactor(f.ID); err != nil {
		return err
	}
	if err := w.InsertFactor(old); err != nil {
		return err
	}
	if err := p.leadVerified(w, *u); err != nil {
		return err
	}
	return w.record("method.restored", u.ID, "", append(method(old), "by", "report")...)
}

// leadVerified makes the first verified backup the main method where the main one is not verified.
func (p *Provider) leadVerified(w *work, u User) error {
	factors, err := w.Factors(u.ID)
	if err != nil {
		return err
	}
	for _, f := range factors {
		if f.Role == mfa.Primary && f.Verified() {
			return nil
		}
	}
	for _, f := range factors {
		led, err := mfa.Led(factors, f.ID)
		if err != nil {
			continue // this one cannot
		}
		_, err = p.writeRoles(w, factors, led)
		return err
	}
	return nil
}

// mainBack is the undo of another main method: the one of before, if it still works.
func (p *Provider) mainBack(w *work, u *User, ref string) error {
	factors, err := w.Factors(u.ID)
	if err != nil {
		return err
	}
	led, err := mfa.Led(factors, ref)
	if err != nil {
		return nil //nolint:nilerr // it is gone, or leads already
	}
	_, err = p.writeRoles(w, factors, led)
	return err
}

// twoStepAgain switches two-step verification on with the methods that were kept.
func (p *Provider) twoStepAgain(w *work, u *User, _ string) error {
	factors, err := w.Factors(u.ID)
	if err != nil {
		return err
	}
	if now := person(*u, factors, nil); now.Primary && now.Backup && u.TwoStepAt.IsZero() {
		u.TwoStepAt = w.Now
		if err := p.wake(w, factors); err != nil {
			return err
		}
		return w.record("two_step.on", u.ID, "", "by", "report")
	}
	return nil
}

// wake makes methods that were left behind count again.
func (p *Provider) wake(w *work, factors []mfa.Factor) error {
	for _, f := range factors {
		if f.DormantAt.IsZero() {
			continue
		}
		f.DormantAt = zero
		if err := w.UpdateFactor(f); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return nil
}
