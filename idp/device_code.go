package idp

import (
	"context"
	"crypto/rand"
	"errors"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// A device without a browser is connected by a person at another one (RFC
// 8628): the device shows a short code, the person enters it here, signs in as
// for a change of credentials, and confirms what the page says of the device.
// The grant lives apart from the session in which it was made.

const (
	// userCodeAlphabet has no vowels, so no words, and no two letters that look
	// alike (RFC 8628 §6.1): 20^8 codes are 34.5 bits.
	userCodeAlphabet = "BCDFGHJKLMNPQRSTVWXZ"
	userCodeLength   = 8

	// devicePace is how often a device may ask, in seconds, and by how much it
	// must slow down when it asks too often (RFC 8628 §3.5).
	devicePace = 5
	// deviceCollect is how long an answer waits for the device's next poll, where
	// the code would expire before it.
	deviceCollect = time.Minute
	// deviceGuesses is the window in which wrong codes are counted.
	deviceGuesses = 15 * time.Minute
	// deviceAsks are the codes that one client may be given at one address in ten minutes.
	deviceAsks = 100
)

// DeviceAsk is a device authorization request, with scopes and resources that
// the client may have.
type DeviceAsk struct{ Scopes, Resources []string }

// DeviceWait is what a device that waits is told (RFC 8628 §3.2).
type DeviceWait struct {
	// Code is for polling; UserCode is to be shown.
	Code, UserCode string
	ExpiresAt      time.Time
	// Pace is the seconds between two polls.
	Pace int
}

// DeviceView is what the confirmation page shows of a device.
type DeviceView struct {
	UserCode      string
	IP, UserAgent string
	At            time.Time
}

// AskDevice gives a device its codes. *mfa.TooSoonError when too many were
// given to the client at this address.
func (p *Provider) AskDevice(ctx context.Context, b *Browser, c *clients.Client, ask DeviceAsk) (DeviceWait, error) {
	var out DeviceWait
	err := p.updateAs(ctx, clientActor(b, c), b, func(w *work) error {
		ok, until, err := w.Hit("device.ask|"+c.ID+"|"+network(b.IP), deviceAsks, 10*time.Minute)
		if err != nil {
			return err
		}
		if !ok {
			return store.Keep(&mfa.TooSoonError{What: "device codes", At: until})
		}
		out = DeviceWait{Code: newToken(), Pace: devicePace, ExpiresAt: w.Now.Add(p.cfg.Limits.Tokens.DeviceCode)}
		for err = store.ErrExists; errors.Is(err, store.ErrExists); { // a code that another device shows
			if out.UserCode, err = newUserCode(); err != nil {
				return err
			}
			err = w.InsertDeviceCode(store.DeviceCode{
				Hash: store.Hash(out.Code), UserCode: out.UserCode, ClientID: c.ID, Scopes: ask.Scopes, Resources: ask.Resources,
				IP: b.IP, UserAgent: clip(b.UserAgent, 300), Pace: devicePace, ExpiresAt: out.ExpiresAt,
			})
		}
		return err
	})
	return out, err
}

// newUserCode makes a code that people can read out: BCDF-GHJK.
func newUserCode() (string, error) {
	var code strings.Builder
	for i := range userCodeLength {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(userCodeAlphabet))))
		if err != nil {
			return "", err
		}
		if i == userCodeLength/2 {
			code.WriteByte('-')
		}
		code.WriteByte(userCodeAlphabet[n.Int64()])
	}
	return code.String(), nil
}

// ReadUserCode is a typed code as devices show it; false when it cannot be one.
func ReadUserCode(typed string) (string, bool) {
	code := mfa.Alnum(typed)
	if len(code) != userCodeLength || strings.Trim(code, userCodeAlphabet) != "" {
		return "", false
	}
	return code[:userCodeLength/2] + "-" + code[userCodeLength/2:], true
}

