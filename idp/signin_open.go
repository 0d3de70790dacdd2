package idp

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/idp/store"
)

// Authorize begins to satisfy a validated authorization request. It answers at
// once when this browser's session satisfies it, or with an error under
// prompt=none; otherwise it opens a sign-in bound to the browser (T-08).
func (p *Provider) Authorize(ctx context.Context, b *Browser, r AuthorizeRequest) (Next, error) {
	return p.begin(ctx, b, r, "")
}

// AccountSignIn is the entrance of our own pages. returnTo is a path of ours;
// sudo asks for proofs fresh enough to change credentials.
func (p *Provider) AccountSignIn(ctx context.Context, b *Browser, returnTo string, sudo bool) (Next, error) {
	return p.begin(ctx, b, AuthorizeRequest{Request: signin.Request{Sudo: sudo}}, ourPath(returnTo, "/account"))
}

// ourPath is where, if that is a path of ours, and else instead.
func ourPath(where, instead string) string {
	if localPath(where) {
		return where
	}
	return instead
}

// localPath reports whether a path stays on this origin (T-19).
func localPath(s string) bool {
	if !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") || strings.ContainsAny(s, "\\\r\n\t") {
		return false
	}
	low := strings.ToLower(s)
	return !strings.HasPrefix(low, "/%2f") && !strings.HasPrefix(low, "/%5c")
}

func (p *Provider) begin(ctx context.Context, b *Browser, r AuthorizeRequest, returnTo string) (Next, error) {
	var next Next
	err := p.update(ctx, b, func(w *work) error {
		var err error
		next, err = p.start(w, r, returnTo)
		return err
	})
	return next, err
}

// start is begin inside an update.
func (p *Provider) start(w *work, r AuthorizeRequest, returnTo string) (Next, error) {
	if w.b.Flow == "" {
		w.b.Flow = newToken()
	}
	var err error
	if r.HintSubject, err = p.owner(w.Tx, r.ClientID, r.HintSubject); err != nil {
		return Next{}, err
	}
	row := p.newSignIn(w, &r, returnTo)
	s, err := p.lookAt(w.Tx, w.b, row, r)
	if err != nil {
		return Next{}, err
	}
	switch {
	case s.step.Page == signin.PageDone:
		w.came(s)
		return p.complete(w, s, false)
	case s.req.None:
		w.came(s)
		return Next{Step: s.step, Reply: s.refusal(p, s.step.Error)}, w.usePushed(s.req)
	}
	if s.session != nil && row.UserID == "" {
		row.UserID = s.session.UserID
	}
	if err := errors.Join(w.keepSignIn(&row, r), w.keepPushed(s.req)); err != nil {
		return Next{}, err
	}
	s.row = row
	return p.proceed(w, s)
}

// newSignIn begins a sign-in for a request, which it dates. Most are over at once
// and need no row.
func (p *Provider) newSignIn(w *work, r *AuthorizeRequest, returnTo string) store.SignIn {
	r.CreatedAt, r.ExpiresAt = w.Now, w.Now.Add(p.cfg.Limits.SignIn.Request)
	return store.SignIn{
		ID: newID(), Browser: store.Hash(w.b.Flow), ClientID: r.ClientID, ReturnTo: returnTo,
		CreatedAt: w.Now, ExpiresAt: r.ExpiresAt,
	}
}

// keepSignIn adds the row of a sign-in that goes on.
func (w *work) keepSignIn(row *store.SignIn, r AuthorizeRequest) (err error) {
	if row.Request, err = json.Marshal(r); err != nil {
		return err
	}
	return w.InsertSignIn(*row)
}

// proceed acts on a decision inside an update: it completes a sign-in that is
// done, sends the first code when the code page is next (S-029), answers a
// refusal, and otherwise names the page.
func (p *Provider) proceed(w *work, s *situation) (Next, error) {
	w.came(s)
	switch s.step.Page {
	case signin.PageDone:
		return p.complete(w, s, true)
	case signin.PageRefuse:
		return p.refuse(w, s)
	case signin.PageCode:
		if err := p.firstCode(w, s); err != nil {
			return Next{}, err
		}
	default: // a page that asks
	}
	return Next{SignInID: s.row.ID, Step: s.step}, nil
}

// came counts the page that a sign-in came to.
func (w *work) came(s *situation) {
	page, reason := string(s.step.Page), s.step.Reason
	w.count(func(p *Provider) { p.meters.steps.Inc(page, reason) })
}

// refuse ends a sign-in that cannot succeed. A suspended person is told on a
// page, not through the relying party.
func (p *Provider) refuse(w *work, s *situation) (Next, error) {
	if s.client == nil || (s.user != nil && !s.user.DisabledAt.IsZero()) {
		return Next{SignInID: s.row.ID, Step: s.step}, nil
	}
	if err := p.endSignIn(w, s); err != nil {
		return Next{}, err
	}
	return Next{Step: s.step, Reply: s.refusal(p, s.step.Error)}, nil
}

func (p *Provider) endSignIn(w *work, s *situation) error {
	s.row.EndedAt = w.Now
	return errors.Join(w.UpdateSignIn(s.row), w.usePushed(s.req), p.refuseDevice(w, s))
}
