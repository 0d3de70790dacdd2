package idp

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// Role is what a member of staff may do on the pages under /admin.
type Role string

// The roles. An Admin looks after people and dates; a Reviewer decides about
// requests to recover an account. One person may have both.
const (
	Admin    Role = "admin"
	Reviewer Role = "reviewer"
)

// Roles are all there are.
var Roles = []Role{Admin, Reviewer}

// staffRequest is what a member of staff must prove before any page under
// /admin opens: a passkey, with two-step verification on beside it (T-43). It is
// the one place that says so. Where browsers make no passkeys for the issuer, as
// for an IP address, a live code has to do.
func (p *Provider) staffRequest() signin.Request {
	r := signin.Request{Want: signin.LevelPhishingResistant, Essential: true, Staff: true}
	if p.site == nil {
		r.Want = signin.LevelTwoStep
	}
	return r
}

// ParseRole reads a role's name.
func ParseRole(s string) (Role, error) {
	if r := Role(s); slices.Contains(Roles, r) {
		return r, nil
	}
	return "", fmt.Errorf("role %q: want admin or reviewer", s)
}

// RolesOf are the roles of a person.
func RolesOf(u User) []Role {
	var out []Role
	for _, r := range Roles {
		if hasRole(u, r) {
			out = append(out, r)
		}
	}
	return out
}

// hasRole reports whether a person has one of the roles.
func hasRole(u User, any ...Role) bool {
	words := strings.Fields(u.Roles)
	return slices.ContainsFunc(any, func(r Role) bool { return slices.Contains(words, string(r)) })
}

// SetRole gives a person a role or takes it away. They are told by mail, and
// nobody has one by default. ErrNotFound; ErrState when nothing changes.
func (p *Provider) SetRole(ctx context.Context, actor Actor, id string, r Role, has bool) error {
	return p.changeUser(ctx, actor, id, func(w *work, u User) error {
		if hasRole(u, r) == has {
			return ErrState
		}
		words := slices.DeleteFunc(strings.Fields(u.Roles), func(s string) bool { return s == string(r) })
		event, mail := "role.revoked", "mail.role_off"
		if has {
			words = append(words, string(r))
			event, mail = "role.granted", "mail.role_on"
		}
		slices.Sort(words)
		u.Roles = strings.Join(words, " ")
		if err := w.UpdateUser(u); err != nil {
			return err
		}
		if err := p.mail(w, u, mail, "role", string(r)); err != nil {
			return err
		}
		return w.record(event, u.ID, "", "role", string(r))
	})
}

// StaffMember is somebody who has a role, and whether they could be let in.
type StaffMember struct {
	User
	// Passkeys are those that may be used.
	Passkeys int
	// Lacks says that the pages under /admin demand what the member has not set
	// up: two-step verification or, where browsers make them, a passkey.
	Lacks bool
}

// ListStaff is everybody who has a role.
func (p *Provider) ListStaff(ctx context.Context) ([]StaffMember, error) {
	var list []StaffMember
	err := p.st.View(ctx, func(tx *store.Tx) error {
		list = nil
		people, err := tx.Staff()
		for _, u := range people {
			keys, err := p.passkeys(tx, u.ID)
			if err != nil {
				return err
			}
			m := StaffMember{User: u, Passkeys: len(keys)}
			m.Lacks = u.TwoStepAt.IsZero() || m.Passkeys == 0 && p.staffRequest().Want == signin.LevelPhishingResistant
			list = append(list, m)
		}
		return err
	})
	return list, err
}

// StaffSignIn is the entrance of the pages under /admin: it asks for as much as
// they demand, and leads to returnTo then.
func (p *Provider) StaffSignIn(ctx context.Context, b *Browser, returnTo string) (Next, error) {
	return p.begin(ctx, b, AuthorizeRequest{Request: p.staffRequest()}, ourPath(returnTo, "/admin"))
}

// Duty is a member of staff who is signed in well enough.
type Duty struct {
	User  User
	Roles []Role
}

// Has reports whether the member has one of the roles.
func (d Duty) Has(any ...Role) bool { return hasRole(d.User, any...) }

