package idp

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sekisho-id/sekisho/idp/store"
)

// Revoke takes published keys away at once, where somebody else may have them:
// they leave the key set, and nothing that they signed is accepted any more.
// Where one of them signed, the key published ahead signs from now on, or a new
// one if that is revoked too. No ids means all keys. ErrNotFound when one of
// them is not published; then none is revoked.
func (k *Keyring) Revoke(ctx context.Context, actor Actor, ids ...string) error {
	have, err := k.rows(ctx, (*store.Tx).Keys)
	if err != nil {
		return err
	}
	doomed, err := k.doomed(have, ids, k.now())
	if err != nil {
		return err
	}
	fresh := map[string][]store.Key{}
	for _, alg := range signingAlgs { // generating is slow: outside the transaction
		if !slices.ContainsFunc(doomed, func(r store.Key) bool { return r.Alg == string(alg) }) {
			continue
		}
		for range 2 {
			key, err := k.generate(ctx, alg)
			if err != nil {
				return fmt.Errorf("generate %s key: %w", alg, err)
			}
			fresh[key.Alg] = append(fresh[key.Alg], key)
		}
	}
	err = k.st.Update(ctx, actor, func(tx *store.Tx) error {
		for _, key := range doomed {
			key.RevokedAt = tx.Now
			if err := tx.UpdateKey(key); err != nil {
				return err
			}
			details := map[string]string{"key": key.ID, "alg": key.Alg}
			if actor.Reason != "" {
				details["reason"] = clip(actor.Reason, maxReason)
			}
			if err := tx.Record(Event{Name: "key.revoked", Details: details}); err != nil {
				return err
			}
		}
		rows, err := tx.Keys()
		if err != nil {
			return err
		}
		for alg, keys := range fresh {
			if err := k.replace(tx, rows, jose.SignatureAlgorithm(alg), keys); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return k.Reload(ctx)
}

// doomed are the published keys with these ids, or all of them.
func (k *Keyring) doomed(have []store.Key, ids []string, now time.Time) ([]store.Key, error) {
	var published []store.Key
	for _, alg := range signingAlgs {
		published = append(published, liveKeys(have, alg, now)...)
	}
	if len(ids) == 0 {
		return published, nil
	}
	var out []store.Key
	for _, id := range ids {
		i := slices.IndexFunc(published, func(r store.Key) bool { return r.ID == id })
		if i < 0 {
			return nil, fmt.Errorf("key %s: %w", id, ErrNotFound)
		}
		if !slices.ContainsFunc(out, func(r store.Key) bool { return r.ID == id }) {
			out = append(out, published[i])
		}
	}
	return out, nil
}

// replace gives an algorithm a key that signs and one ahead, where it has lost
// them. Keys that are about to retire sign no more.
func (k *Keyring) replace(tx *store.Tx, rows []store.Key, alg jose.SignatureAlgorithm, fresh []store.Key) error {
	standing := slices.DeleteFunc(liveKeys(rows, alg, tx.Now), func(r store.Key) bool { return !r.RetireAt.IsZero() })
	insert := func(active time.Time) error {
		key := fresh[0]
		fresh = fresh[1:]
		key.CreatedAt, key.ActiveAt = tx.Now, active
		return tx.InsertKey(key)
	}
	ahead := len(standing) > 0 && standing[len(standing)-1].ActiveAt.After(tx.Now)
	if len(standing) == 0 || standing[0].ActiveAt.After(tx.Now) { // none signs
		if !ahead {
			if err := insert(tx.Now); err != nil {
				return err
			}
		} else {
			next := standing[0]
			next.ActiveAt = tx.Now
			if err := tx.UpdateKey(next); err != nil {
				return err
			}
			ahead = len(standing) > 1
		}
	}
	if ahead {
		return nil
	}
	return insert(tx.Now.Add(k.life.KeyRotation))
}
