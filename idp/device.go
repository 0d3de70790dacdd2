package idp

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sekisho-id/sekisho/idp/store"
)

// deviceGrace is how long the cookie before the last still counts: two tabs may
// sign in at once with the same one.
const deviceGrace = time.Minute

// useDevice reports whether this browser is a trusted device of u and gives it
// a new cookie. A cookie that was replaced long ago is a copy in somebody's
// hands: the device is forgotten and the owner told (T-37).
func (p *Provider) useDevice(w *work, u User) (bool, error) {
	if w.b.Device == "" {
		return false, nil
	}
	h := store.Hash(w.b.Device)
	d, err := w.DeviceByHash(h)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if d.UserID != u.ID { // T-38: useless for anybody else
		return false, nil
	}
	if d.Epoch != u.Epoch || !w.Now.Before(d.ExpiresAt) {
		w.b.Device = ""
		return false, w.DeleteDevice(d.ID)
	}
	if !slices.Equal(d.Hash, h) {
		if w.Now.Sub(d.RotatedAt) <= deviceGrace {
			return true, nil
		}
		w.b.Device = ""
		if err := w.DeleteDevice(d.ID); err != nil {
			return false, err
		}
		if err := p.mail(w, u, "mail.dev_copied"); err != nil {
			return false, err
		}
		return false, w.record("device.replayed", u.ID, "", "device", d.ID)
	}
	token := newToken()
	if err := w.RotateDevice(d.ID, h, store.Hash(token)); err != nil {
		if errors.Is(err, store.ErrConflict) {
			return true, nil
		}
		return false, err
	}
	w.b.Device = token
	return true, nil
}

// thisDevice is the ID of this browser's trusted device among a person's; empty for none.
func thisDevice(b *Browser, devices []store.Device) string {
	if b.Device == "" {
		return ""
	}
	h := store.Hash(b.Device)
	for _, d := range devices {
		if slices.Equal(d.Hash, h) || slices.Equal(d.Previous, h) {
			return d.ID
		}
	}
	return ""
}

// RemoveDevice ends one trusted device; ErrNotFound for another person's.
func (p *Provider) RemoveDevice(ctx context.Context, b *Browser, id string) error {
	return p.withSudo(ctx, b, func(w *work, a *holder) error {
		devices, err := w.Devices(a.user.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(devices, func(d store.Device) bool { return d.ID == id })
		if i < 0 {
			return ErrNotFound
		}
		if thisDevice(b, devices) == id {
			b.Device = ""
		}
		if err := w.DeleteDevice(id); err != nil {
			return err
		}
		return w.record("device.removed", a.user.ID, "", "device", id)
	})
}

// ResetDevices ends all trusted devices of a person, this browser included (S-103).
func (p *Provider) ResetDevices(ctx context.Context, b *Browser) error {
	return p.withSudo(ctx, b, func(w *work, a *holder) error {
		if err := p.forgetDevices(w, &a.user); err != nil {
			return err
		}
		if err := w.UpdateUser(a.user); err != nil {
			return err
		}
		if err := p.mail(w, a.user, "mail.dev"); err != nil {
			return err
		}
		return w.record("device.reset", a.user.ID, "")
	})
}

// forgetDevices ends every trusted device of a person: the rows go and the
// epoch rises, so that none survives in a backup or a race (S-126). The caller
// writes the user.
func (p *Provider) forgetDevices(w *work, u *User) error {
	u.Epoch++
	if w.b != nil {
		w.b.Device = ""
	}
	_, err := w.DeleteDevices(u.ID)
	return err
}
