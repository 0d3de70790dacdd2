package idp

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/store"
)

// LogoutRequest is a validated RP-initiated logout: To is registered for the
// client, or empty.
type LogoutRequest struct {
	ClientID string `json:"client_id,omitempty"`
	// SID and Subject come from a valid id_token_hint; Hinted says there was one.
	SID     string `json:"sid,omitempty"`
	Subject string `json:"sub,omitempty"`
	Hinted  bool   `json:"hinted,omitempty"`
	To      string `json:"to,omitempty"`
	State   string `json:"state,omitempty"`
	// UILocales holds the first supported language of ui_locales, or nothing.
	UILocales string    `json:"ui_locales,omitempty"`
	At        time.Time `json:"at"`
}

// LogoutNext is where the browser goes: to Location, or to the confirmation
// page with the sealed request Confirm.
type LogoutNext struct{ Location, Confirm string }

// LogoutView is what the confirmation page shows.
type LogoutView struct {
	// Client asked for it; nil when the person came by themselves.
	Client *clients.Client
	// Trusted is set when this browser skips codes.
	Trusted bool
	// UILocales is the language asked for; empty for none.
	UILocales string
}

const sealLogout = "logout request"

// Logout ends the session at once when a hint shows that the request is about
// it; otherwise the person is asked (O-50, H-08).
func (p *Provider) Logout(ctx context.Context, b *Browser, r LogoutRequest) (LogoutNext, error) {
	var next LogoutNext
	err := p.update(ctx, b, func(w *work) error {
		s, err := p.session(w.Tx, b)
		if err != nil {
			return err
		}
		subject, err := p.owner(w.Tx, r.ClientID, r.Subject)
		if err != nil {
			return err
		}
		if s == nil || (r.Hinted && s.UserID == subject && (r.SID == "" || s.SID == r.SID)) {
			next = LogoutNext{Location: r.location()}
			return p.signOut(w, false)
		}
		r.At = w.Now
		raw, err := json.Marshal(r)
		if err != nil {
			return err
		}
		next.Confirm, err = p.st.Seal(sealLogout, string(raw))
		return err
	})
	return next, err
}

// location is the relying party's page, or ours.
func (r LogoutRequest) location() string {
	if r.To == "" {
		return "/signout/done"
	}
	if r.State == "" {
		return r.To
	}
	return clients.WithQuery(r.To, url.Values{"state": {r.State}})
}

// openLogout unseals a request; the zero request for an empty or stale one, so
// that the page still lets the person sign out.
func (p *Provider) openLogout(sealed string) LogoutRequest {
	var r LogoutRequest
	raw, err := p.st.Open(sealLogout, sealed)
	if err != nil || json.Unmarshal([]byte(raw), &r) != nil || p.now().Sub(r.At) > p.cfg.Limits.SignIn.Request {
		return LogoutRequest{}
	}
	return r
}

// LogoutView is what the confirmation page shows; ErrSignedOut when there is
// nothing to confirm.
func (p *Provider) LogoutView(ctx context.Context, b *Browser, request string) (LogoutView, error) {
	var v LogoutView
	r := p.openLogout(request)
	v.UILocales = r.UILocales
	if c, ok := p.cfg.Clients.Lookup(r.ClientID); ok {
		v.Client = c
	}
	err := p.st.View(ctx, func(tx *store.Tx) error {
		s, err := p.session(tx, b)
		if err != nil {
			return err
		}
		if s == nil {
			return ErrSignedOut
		}
		devices, err := tx.Devices(s.UserID)
		v.Trusted = thisDevice(b, devices) != ""
		return err
	})
	return v, err
}

// LogoutConfirm ends the session after the person said so, and names where to go.
func (p *Provider) LogoutConfirm(ctx context.Context, b *Browser, request string, forgetDevice bool) (string, error) {
	r := p.openLogout(request)
	return r.location(), p.SignOut(ctx, b, forgetDevice)
}
