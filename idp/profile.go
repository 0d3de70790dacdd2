package idp

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// ProfileInput is what people say of themselves. Empty Lang and Zone mean the
// deployment's; the zero Address forgets what was told.
type ProfileInput struct {
	Name, Lang, Zone string
	Address          Address
}

// UpdateProfile changes the signed-in person's profile. ErrName for a name that
// is empty or over 100 characters, ErrAddress for a part over 100.
func (p *Provider) UpdateProfile(ctx context.Context, b *Browser, in ProfileInput) error {
	name, err := cleanName(in.Name)
	if err != nil {
		return err
	}
	address, err := cleanAddress(in.Address)
	if err != nil {
		return err
	}
	return p.withHolder(ctx, b, func(w *work, h *holder) error {
		h.user.Name, h.user.Zone = name, in.Zone
		if in.Lang == "ja" || in.Lang == "en" || in.Lang == "" {
			h.user.Lang = in.Lang
		}
		if err := w.UpdateUser(h.user); err != nil {
			return err
		}
		if err := w.PutAddress(h.user.ID, address); err != nil {
			return err
		}
		return w.record("profile.changed", h.user.ID, "")
	})
}

// cleanAddress trims the parts; a postal code is written in plain digits however
// it was typed.
func cleanAddress(a Address) (Address, error) {
	a.PostalCode = mfa.Fold(a.PostalCode)
	for _, part := range []*string{&a.PostalCode, &a.Region, &a.Locality, &a.Street, &a.Country} {
		*part = strings.TrimSpace(clip(*part, 400))
		if utf8.RuneCountInString(*part) > 100 {
			return a, ErrAddress
		}
	}
	return a, nil
}

// Address is where a person lives; the zero Address when they have not said so.
func (p *Provider) Address(ctx context.Context, userID string) (Address, error) {
	var a Address
	err := p.st.View(ctx, func(tx *store.Tx) error {
		var err error
		a, err = tx.Address(userID)
		return err
	})
	return a, err
}
