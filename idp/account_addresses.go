package idp

import (
	"context"
	"crypto/hmac"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// A person has one address that signs in and further ones for notices (N-51).
// Neither counts before a code sent there came back to the session that asked.

// tokenAddress is a pending address; its data say whether it shall sign in.
const tokenAddress = "address"

// NoticeAddress is a further address of a person.
type NoticeAddress = store.NoticeAddress

// AddressPending is an address that waits for its code.
type AddressPending struct {
	Email string
	// SignIn says that it shall be the one that signs in.
	SignIn bool
}

// Addresses are a person's further addresses, the oldest first.
func (p *Provider) Addresses(ctx context.Context, b *Browser) ([]NoticeAddress, error) {
	var list []NoticeAddress
	err := p.st.View(ctx, func(tx *store.Tx) error {
		h, err := p.holder(tx, b)
		if err != nil {
			return err
		}
		list, err = tx.NoticeAddresses(h.user.ID)
		return err
	})
	return list, err
}

// AddAddress sends a code to a further address and answers with the handle of
// [Provider.VerifyAddress]. It needs fresh proofs. Errors: ErrEmail,
// ErrAddressYours, ErrTooMany, *mfa.TooSoonError.
func (p *Provider) AddAddress(ctx context.Context, b *Browser, email string) (string, error) {
	return p.askAddress(ctx, b, email, false)
}

// ChangeEmail sends a code to an address that shall sign in from then on. It
// needs fresh proofs. Whether the address is somebody's is not told: its owner
// gets a mail instead (T-02). Errors: ErrEmail, ErrAddressYours, *HeldError, *mfa.TooSoonError.
func (p *Provider) ChangeEmail(ctx context.Context, b *Browser, email string) (string, error) {
	return p.askAddress(ctx, b, email, true)
}

func (p *Provider) askAddress(ctx context.Context, b *Browser, email string, signIn bool) (string, error) {
	email = normaliseEmail(email)
	if err := checkEmail(email); err != nil {
		return "", err
	}
	ref := newID()
	with := p.withSudo
	if signIn { // it takes the account along (C-40)
		with = p.withFirm
	}
	err := with(ctx, b, func(w *work, h *holder) error {
		mine, err := w.NoticeAddresses(h.user.ID)
		if err != nil {
			return err
		}
		known := slices.ContainsFunc(mine, func(a NoticeAddress) bool { return a.Email == email })
		switch {
		case email == h.user.Email, known && !signIn:
			return ErrAddressYours
		case !signIn && len(mine) >= p.cfg.Limits.Account.Addresses:
			return ErrTooMany
		}
		t := store.Token{
			ID: ref, Hash: store.Hash(ref), Purpose: tokenAddress, UserID: h.user.ID,
			CreatedAt: w.Now, ExpiresAt: w.Now.Add(p.cfg.Limits.SignIn.SignUp),
			Data: map[string]string{"email": email, "sid": h.session.SID, "password_at": h.user.PasswordAt.Format(time.RFC3339)},
		}
		if signIn {
			t.Data["signin"] = "yes"
		}
		if err := w.DeleteTokens(h.user.ID, tokenAddress); err != nil { // one at a time
			return err
		}
		if err := p.mailAddressCode(w, &t, h.user); err != nil {
			return err
		}
		if err := w.InsertToken(t); err != nil {
			return err
		}
		return w.record("address.asked", h.user.ID, "", "address", maskEmail(email), "signin", t.Data["signin"])
	})
	return ref, err
}

// mailAddressCode sends the code. For an address that is somebody else's, or
// held for them, a mail goes there that has none.
func (p *Provider) mailAddressCode(w *work, t *store.Token, u User) error {
	email := t.Data["email"]
	if until, err := p.spendMail(w, "address", email); err != nil || !until.IsZero() {
		return errors.Join(err, tooManyMails(until))
	}
	delete(t.Data, "mac")
	if t.Data["signin"] != "" {
		told, err := p.tellOwner(w, email, u, "mail.em_taken")
		if err != nil || told {
			return err
		}
	}
	code := mfa.NewCode(p.cfg.Limits.MFA.CodeDigits)
	t.Data["mac"] = p.mailMAC(t.ID, code)
	// No name: the address may be a stranger's, mistyped.
	return p.mailTo(w, email, User{ID: u.ID, Lang: p.codeLang(w, u), Zone: u.Zone}, "mail.addr_code",
		"code", code, "minutes", minutes(p.cfg.Limits.SignIn.SignUp))
}

// tellOwner writes to an address that asker cannot have; told is false when it is free.
func (p *Provider) tellOwner(w *work, email string, asker User, name string) (told bool, err error) {
	owner, err := w.UserByEmail(email)
	if err == nil && owner.ID != asker.ID {
		return true, p.mailTo(w, email, owner, name)
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	until, err := w.EmailHeld(email, asker.ID)
	if err != nil || until.IsZero() {
		return false, err
	}
	return true, p.mailTo(w, email, User{Lang: p.codeLang(w, asker), Zone: asker.Zone}, "mail.em_held", "until", until.Format(time.RFC3339))
}

// addressToken loads a pending address of this session; ErrLink otherwise.
func (p *Provider) addressToken(tx *store.Tx, h *holder, ref string) (store.Token, error) {
	t, err := tx.Token(ref)
	if errors.Is(err, store.ErrNotFound) {
		return t, ErrLink
	}
	if err != nil {
		return t, err
	}
	ours := t.UserID == h.user.ID && t.Data["sid"] == h.session.SID && t.Data["password_at"] == h.user.PasswordAt.Format(time.RFC3339)
	if t.Purpose != tokenAddress || !ours || !t.UsedAt.IsZero() || !tx.Now.Before(t.ExpiresAt) {
		return t, ErrLink
	}
	return t, nil
}

// PendingAddress is the address a code was sent to; ErrLink when this session waits for none.
func (p *Provider) PendingAddress(ctx context.Context, b *Browser, ref string) (AddressPending, error) {
	var a AddressPending
	err := p.st.View(ctx, func(tx *store.Tx) error {
		h, err := p.holder(tx, b)
		if err != nil {
			return err
		}
		t, err := p.addressToken(tx, h, ref)
		a = AddressPending{Email: t.Data["email"], SignIn: t.Data["signin"] != ""}
		return err
	})
	return a, err
}

// ResendAddressCode sends another code; the one before no longer works.
func (p *Provider) ResendAddressCode(ctx context.Context, b *Browser, ref string) error {
	return p.withHolder(ctx, b, func(w *work, h *holder) error {
		t, err := p.addressToken(w.Tx, h, ref)
		if err != nil {
			return err
		}
		if t.Attempts >= p.cfg.Limits.SignIn.MailTries {
			return ErrLink // its tries are spent: begin anew
		}
		if err := p.mailAddressCode(w, &t, h.user); err != nil {
			return err
		}
		return w.UpdateToken(t)
	})
}

// VerifyAddress takes the code: the address counts from now on. signIn says
// that it is the one that signs in. Errors: mfa.ErrWrongCode and those of codes, ErrLink.
func (p *Provider) VerifyAddress(ctx context.Context, b *Browser, ref, code string) (signIn bool, err error) {
	code, err = mfa.ParseCode(code, p.cfg.Limits.MFA.CodeDigits)
	if err != nil {
		return false, err
	}
	err = p.withHolder(ctx, b, func(w *work, h *holder) error {
		t, err := p.addressToken(w.Tx, h, ref)
		if err != nil {
			return err
		}
		if _, err := w.CountTokenAttempt(t.ID, p.cfg.Limits.SignIn.MailTries); err != nil {
			return ErrLink
		}
		if t.Data["mac"] == "" || !hmac.Equal([]byte(t.Data["mac"]), []byte(p.mailMAC(t.ID, code))) {
			return store.Keep(mfa.ErrWrongCode)
		}
		if err := w.UseToken(t.ID); err != nil {
			return ErrLink
		}
		if signIn = t.Data["signin"] != ""; signIn {
			return p.moveTo(w, h.user, t.Data["email"])
		}
		return p.addAddress(w, h.user, t.Data["email"])
	})
	return signIn, err
}

func (p *Provider) addAddress(w *work, u User, email string) error {
	a := NoticeAddress{ID: newID(), UserID: u.ID, Email: email, CreatedAt: w.Now}
	if err := w.InsertNoticeAddress(a); err != nil {
		return err
	}
	if err := p.mail(w, u, "mail.addr_add", "address", maskEmail(email), "ref", a.ID); err != nil {
		return err
	}
	return w.record("address.added", u.ID, "", "address", maskEmail(email))
}

// moveTo makes an address the one that signs in. The one before hears of it
// with all others, and can be had back for as long as the mail's link works.
func (p *Provider) moveTo(w *work, u User, email string) error {
	owner, err := w.UserByEmail(email)
	if err == nil && owner.ID != u.ID {
		return ErrLink // somebody was faster
	}
	if err := ignore(err, store.ErrNotFound); err != nil {
		return err
	}
	to, err := p.noticeAddresses(w.Tx, u) // the old one among them
	if err != nil {
		return err
	}
	old := store.FormerEmail{ID: newID(), UserID: u.ID, Email: u.Email, CreatedAt: w.Now, ExpiresAt: w.Now.Add(p.cfg.Limits.Account.Report)}
	if err := w.InsertFormerEmail(old); err != nil {
		return err
	}
	if err := p.dropAddress(w, u.ID, email); err != nil { // it needs no second place
		return err
	}
	if err := w.DeleteTokens(u.ID, tokenReset); err != nil { // links that went to the old address
		return err
	}
	u.Email, u.EmailVerifiedAt = email, w.Now
	if err := w.UpdateUser(u); err != nil {
		if errors.Is(err, store.ErrExists) { // at the very same moment
			return ErrLink
		}
		return err
	}
	w.b.Known = p.knownToken(email)
	if !slices.Contains(to, email) {
		to = append(to, email)
	}
	if err := p.mailAll(w, to, u, "mail.em_chg", "old", maskEmail(old.Email), "new", maskEmail(email), "ref", old.ID); err != nil {
		return err
	}
	return w.record("email.changed", u.ID, "", "from", maskEmail(old.Email), "to", maskEmail(email))
}

func (p *Provider) dropAddress(w *work, userID, email string) error {
	mine, err := w.NoticeAddresses(userID)
	if err != nil {
		return err
	}
	for _, a := range mine {
		if a.Email == email {
			return w.DeleteNoticeAddress(a.ID)
		}
	}
	return nil
}

// RemoveAddress ends notices to an address; it hears of that itself. *HeldError
// while a held method gave the proofs, ErrNotFound for another person's.
func (p *Provider) RemoveAddress(ctx context.Context, b *Browser, id string) error {
	return p.withFirm(ctx, b, func(w *work, h *holder) error {
		mine, err := w.NoticeAddresses(h.user.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(mine, func(a NoticeAddress) bool { return a.ID == id })
		if i < 0 {
			return ErrNotFound
		}
		to, err := p.noticeAddresses(w.Tx, h.user)
		if err != nil {
			return err
		}
		if err := w.DeleteNoticeAddress(id); err != nil {
			return err
		}
		gone := mine[i].Email
		if err := p.mailAll(w, to, h.user, "mail.addr_rm", "address", maskEmail(gone), "ref", gone); err != nil {
			return err
		}
		return w.record("address.removed", h.user.ID, "", "address", maskEmail(gone))
	})
}

// unaddAddress is the undo of an address that somebody added.
func (p *Provider) unaddAddress(w *work, _ *User, ref string) error {
	return ignore(w.DeleteNoticeAddress(ref), store.ErrNotFound)
}

// readdAddress is the undo of an address that somebody removed: it was proved before.
func (p *Provider) readdAddress(w *work, u *User, ref string) error {
	mine, err := w.NoticeAddresses(u.ID)
	if err != nil || ref == u.Email || slices.ContainsFunc(mine, func(a NoticeAddress) bool { return a.Email == ref }) {
		return err
	}
	return w.InsertNoticeAddress(NoticeAddress{ID: newID(), UserID: u.ID, Email: ref})
}

// moveBack is the undo of a change of address. The owner gets the one of before
// even if it was changed again since.
func (p *Provider) moveBack(w *work, u *User, ref string) error {
	old, err := w.FormerEmail(ref)
	if errors.Is(err, store.ErrNotFound) || (err == nil && (old.UserID != u.ID || !w.Now.Before(old.ExpiresAt))) {
		return nil
	}
	if err != nil {
		return err
	}
	owner, err := w.UserByEmail(old.Email)
	if err == nil && owner.ID != u.ID { // an operator gave it away
		return w.record("email.not_restored", u.ID, "")
	}
	if err := ignore(err, store.ErrNotFound); err != nil {
		return err
	}
	if err := w.DeleteFormerEmails(u.ID); err != nil {
		return err
	}
	if err := w.record("email.restored", u.ID, "", "from", maskEmail(u.Email), "to", maskEmail(old.Email)); err != nil {
		return err
	}
	if err := p.dropAddress(w, u.ID, old.Email); err != nil {
		return err
	}
	u.Email = old.Email
	return nil
}

// maskEmail is what logs and mails show of an address: enough for its owner.
func maskEmail(email string) string {
	at := strings.LastIndexByte(email, '@')
	if at <= 0 {
		return ""
	}
	for _, r := range email {
		return string(r) + "•••" + email[at:]
	}
	return ""
}
