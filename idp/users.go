package idp

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sekisho-id/sekisho/idp/password"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// NewUser is a person added by an operator or an import.
type NewUser struct {
	Email string `json:"email"`
	Name  string `json:"name"`
	// Password in clear, or Hash as argon2id, bcrypt, scrypt or PBKDF2; at most
	// one of them. With neither the person starts with a reset.
	Password string `json:"password"`
	Hash     string `json:"password_hash"`
	// Lang is "ja", "en" or empty.
	Lang          string      `json:"language"`
	EmailVerified bool        `json:"email_verified"`
	Address       Address     `json:"address"`
	Methods       []NewMethod `json:"methods"`
	// TwoStep switches two-step verification on; it takes a main and a backup method.
	TwoStep bool `json:"two_step"`
}

// NewMethod is a second factor taken over from elsewhere.
type NewMethod struct {
	Channel mfa.Channel `json:"channel"`
	Role    mfa.Role    `json:"role"`
	// Number is E.164 or national Japanese; for sms and voice.
	Number string `json:"number"`
	// Secret is the TOTP key in base32; for app.
	Secret   string `json:"secret"`
	Name     string `json:"name"`
	Verified bool   `json:"verified"`
}

// newcomer is a NewUser made ready outside the transaction.
type newcomer struct {
	user    User
	address Address
	factors []mfa.Factor
}

// AddUser adds one person. The faults are joined; ErrEmailTaken.
func (p *Provider) AddUser(ctx context.Context, actor Actor, n NewUser) (User, error) {
	c, err := p.prepare(ctx, n)
	if err != nil {
		return User{}, err
	}
	err = p.updateAs(ctx, actor, nil, func(w *work) error { return p.insert(w, c) })
	return c.user, err
}

func (p *Provider) insert(w *work, c newcomer) error {
	if err := w.InsertUser(c.user); err != nil {
		if errors.Is(err, store.ErrExists) {
			return fmt.Errorf("%s: %w", c.user.Email, ErrEmailTaken)
		}
		return err
	}
	if err := w.PutAddress(c.user.ID, c.address); err != nil {
		return err
	}
	for _, f := range c.factors {
		if err := w.InsertFactor(f); err != nil {
			return err
		}
	}
	return w.record("user.added", c.user.ID, "")
}

// prepare checks and hashes; it touches no database.
func (p *Provider) prepare(ctx context.Context, n NewUser) (newcomer, error) {
	now := p.now()
	name, nameErr := cleanName(n.Name)
	u := User{
		ID: newID(), Email: normaliseEmail(n.Email), Name: name, Lang: n.Lang, CreatedAt: now, UpdatedAt: now,
	}
	if n.EmailVerified {
		u.EmailVerifiedAt = now
	}
	if n.TwoStep {
		u.TwoStepAt = now
	}
	address, addressErr := cleanAddress(n.Address)
	faults := []error{nameErr, checkEmail(u.Email), addressErr}
	if n.Lang != "" && n.Lang != "ja" && n.Lang != "en" {
		faults = append(faults, fmt.Errorf("language %q: want ja or en", n.Lang))
	}
	faults = append(faults, p.preparePassword(ctx, n, &u))
	factors, err := p.prepareMethods(n, u.ID, now)
	if err := errors.Join(append(faults, err)...); err != nil {
		return newcomer{}, err
	}
	return newcomer{user: u, address: address, factors: factors}, nil
}

func (p *Provider) preparePassword(ctx context.Context, n NewUser, u *User) error {
	switch {
	case n.Password != "" && n.Hash != "":
		return errors.New("password and password_hash exclude each other")
	case n.Password != "":
		if err := p.checkPassword(n.Password, u.Email, u.Name, n.TwoStep); err != nil {
			return err
		}
		hash, err := p.cfg.Hasher.Hash(ctx, n.Password)
		u.Password, u.PasswordLen, u.PasswordAt = hash, passwordLen(n.Password), u.CreatedAt
		return err
	case n.Hash != "":
		u.Password, u.PasswordAt = n.Hash, u.CreatedAt
		return password.Check(n.Hash)
	default:
		return nil
	}
}

