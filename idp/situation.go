package idp

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// situation is one sign-in with everything that bears on it, gathered in one
// transaction, and the step that follows from it.
type situation struct {
	row     store.SignIn
	req     AuthorizeRequest
	client  *clients.Client // nil on our own pages
	user    *User           // nil until known
	factors []mfa.Factor
	// passkeys are the person's that may be used.
	passkeys []mfa.Passkey
	device   *store.DeviceCode // that is to be connected; nil for browsers
	session  *Session          // this browser's live session of user; nil otherwise
	firm     *Session          // session without what held methods proved, where that is asked (C-40)
	granted  []string
	// reset is set while two-step verification that was reset by recovery is not set up again.
	reset bool
	// use is what the person has to do with the client; zero where its date is none.
	use    store.Use
	acting acting
	proofs signin.Proofs
	step   signin.Step
}

// open loads a sign-in that this browser started and that is still going on.
func (p *Provider) open(tx *store.Tx, b *Browser, id string) (store.SignIn, error) {
	if b.Flow == "" {
		return store.SignIn{}, ErrNoCookie
	}
	row, err := tx.SignIn(id)
	if errors.Is(err, store.ErrNotFound) {
		return row, ErrStale
	}
	if err != nil {
		return row, err
	}
	if !slices.Equal(row.Browser, store.Hash(b.Flow)) {
		return row, ErrOtherBrowser
	}
	if !row.DoneAt.IsZero() || !row.EndedAt.IsZero() || !tx.Now.Before(row.ExpiresAt) {
		return row, &StaleError{ClientID: row.ClientID}
	}
	return row, nil
}

// look gathers the facts of a sign-in and decides.
func (p *Provider) look(tx *store.Tx, b *Browser, row store.SignIn) (*situation, error) {
	var r AuthorizeRequest
	if err := json.Unmarshal(row.Request, &r); err != nil {
		return nil, fmt.Errorf("request of sign-in: %w", err)
	}
	return p.lookAt(tx, b, row, r)
}

// lookAt is look where the request was just read.
func (p *Provider) lookAt(tx *store.Tx, b *Browser, row store.SignIn, r AuthorizeRequest) (*situation, error) {
	s := &situation{row: row, req: r}
	if row.ClientID != "" {
		c, ok := p.cfg.Clients.Lookup(row.ClientID)
		if !ok {
			return nil, ErrStale
		}
		s.client = c
	}
	if err := errors.Join(s.findDevice(tx), p.findPerson(tx, b, s)); err != nil {
		return nil, err
	}
	s.decide(p, tx.Now)
	return s, nil
}

// findPerson takes the person from the sign-in, else from the browser's session,
// else from the hint, and adds their factors and grants.
func (p *Provider) findPerson(tx *store.Tx, b *Browser, s *situation) error {
	session, err := p.session(tx, b)
	if err != nil {
		return err
	}
	id := s.row.UserID
	if id == "" && session != nil && s.row.SelectedAt.IsZero() {
		id = session.UserID
	}
	if hint := s.req.HintSubject; hint != "" {
		id = hint // O-24: nobody else's success is of use
	}
	if id == "" {
		return nil
	}
	u, err := tx.User(id)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	s.user = &u
	if session != nil && session.UserID == u.ID {
		s.session = session
	}
	return p.surround(tx, s)
}