// OpenDevice begins a sign-in at whose end the device that shows the code is
// connected. ErrUserCode for a code that no device shows, ErrDeviceOver for one
// that has expired or was answered, *mfa.TooSoonError after too many of these.
func (p *Provider) OpenDevice(ctx context.Context, b *Browser, typed string) (Next, error) {
	code, ok := ReadUserCode(typed)
	if !ok {
		return Next{}, ErrUserCode // no guess: it costs none
	}
	var next Next
	err := p.update(ctx, b, func(w *work) error {
		d, err := p.guessDevice(w, code)
		if err != nil {
			return err
		}
		next, err = p.start(w, AuthorizeRequest{
			Request:  signin.Request{Device: true, Scopes: slices.DeleteFunc(slices.Clone(d.Scopes), isOpenID)},
			ClientID: d.ClientID, Scopes: d.Scopes, Resources: d.Resources, DeviceCode: d.Hash,
		}, "")
		return err
	})
	return next, err
}

func isOpenID(scope string) bool { return scope == "openid" }

// guessDevice finds a device by its user code. The try is counted before it is
// judged (T-26), and taken back when it was right: somebody may connect many.
func (p *Provider) guessDevice(w *work, code string) (store.DeviceCode, error) {
	most := p.cfg.Limits.SignIn.DeviceTries
	tries := []struct { // always in this order: two guesses at once must not wait for one another
		key   string
		limit int
	}{
		{"device.guess|" + string(store.Hash(w.b.Flow)), most},
		{"device.guess|" + network(w.b.IP), 4 * most},
	}
	var until time.Time
	for _, t := range tries {
		ok, at, err := w.Hit(t.key, t.limit, deviceGuesses)
		if err != nil {
			return store.DeviceCode{}, err
		}
		if !ok {
			until = later(until, at)
		}
	}
	if !until.IsZero() {
		return store.DeviceCode{}, keepAfter(w.record("device_code.guessed", "", ""), &mfa.TooSoonError{What: "device codes", At: until})
	}
	d, err := w.DeviceByUserCode(code)
	if errors.Is(err, store.ErrNotFound) {
		return d, store.Keep(ErrUserCode)
	}
	if err != nil {
		return d, err
	}
	if !waits(d, w.Now) {
		return d, store.Keep(ErrDeviceOver)
	}
	for _, t := range tries {
		if err := w.Unhit(t.key); err != nil {
			return d, err
		}
	}
	return d, nil
}

// waits reports whether nobody has answered for a device yet, and may.
func waits(d store.DeviceCode, now time.Time) bool {
	return d.AnsweredAt.IsZero() && now.Before(d.ExpiresAt)
}

// findDevice loads the device that a sign-in is about; ErrDeviceOver.
func (s *situation) findDevice(tx *store.Tx) error {
	if s.req.DeviceCode == nil {
		return nil
	}
	d, err := tx.DeviceCode(s.req.DeviceCode)
	if errors.Is(err, store.ErrNotFound) || err == nil && !waits(d, tx.Now) {
		return ErrDeviceOver
	}
	s.device = &d
	return err
}

// AnswerDevice answers the confirmation page. A no ends the sign-in, and the
// device learns of it.
func (p *Provider) AnswerDevice(ctx context.Context, b *Browser, id string, yes bool) (Next, error) {
	if !yes {
		return p.Cancel(ctx, b, id)
	}
	return p.answer(ctx, b, id, func(w *work, s *situation) error {
		if s.step.Page != signin.PageDevice {
			return ErrStep
		}
		s.row.ConsentedAt = w.Now
		return nil
	})
}

// connect gives a device the grant that its next poll collects, and tells the
// person: whoever was talked into it learns here how to take it back.
func (p *Provider) connect(w *work, s *situation) (Next, error) {
	g, err := p.newGrant(w, s)
	if err != nil {
		return Next{}, err
	}
	err = errors.Join(w.InsertGrant(g), w.AnswerDeviceCode(s.req.DeviceCode, g.ID))
	if errors.Is(err, store.ErrConflict) {
		err = ErrDeviceOver
	}
	if err != nil {
		return Next{}, err
	}
	lang := p.lang(s.user.Lang)
	if err := p.mail(w, *s.user, "mail.device", "client", s.client.DisplayName(lang), "user_code", s.device.UserCode,
		"asked", p.whereabouts(s.device.IP, lang), "ref", g.ID); err != nil {
		return Next{}, err
	}
	err = w.record("device_code.approved", s.user.ID, s.client.ID, "grant", g.ID, "device_ip", s.device.IP, "device_agent", s.device.UserAgent)
	return Next{Step: s.step, Reply: &Reply{To: "/device/done"}}, err
}