// Duty is who is on duty in this browser. ErrSignedOut and ErrStaffSignIn ask
// for [Provider.StaffSignIn]; ErrForbidden is for people without a role.
func (p *Provider) Duty(ctx context.Context, b *Browser) (Duty, error) {
	var d Duty
	err := p.st.View(ctx, func(tx *store.Tx) error {
		var err error
		d, err = p.onDuty(tx, b)
		return err
	})
	return d, err
}

// onDuty asks the decision itself whether this browser may open staff pages, as
// a sign-in that has nothing left to ask would.
func (p *Provider) onDuty(tx *store.Tx, b *Browser) (Duty, error) {
	s, err := p.session(tx, b)
	if err != nil {
		return Duty{}, err
	}
	if s == nil {
		return Duty{}, ErrSignedOut
	}
	u, err := tx.User(s.UserID)
	switch {
	case err != nil:
		return Duty{}, err
	case !u.DisabledAt.IsZero():
		return Duty{}, ErrSignedOut
	case u.Roles == "":
		return Duty{}, ErrForbidden
	}
	factors, err := tx.Factors(u.ID)
	if err != nil {
		return Duty{}, err
	}
	passkeys, err := p.passkeys(tx, u.ID)
	if err != nil {
		return Duty{}, err
	}
	r := p.staffRequest()
	r.CreatedAt = tx.Now
	at := situation{req: AuthorizeRequest{Request: r}, user: &u, session: s, factors: factors, passkeys: passkeys}
	at.row.ExpiresAt = tx.Now.Add(time.Minute)
	if at.decide(p, tx.Now); at.step.Page != signin.PageDone {
		return Duty{}, ErrStaffSignIn
	}
	return Duty{User: u, Roles: RolesOf(u)}, nil
}

// look says what a member of staff opens or does. Both are audited, and both
// have a budget of each member's own (T-43).
type look struct {
	roles []Role
	// page names what is opened; empty for a change, whose verb records itself.
	page string
	// list marks a page that names nobody; it draws on no budget.
	list bool
	// about is the person it is about, known at the end of the verb at the latest.
	about   string
	details []string
}

// staff runs f in an update for a member of staff on duty. From then on the
// browser is out of play: what f ends or mails is another person's.
func (p *Provider) staff(ctx context.Context, b *Browser, l *look, f func(*work, Duty) error) error {
	return p.update(ctx, b, func(w *work) error {
		d, err := p.onDuty(w.Tx, b)
		if err != nil {
			return err
		}
		if !d.Has(l.roles...) {
			return ErrForbidden
		}
		s, err := p.session(w.Tx, b)
		if err != nil {
			return err
		}
		if err := p.touch(w, s); err != nil {
			return err
		}
		w.Actor.Kind, w.Actor.ID, w.b = string(actingAs(d, l.roles)), d.User.ID, nil
		if err := p.spendLook(w, d, l); err != nil {
			return err
		}
		if err := f(w, d); err != nil || l.page == "" {
			return err
		}
		return w.record("staff.viewed", l.about, "", append([]string{"page", l.page}, l.details...)...)
	})
}

// actingAs is the role in which somebody acts: the first of those that are asked for.
func actingAs(d Duty, roles []Role) Role {
	i := slices.IndexFunc(roles, func(r Role) bool { return d.Has(r) })
	return roles[max(i, 0)]
}

func (p *Provider) spendLook(w *work, d Duty, l *look) error {
	limits := p.cfg.Limits.Staff
	key, limit, per := "staff.acts|"+d.User.ID, limits.ActsDay, 24*time.Hour
	if l.list {
		return nil
	}
	if l.page != "" {
		key, limit, per = "staff.looks|"+d.User.ID, limits.LooksHour, time.Hour
	}
	ok, until, err := w.Hit(key, limit, per)
	if err != nil || ok {
		return err
	}
	if err := w.record("staff.limited", l.about, "", "page", l.page); err != nil {
		return err
	}
	return store.Keep(&mfa.TooSoonError{What: "staff", At: until})
}