// surround adds what bears on a person: methods, passkeys, and what they have
// to do with the client.
func (p *Provider) surround(tx *store.Tx, s *situation) (err error) {
	if s.factors, err = tx.Factors(s.user.ID); err != nil {
		return err
	}
	if s.passkeys, err = p.passkeys(tx, s.user.ID); err != nil {
		return err
	}
	if s.user.TwoStepAt.IsZero() {
		if s.reset, err = tx.SetUpOwed(s.user.ID); err != nil {
			return err
		}
	}
	if s.req.Firm && s.session != nil {
		strict, err := p.firmly(tx, *s.session, s.factors, s.passkeys)
		if err != nil {
			return err
		}
		s.firm = &strict
	}
	if s.client == nil {
		return nil
	}
	if !s.client.Rules.FirstParty {
		c, err := tx.Consent(s.user.ID, s.client.ID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		s.granted = c.Scopes
	}
	if !s.client.Rules.EnforceFrom.IsZero() {
		s.use, err = tx.Use(s.user.ID, s.client.ID)
	}
	return errors.Join(err, p.actFor(tx, s))
}

// decide computes proofs and step from what was gathered.
func (s *situation) decide(p *Provider, now time.Time) { s.step = signin.Decide(s.facts(p, now)) }

// facts are what the decision looks at. Every sign-in, every page for staff and
// whatever explains or forecasts them takes its facts from here.
func (s *situation) facts(p *Provider, now time.Time) signin.Facts {
	f := signin.Facts{Now: now, Request: s.req.Request, Granted: s.granted, Limits: p.cfg.Limits.Session, Shop: s.acting.facts}
	if s.client != nil {
		f.Rules = s.client.Rules
	} else {
		f.Rules = clients.Rules{FirstParty: true}
	}
	f.Request.ExpiresAt = s.row.ExpiresAt // a right password extends it (C-32)
	if s.user != nil && !s.row.PasswordAt.IsZero() && s.row.PasswordAt.Before(s.user.PasswordAt) {
		forget(&s.row) // proved with a password that is no more
	}
	here := signin.Proofs{
		Subject: s.row.UserID, PasswordAt: s.row.PasswordAt, CodeAt: s.row.CodeAt, Channel: s.row.Channel, DeviceAt: s.row.DeviceAt,
		Selected: !s.row.SelectedAt.IsZero(), Consented: !s.row.ConsentedAt.IsZero(), PutOff: !s.row.PutOffAt.IsZero(),
		Able: s.row.Able && p.site != nil,
	}
	if owns(s.passkeys, s.row.PasskeyID) {
		here.Passkey = signin.Passkey{At: s.row.PasskeyAt, Verified: s.row.PasskeyVerified, Synced: s.row.PasskeySynced}
	}
	var before signin.Proofs
	if s.session != nil {
		before = proofs(*s.session, s.passkeys)
		if s.firm != nil {
			before = proofs(*s.firm, s.passkeys)
		}
	}
	s.proofs = signin.Gather(s.req.Request, before, here)
	if s.user != nil {
		s.proofs.Subject = s.user.ID
		f.Person = person(*s.user, s.factors, s.passkeys)
		f.Person.Reset = s.reset
		f.Person.ExtendedUntil, f.Person.NoticedAt = s.use.ExtendedUntil, s.use.PutOffAt
		f.Limits = p.lifetimes(*s.user)
	}
	f.Proofs = s.proofs
	return f
}

// ways are the methods and passkeys that this sign-in takes a proof from: all
// that may be used, or those that are not held (C-40).
func (s *situation) ways(p *Provider, now time.Time) ([]mfa.Factor, []mfa.Passkey) {
	if s.req.Firm {
		return p.firmFactors(s.factors, now), firmPasskeys(s.passkeys, now)
	}
	return s.factors, s.passkeys
}

// lifetimes are those of a person's proofs. A browser of staff that is left
// alone is worth less to them than to a thief, so their idle time is shorter
// everywhere: a page of their own must not keep those of staff open (T-43).
func (p *Provider) lifetimes(u User) signin.Limits {
	l := p.cfg.Limits.Session
	if idle := p.cfg.Limits.Staff.Idle; u.Roles != "" {
		l.Idle1, l.Idle2 = min(l.Idle1, idle), min(l.Idle2, idle)
	}
	return l
}

// forget drops everything that was proved and answered in a sign-in, when its
// person or their password is another one now.
func forget(row *store.SignIn) {
	row.PasswordAt, row.CodeAt, row.DeviceAt = zero, zero, zero
	row.ConsentedAt, row.PutOffAt = zero, zero
	row.Channel, row.FactorID, row.Trust = "", "", false
	row.PasskeyAt, row.PasskeyID, row.ShopID = zero, "", ""
}

// proofs are what a session has shown. A passkey that was removed since, or
// that may be a copy, proves nothing any more.
func proofs(n Session, passkeys []mfa.Passkey) signin.Proofs {
	p := signin.Proofs{
		Subject: n.UserID, PasswordAt: n.PasswordAt, CodeAt: n.CodeAt, Channel: n.Channel, DeviceAt: n.DeviceAt,
		Session: true, SeenAt: n.SeenAt,
	}
	if owns(passkeys, n.PasskeyID) {
		p.Passkey = signin.Passkey{At: n.PasskeyAt, Verified: n.PasskeyVerified, Synced: n.PasskeySynced}
	}
	return p
}

// person sums up what the decision needs to know of somebody.
func person(u User, factors []mfa.Factor, passkeys []mfa.Passkey) signin.Person {
	sp := signin.Person{
		ID: u.ID, Disabled: !u.DisabledAt.IsZero(), TwoStep: !u.TwoStepAt.IsZero(),
		Passkey: len(passkeys) > 0, Offered: !u.PasskeyOfferedAt.IsZero(), Staff: u.Roles != "",
	}
	for _, f := range factors {
		if f.Draft { // a disabled factor still counts as enrolled: it must be bound anew, not replaced by a stranger's (N-40)
			continue
		}
		sp.Primary = sp.Primary || f.Role == mfa.Primary
		sp.Backup = sp.Backup || f.Role == mfa.Backup
	}
	return sp
}

// session is this browser's live session; nil when there is none.
func (p *Provider) session(tx *store.Tx, b *Browser) (*Session, error) {
	if b.Session == "" {
		return nil, nil //nolint:nilnil // no session is an ordinary answer
	}
	s, err := tx.SessionByHash(store.Hash(b.Session))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil //nolint:nilnil // as above
	}
	if err != nil {
		return nil, err
	}
	if !s.EndedAt.IsZero() || !tx.Now.Before(s.ExpiresAt) {
		return nil, nil //nolint:nilnil // as above
	}
	return &s, nil
}

// usable are the factors that may be asked for, the main one first.
func usable(factors []mfa.Factor) []mfa.Factor {
	return slices.DeleteFunc(slices.Clone(factors), func(f mfa.Factor) bool { return !f.Usable() })
}