// whereabouts is where an address is in words, or what may be shown of it.
func (p *Provider) whereabouts(ip, lang string) string {
	if place := p.Place(ip, lang); place != "" {
		return place
	}
	return ShortIP(ip)
}

// disconnectDevice is the undo of the mail about a device.
func (p *Provider) disconnectDevice(w *work, u *User, grantID string) error {
	g, err := w.Grant(grantID)
	if errors.Is(err, store.ErrNotFound) || err == nil && (g.UserID != u.ID || !g.RevokedAt.IsZero()) {
		return nil
	}
	if err != nil {
		return err
	}
	return p.revoke(w, grantID, "grant.revoked")
}

// refuseDevice tells a device that its person said no. One that was answered
// meanwhile keeps its answer.
func (p *Provider) refuseDevice(w *work, s *situation) error {
	if s.device == nil {
		return nil
	}
	err := w.AnswerDeviceCode(s.device.Hash, "")
	if errors.Is(err, store.ErrConflict) {
		return nil
	}
	if err != nil {
		return err
	}
	who := ""
	if s.user != nil && proved(s.row) {
		who = s.user.ID
	}
	return w.record("device_code.denied", who, s.client.ID, "device_ip", s.device.IP)
}

// RedeemDevice is one poll of a device. The code is spent by the first that
// finds an answer; any later use revokes what that one earned (T-17). Errors:
// ErrPending, ErrSlowDown, ErrDenied, ErrDeviceExpired and ErrInvalidGrant.
func (p *Provider) RedeemDevice(ctx context.Context, b *Browser, c *clients.Client, code string, bound Binding) (Issue, error) {
	var out Issue
	err := p.updateAs(ctx, clientActor(b, c), b, func(w *work) error {
		out = Issue{}
		d, err := w.DeviceCode(store.Hash(code))
		if errors.Is(err, store.ErrNotFound) {
			return invalidGrant("no such device code, or it expired long ago")
		}
		if err != nil {
			return err
		}
		if d.ClientID != c.ID {
			return invalidGrant("the device code was issued to another client")
		}
		if answered, err := p.poll(w, d); !answered || err != nil {
			return err
		}
		if err := w.UseDeviceCode(d.Hash); err != nil {
			if !errors.Is(err, store.ErrConflict) {
				return err
			}
			return keepAfter(p.revoke(w, d.GrantID, "device_code.replayed"), invalidGrant("the device code was used before; what it earned is revoked"))
		}
		issue, err := p.live(w.Tx, d.GrantID)
		if errors.Is(err, ErrRevoked) {
			return store.Keep(invalidGrant("the grant has ended"))
		}
		if err != nil {
			return err
		}
		g := issue.Grant
		out, out.Bound = issue, bound
		if !c.Allows(clients.GrantRefresh) {
			return nil
		}
		if err := bind(w, c, g, bound); err != nil {
			return err
		}
		out.RefreshToken, err = p.refreshToken(w, g)
		return err
	})
	return out, err
}

// poll reports whether a person has connected the device; if not, the error
// says how things stand.
func (p *Provider) poll(w *work, d store.DeviceCode) (answered bool, err error) {
	switch {
	case !d.AnsweredAt.IsZero() && d.GrantID == "":
		return false, ErrDenied
	case !d.AnsweredAt.IsZero() && !w.Now.Before(later(d.ExpiresAt, d.AnsweredAt.Add(deviceCollect))):
		return false, ErrDeviceExpired
	case !d.AnsweredAt.IsZero():
		return true, nil
	case !w.Now.Before(d.ExpiresAt):
		return false, ErrDeviceExpired
	}
	// Moments are whole seconds: a second less is no haste.
	if pace := time.Duration(d.Pace-1) * time.Second; !d.PolledAt.IsZero() && w.Now.Sub(d.PolledAt) < pace {
		return false, keepAfter(w.PollDeviceCode(d.Hash, d.Pace+devicePace), ErrSlowDown)
	}
	return false, keepAfter(w.PollDeviceCode(d.Hash, d.Pace), ErrPending)
}
