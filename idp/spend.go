package idp

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/sekisho-id/sekisho/idp/store"
)

// Once is something that is good for one use until it expires by itself: the
// jti of a client assertion or of a DPoP proof.
type Once struct {
	// Kind keeps uses apart; By is who made the ID, so that nobody can use up
	// another's.
	Kind, By, ID string
	Until        time.Time
}

// ReplayError says that something good for one use was used before (H-13).
type ReplayError struct{ Once }

// Error names the kind and nothing that was sent.
func (e *ReplayError) Error() string { return e.Kind + " was used before" }

// Spend uses up all of these, on every node at once. The error is a
// [*ReplayError] when one was used before, and then none is.
func (p *Provider) Spend(ctx context.Context, once ...Once) error {
	if len(once) == 0 {
		return nil
	}
	return p.st.Update(ctx, Actor{Kind: "client", ID: once[0].By}, func(tx *store.Tx) error {
		for _, o := range once {
			err := tx.Spend(store.Hash(strings.Join([]string{o.Kind, o.By, o.ID}, "\x00")), o.Until)
			if errors.Is(err, store.ErrConflict) {
				return &ReplayError{o}
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}
