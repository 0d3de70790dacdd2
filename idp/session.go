package idp

import (
	"context"
	"slices"
	"time"

	"github.com/sekisho-id/sekisho/idp/store"
)

// seenEvery is how often a session's last use is written down.
const seenEvery = time.Minute

// touch notes that a session was used, at most once a minute.
func (p *Provider) touch(w *work, s *Session) error {
	if s == nil || w.Now.Sub(s.SeenAt) < seenEvery {
		return nil
	}
	s.SeenAt = w.Now
	return w.UpdateSession(*s)
}

// seen is touch after a page that only reads. Losing it costs idle time only,
// so its failure is logged and not shown.
func (p *Provider) seen(ctx context.Context, b *Browser, s Session) {
	if p.now().Sub(s.SeenAt) < seenEvery {
		return
	}
	err := p.update(ctx, b, func(w *work) error {
		fresh, err := p.session(w.Tx, b)
		if err != nil || fresh == nil {
			return err
		}
		return p.touch(w, fresh)
	})
	if err != nil {
		p.cfg.Log.WarnContext(ctx, "session not touched", "error", err)
	}
}

// Sessions are the person's live sessions, newest first.
func (p *Provider) Sessions(ctx context.Context, b *Browser) ([]Session, error) {
	var list []Session
	err := p.st.View(ctx, func(tx *store.Tx) error {
		h, err := p.holder(tx, b)
		if err != nil {
			return err
		}
		list, err = tx.Sessions(h.user.ID)
		return err
	})
	return list, err
}

// EndSession ends one session of the person; ErrNotFound for another's.
func (p *Provider) EndSession(ctx context.Context, b *Browser, sid string) error {
	return p.withHolder(ctx, b, func(w *work, h *holder) error {
		list, err := w.Sessions(h.user.ID)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(list, func(s Session) bool { return s.SID == sid }) {
			return ErrNotFound
		}
		if sid == h.session.SID {
			b.Session = ""
		}
		return p.endSession(w, h.user.ID, sid)
	})
}

// EndOtherSessions ends all sessions of the person but this one.
func (p *Provider) EndOtherSessions(ctx context.Context, b *Browser) error {
	return p.withHolder(ctx, b, func(w *work, h *holder) error {
		return p.endSessions(w, h.user.ID, h.session.SID)
	})
}

// SignOut ends this browser's session; forgetDevice also ends its trust. It is
// no error when nobody is signed in.
func (p *Provider) SignOut(ctx context.Context, b *Browser, forgetDevice bool) error {
	return p.update(ctx, b, func(w *work) error { return p.signOut(w, forgetDevice) })
}

func (p *Provider) signOut(w *work, forgetDevice bool) error {
	s, err := p.session(w.Tx, w.b)
	if err != nil {
		return err
	}
	w.b.Session = ""
	if s == nil {
		return nil
	}
	w.as(s.UserID)
	if forgetDevice {
		devices, err := w.Devices(s.UserID)
		if err != nil {
			return err
		}
		if id := thisDevice(w.b, devices); id != "" {
			if err := w.DeleteDevice(id); err != nil {
				return err
			}
		}
		w.b.Device = ""
	}
	return p.endSession(w, s.UserID, s.SID)
}

// endSession ends a session and the grants made in it, but for those with
// offline access (O-53).
func (p *Provider) endSession(w *work, userID, sid string) error {
	if err := w.EndSession(sid); err != nil {
		return err
	}
	if err := p.ended(w, userID, sid); err != nil {
		return err
	}
	return w.record("session.ended", userID, "", "sid", sid)
}

// endSessions ends all sessions of a person but one; keep is empty for none.
func (p *Provider) endSessions(w *work, userID, keep string) error {
	sids, err := w.EndSessions(userID, keep)
	if err != nil {
		return err
	}
	for _, sid := range sids {
		if err := p.ended(w, userID, sid); err != nil {
			return err
		}
	}
	return w.record("session.ended_others", userID, "")
}

// ended ends what was granted in a session that is over, and tells the relying
// parties it was used for.
func (p *Provider) ended(w *work, userID, sid string) error {
	if err := p.endGrants(w, userID, sid); err != nil {
		return err
	}
	return p.notifyLogout(w, userID, sid)
}

func (p *Provider) endGrants(w *work, userID, sid string) error {
	grants, err := w.Grants(userID)
	if err != nil {
		return err
	}
	for _, g := range grants {
		if g.SID == sid && !slices.Contains(g.Scopes, "offline_access") {
			if err := w.RevokeGrant(g.ID); err != nil {
				return err
			}
		}
	}
	return nil
}
