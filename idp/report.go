package idp

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"time"

	"github.com/sekisho-id/sekisho/idp/store"
)

// A security mail ends with a link "this wasn't me". It signs nobody in: all it
// can do is take access away, once, within seven days, after a confirmation
// (T-64). Whoever gets hold of it can annoy the owner and no more; N-52 calls a
// false invalidation the lesser harm.

const tokenReport = "report"

// unreported are the mails about which there is nothing to report: no browser
// did what they tell of, or they have a link of their own.
var unreported = []string{
	"mail.exists", "mail.locked", "mail.failures", "mail.reported",
	"mail.shop_member", "mail.shop_gone", "mail.shop_removed", "mail.shop_role", "mail.shop_2sv", "mail.shop_closed",
	"mail.shop_tool_off", "mail.shop_tool_end", "mail.shop_tools_off", "mail.shop_tools_on",
	"mail.role_on", "mail.role_off", "mail.suspended", "mail.restored", "mail.ended",
	"mail.rec_in", "mail.rec_ask", "mail.rec_ok", "mail.rec_soon", "mail.rec_ng", "mail.rec_off", "mail.rec_exp", "mail.rec_done",
	"mail.m_unver", "mail.m_check", "mail.m_old", "mail.m_purged",
	"mail.extended", "mail.due", "mail.due_now",
}

// undos take back what a mail told of, where ending everything does not do
// it; ref is the mail's parameter of that name. What is gone already is no error.
//
// None gives the reader of a mail a way in: a method that was added goes, but
// two-step verification stays on, for a mailbox alone must not end it (N-50).
var undos = map[string]func(p *Provider, w *work, u *User, ref string) error{
	"mail.m_add":         (*Provider).stopMethod,
	"mail.m_new":         (*Provider).stopMethod,
	"mail.m_ok":          (*Provider).stopMethod,
	"mail.m_chg":         (*Provider).numberBack,
	"mail.m_main":        (*Provider).mainBack,
	"mail.pk_add":        (*Provider).stopAddedPasskey,
	"mail.2sv_off":       (*Provider).twoStepAgain,
	"mail.addr_add":      (*Provider).unaddAddress,
	"mail.addr_rm":       (*Provider).readdAddress,
	"mail.app":           (*Provider).disconnect,
	"mail.device":        (*Provider).disconnectDevice,
	"mail.close":         (*Provider).reopen,
	"mail.close_soon":    (*Provider).reopen,
	"mail.em_chg":        (*Provider).moveBack,
	"mail.rc":            (*Provider).dropRecoveryCodes,
	"mail.rc_used":       (*Provider).dropRecoveryCodes,
	"mail.shop_join":     (*Provider).unjoin,
	"mail.shop_tool":     (*Provider).untool,
	"mail.shop_tool_new": (*Provider).untool,
}

// stopAddedPasskey disables a passkey that somebody added.
func (p *Provider) stopAddedPasskey(w *work, u *User, ref string) error {
	all, err := w.Passkeys(u.ID)
	if err != nil {
		return err
	}
	for _, k := range all {
		if k.ID == ref {
			return p.stopPasskey(w, k)
		}
	}
	return nil
}

// ReportView is what the page behind the link shows.
type ReportView struct {
	// Mail is the name of the mail, Subject what it said it was about, At when it was written.
	Mail, Subject string
	At            time.Time
	// Lang and Zone are the person's; empty when they chose none.
	Lang, Zone string
	// Undone says that the change itself is taken back too.
	Undone bool
}

// reportLink makes the link of a mail.
func (p *Provider) reportLink(w *work, u User, name, ref string, m map[string]string) (string, error) {
	data := map[string]string{}
	maps.Copy(data, m)   // the subject is shown again
	delete(data, "link") // a secret of its own
	data["mail"], data["ref"] = name, ref
	secret := newToken()
	err := w.InsertToken(store.Token{
		ID: newID(), Hash: store.Hash(secret), Purpose: tokenReport, UserID: u.ID, Data: data,
		CreatedAt: w.Now, ExpiresAt: w.Now.Add(p.cfg.Limits.Account.Report),
	})
	return p.cfg.Issuer + "/report?" + url.Values{"token": {secret}}.Encode(), err
}