func (p *Provider) prepareMethods(n NewUser, userID string, now time.Time) ([]mfa.Factor, error) {
	var out []mfa.Factor
	var faults []error
	var primary *mfa.Factor
	for i, m := range n.Methods {
		f, err := p.prepareMethod(m, userID, now)
		if err != nil {
			faults = append(faults, fmt.Errorf("methods[%d]: %w", i, err))
			continue
		}
		switch {
		case f.Role == mfa.Primary && primary != nil:
			faults = append(faults, fmt.Errorf("methods[%d]: a second main method", i))
		case f.Role == mfa.Primary:
			primary = &f
		case primary == nil:
			faults = append(faults, fmt.Errorf("methods[%d]: %w", i, mfa.ErrNoPrimary))
		default:
			if err := mfa.CheckBackup(*primary, f.Channel, f.Number); err != nil {
				faults = append(faults, fmt.Errorf("methods[%d]: %w", i, err))
			}
		}
		out = append(out, f)
	}
	for i := range out {
		if !n.TwoStep {
			out[i].DormantAt = now
		}
	}
	if n.TwoStep && (primary == nil || len(out) < 2) {
		faults = append(faults, mfa.ErrNoBackup)
	}
	return out, errors.Join(faults...)
}

func (p *Provider) prepareMethod(m NewMethod, userID string, now time.Time) (mfa.Factor, error) {
	f := mfa.Factor{ID: newID(), UserID: userID, Channel: m.Channel, Role: m.Role, Name: mfa.CleanName(m.Name), CreatedAt: now}
	if m.Role != mfa.Primary && m.Role != mfa.Backup {
		return f, fmt.Errorf("role %q: want primary or backup", m.Role)
	}
	if m.Verified {
		f.VerifiedAt = now
	} else if m.Role == mfa.Primary || m.Channel == mfa.App {
		return f, mfa.ErrMustVerify
	}
	switch {
	case m.Channel.Phone():
		ph, err := mfa.ParsePhone("JP", m.Number, m.Channel, p.cfg.Limits.MFA)
		f.Number = ph.E164
		return f, err
	case m.Channel == mfa.App:
		key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ToUpper(strings.TrimRight(strings.ReplaceAll(m.Secret, " ", ""), "=")))
		if err != nil || len(key) < 16 { // RFC 4226 R6: 128 bits at least
			return f, errors.New("secret: want at least 128 bits in base32")
		}
		f.Secret = key
		return f, nil
	default:
		return f, fmt.Errorf("channel %q: want sms, voice or app", m.Channel)
	}
}

// FindUser finds a person by address or id; ErrNotFound.
func (p *Provider) FindUser(ctx context.Context, who string) (User, error) {
	var u User
	err := p.st.View(ctx, func(tx *store.Tx) error {
		var err error
		u, err = p.findUser(tx, who)
		return err
	})
	return u, err
}

func (p *Provider) findUser(tx *store.Tx, who string) (u User, err error) {
	if strings.Contains(who, "@") {
		u, err = tx.UserByEmail(normaliseEmail(who))
	} else {
		u, err = tx.User(who)
	}
	if errors.Is(err, store.ErrNotFound) {
		err = ErrNotFound
	}
	return u, err
}

// UserMethods are a person's factors.
func (p *Provider) UserMethods(ctx context.Context, id string) ([]mfa.Factor, error) {
	var list []mfa.Factor
	err := p.st.View(ctx, func(tx *store.Tx) error {
		var err error
		list, err = tx.Factors(id)
		return err
	})
	return list, err
}

// PhoneNumber is the number a person proved to have, the main method's before a
// backup's; empty when there is none. An unverified number is nobody's (T-35).
func (p *Provider) PhoneNumber(ctx context.Context, userID string) (string, error) {
	list, err := p.UserMethods(ctx, userID)
	for _, f := range usable(list) {
		if f.Channel.Phone() && f.Verified() {
			return f.Number, nil
		}
	}
	return "", err
}

// Users lists people by id, after the given one.
func (p *Provider) Users(ctx context.Context, after string, limit int) ([]User, error) {
	var list []User
	err := p.st.View(ctx, func(tx *store.Tx) error {
		var err error
		list, err = tx.Users(after, limit)
		return err
	})
	return list, err
}

