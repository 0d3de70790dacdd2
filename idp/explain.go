package idp

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// Question asks why somebody is, or is not, asked for something.
type Question struct {
	// Who is a person's whole address or id; ClientID is empty for the account pages.
	Who, ClientID string
	// At is the moment; the zero time means now. What changed since a past moment
	// is taken back as far as the audit log tells.
	At time.Time
	// Session is the browser: empty for one that knows nothing of the person,
	// "last" for the one they used last, or the id of a session.
	Session string
	// With are facts to change, as "name=value"; see [Changes].
	With []string
}

// LastSession is the browser that was used last.
const LastSession = "last"

// Answer is what a [Question] comes to.
type Answer struct {
	User User
	// Client is nil for the account pages.
	Client *clients.Client
	At     time.Time
	// Session is the browser's; nil for none.
	Session *Session
	Facts   signin.Facts
	// Methods are the person's, without numbers and secrets.
	Methods []mfa.Factor
	signin.Explanation
	// Way are the steps that a willing person meets from here on; the first is
	// that of the explanation.
	Way []signin.Step
	// Rewound names the facts that were otherwise at a past moment, Changed those
	// that the question changed.
	Rewound, Changed []string
	// Events are what the audit log has of the person within a quarter of an hour
	// around the moment, the newest first.
	Events []Event
}

// around is how far from the moment events are told.
const around = 15 * time.Minute

// Explain answers a question. It reads only: the facts are gathered and the
// decision is made by the code of a sign-in. ErrNotFound without such a person,
// client or session; a [*ChangeError] for what cannot be changed.
func (p *Provider) Explain(ctx context.Context, q Question) (Answer, error) {
	var a Answer
	err := p.st.View(ctx, func(tx *store.Tx) error {
		var err error
		a, err = p.explain(tx, q)
		return err
	})
	return a, err
}

func (p *Provider) explain(tx *store.Tx, q Question) (Answer, error) {
	u, err := p.findUser(tx, q.Who)
	if err != nil {
		return Answer{}, err
	}
	at := q.At.UTC().Truncate(time.Second)
	if q.At.IsZero() {
		at = tx.Now
	}
	s := p.arrival(at)
	s.user = &u
	if q.ClientID != "" {
		c, err := p.findClient(q.ClientID)
		if err != nil {
			return Answer{}, err
		}
		own := *c
		s.client, s.req.Scopes = &own, own.AllowedScopes()
		s.req.Request.Scopes = slices.DeleteFunc(own.AllowedScopes(), func(scope string) bool { return scope == "openid" })
	}
	if s.session, err = p.browserOf(tx, u.ID, q.Session); err != nil {
		return Answer{}, err
	}
	if err := p.surround(tx, s); err != nil {
		return Answer{}, err
	}
	a := Answer{User: u, Client: s.client, At: at, Session: s.session, Facts: s.facts(p, at)}
	a.User.Password = ""
	for _, f := range s.factors {
		a.Methods = append(a.Methods, masked(f))
	}
	if at.Before(tx.Now) {
		if err := p.rewind(tx, &a); err != nil {
			return a, err
		}
	}
	if err := p.change(&a, q.With); err != nil {
		return a, err
	}
	a.Explanation = signin.Explain(a.Facts)
	a.Way = signin.Way(a.Facts)
	a.Events, err = tx.Events(store.EventFilter{UserID: u.ID, Since: at.Add(-around), Before: at.Add(around), Limit: personEvents})
	return a, err
}

// browserOf finds the session that a question names.
func (p *Provider) browserOf(tx *store.Tx, userID, name string) (*Session, error) {
	if name == "" {
		return nil, nil //nolint:nilnil // a browser without a session is an ordinary answer
	}
	all, err := tx.Sessions(userID)
	if err != nil {
		return nil, err
	}
	var found *Session
	for i, s := range all {
		if s.SID == name || name == LastSession && (found == nil || s.SeenAt.After(found.SeenAt)) {
			found = &all[i]
		}
	}
	if found == nil {
		return nil, fmt.Errorf("session %q: %w", name, ErrNotFound)
	}
	return found, nil
}

// rewind takes back what the audit log says was changed after the moment:
// whether two-step verification was on, the account suspended, and which date
// the client had.
func (p *Provider) rewind(tx *store.Tx, a *Answer) error {
	events, err := tx.Events(store.EventFilter{UserID: a.User.ID, Since: a.At.Add(time.Second), Names: []string{"two_step.on", "two_step.off", "user.disabled", "user.enabled"}})
	if err != nil {
		return err
	}
	for _, e := range events { // the newest first: the first change after the moment has the last word
		switch e.Name {
		case "two_step.on", "two_step.off":
			a.Facts.Person.TwoStep = e.Name == "two_step.off"
			a.rewound("two_step")
		default:
			a.Facts.Person.Disabled = e.Name == "user.enabled"
			a.rewound("disabled")
		}
	}
	if a.Client == nil {
		return nil
	}
	dates, err := p.dates(tx, a.Client.ID, a.At.Add(time.Second))
	if err != nil || len(dates) == 0 {
		return err
	}
	a.Facts.Rules.EnforceFrom = dates[len(dates)-1].Old
	a.rewound("enforce_from")
	return nil
}

func (a *Answer) rewound(what string) {
	if !slices.Contains(a.Rewound, what) {
		a.Rewound = append(a.Rewound, what)
	}
}