// reportToken loads the link's token and its person; ErrLink when it is spent.
func (p *Provider) reportToken(tx *store.Tx, secret string) (store.Token, User, error) {
	return p.mailedToken(tx, tokenReport, secret)
}

// mailedToken loads a mailed link's token and its person; ErrLink when it is spent.
func (p *Provider) mailedToken(tx *store.Tx, purpose, secret string) (store.Token, User, error) {
	t, err := tx.TokenByHash(purpose, store.Hash(secret))
	if errors.Is(err, store.ErrNotFound) {
		return t, User{}, ErrLink
	}
	if err != nil {
		return t, User{}, err
	}
	if !t.UsedAt.IsZero() || !tx.Now.Before(t.ExpiresAt) {
		return t, User{}, ErrLink
	}
	u, err := tx.User(t.UserID)
	if errors.Is(err, store.ErrNotFound) {
		err = ErrLink
	}
	return t, u, err
}

// Reportable is what the page behind a mail's link shows; it changes nothing.
// ErrLink when the link is spent.
func (p *Provider) Reportable(ctx context.Context, secret, lang string) (ReportView, error) {
	var v ReportView
	err := p.st.View(ctx, func(tx *store.Tx) error {
		t, u, err := p.reportToken(tx, secret)
		if err != nil {
			return err
		}
		v = ReportView{Mail: t.Data["mail"], At: t.CreatedAt, Lang: u.Lang, Zone: u.Zone}
		_, v.Undone = undos[v.Mail]
		m, err := p.cfg.Render(lang, v.Mail, t.Data)
		v.Subject = m.Subject
		return err
	})
	return v, err
}

// Report is "this wasn't me": it ends sessions, grants and trusted devices,
// takes the change back where there is one, and stops the password, which
// whoever did it must have known, until it is reset. It gives nobody anything.
func (p *Provider) Report(ctx context.Context, b *Browser, secret string) error {
	return p.update(ctx, b, func(w *work) error {
		t, u, err := p.reportToken(w.Tx, secret)
		if err != nil {
			return err
		}
		if err := w.UseToken(t.ID); err != nil {
			return ErrLink
		}
		name := t.Data["mail"]
		if undo := undos[name]; undo != nil {
			if err := undo(p, w, &u, t.Data["ref"]); err != nil {
				return err
			}
		}
		if err := p.lockOut(w, &u); err != nil {
			return err
		}
		if err := p.mail(w, u, "mail.reported"); err != nil {
			return err
		}
		return w.record("risk.reported", u.ID, "", "mail", name)
	})
}

// lockOut closes every way into an account until its owner resets the password.
// A passkey that is younger than a link works may be the thief's: it stops too.
func (p *Provider) lockOut(w *work, u *User) error {
	if _, err := p.endEverything(w, u); err != nil {
		return err
	}
	if err := p.stopRecovery(w, u.ID, "report"); err != nil { // whoever asked for it is locked out too
		return err
	}
	for _, purpose := range []string{tokenReset, tokenAddress, tokenResume, tokenCodes} {
		if err := w.DeleteTokens(u.ID, purpose); err != nil {
			return err
		}
	}
	passkeys, err := w.Passkeys(u.ID)
	if err != nil {
		return err
	}
	for _, k := range passkeys {
		if w.Now.Sub(k.CreatedAt) <= p.cfg.Limits.Account.Report {
			if err := p.stopPasskey(w, k); err != nil {
				return err
			}
		}
	}
	if err := p.dropYoungCodes(w, u); err != nil {
		return err
	}
	// PasswordAt moves too: sign-ins that were given the old one forget it.
	u.Password, u.PasswordLen, u.PasswordAt, u.PasswordFailures = "", 0, w.Now, 0
	return w.UpdateUser(*u)
}