// changeUser runs an operator's change of one person.
func (p *Provider) changeUser(ctx context.Context, actor Actor, id string, f func(*work, User) error) error {
	return p.updateAs(ctx, actor, nil, func(w *work) error {
		u, err := p.findUser(w.Tx, id)
		if err != nil {
			return err
		}
		return f(w, u)
	})
}

// SetUserDisabled suspends a person, ending sessions, devices and grants, or
// lets them in again. They are told by mail.
func (p *Provider) SetUserDisabled(ctx context.Context, actor Actor, id string, disabled bool) error {
	return p.changeUser(ctx, actor, id, func(w *work, u User) error { return p.setDisabled(w, u, disabled) })
}

func (p *Provider) setDisabled(w *work, u User, disabled bool) error {
	event, mail := "user.enabled", "mail.restored"
	u.DisabledAt = zero
	if disabled {
		event, mail = "user.disabled", "mail.suspended"
		u.DisabledAt = w.Now
		if _, err := p.endEverything(w, &u); err != nil {
			return err
		}
	}
	if err := w.UpdateUser(u); err != nil {
		return err
	}
	if err := p.guardShopsOf(w, u.ID); err != nil {
		return err
	}
	if err := p.mail(w, u, mail); err != nil {
		return err
	}
	return w.record(event, u.ID, "")
}

// endEverything ends sessions, grants and trusted devices; the caller writes the user.
func (p *Provider) endEverything(w *work, u *User) (int, error) {
	sids, err := w.EndSessions(u.ID, "")
	if err != nil {
		return 0, err
	}
	if _, err := w.RevokeGrants(store.GrantFilter{UserID: u.ID}); err != nil {
		return 0, err
	}
	for _, sid := range sids {
		if err := p.notifyLogout(w, u.ID, sid); err != nil {
			return 0, err
		}
	}
	return len(sids), p.forgetDevices(w, u)
}

// EndUserSessions ends all of a person's sessions, grants and trusted devices,
// and tells how many sessions there were. The person is told by mail.
func (p *Provider) EndUserSessions(ctx context.Context, actor Actor, id string) (int, error) {
	n := 0
	err := p.changeUser(ctx, actor, id, func(w *work, u User) error {
		var err error
		n, err = p.endUser(w, u)
		return err
	})
	return n, err
}

func (p *Provider) endUser(w *work, u User) (int, error) {
	n, err := p.endEverything(w, &u)
	if err != nil {
		return 0, err
	}
	if err := w.UpdateUser(u); err != nil {
		return 0, err
	}
	if err := p.mail(w, u, "mail.ended"); err != nil {
		return 0, err
	}
	return n, w.record("session.ended_all", u.ID, "")
}

// ResetTwoStep switches a person's two-step verification off, erases methods,
// passkeys and recovery codes, and ends everything: they set it up anew (S-133).
// It never signs anybody in.
func (p *Provider) ResetTwoStep(ctx context.Context, actor Actor, id string) error {
	return p.changeUser(ctx, actor, id, p.resetTwoStep)
}

func (p *Provider) resetTwoStep(w *work, u User) error {
	if _, err := p.endEverything(w, &u); err != nil {
		return err
	}
	factors, err := w.Factors(u.ID)
	if err != nil {
		return err
	}
	if err := w.DeleteEnrolment(u.ID); err != nil {
		return err
	}
	passkeys, err := w.Passkeys(u.ID)
	if err != nil {
		return err
	}
	for _, k := range passkeys { // who has lost everything has lost these too
		if err := w.DeletePasskey(k.ID); err != nil {
			return err
		}
	}
	return p.turnOff(w, &u, factors, true)
}

// SendReset mails a password reset link; an operator never chooses a password.
func (p *Provider) SendReset(ctx context.Context, actor Actor, id string) error {
	return p.changeUser(ctx, actor, id, p.sendReset)
}

// Events reads the audit log.
func (p *Provider) Events(ctx context.Context, f store.EventFilter) ([]Event, error) {
	var list []Event
	err := p.st.View(ctx, func(tx *store.Tx) error {
		var err error
		list, err = tx.Events(f)
		return err
	})
	return list, err
}
