package idp

import (
	"cmp"
	"context"
	"crypto"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/metrics"
	"github.com/sekisho-id/sekisho/idp/store"
)

// signingAlgs are the algorithms keys are kept for.
var signingAlgs = []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.EdDSA}

// KeyInfo describes a signing key without its secret.
type KeyInfo struct {
	ID, Alg string
	// Signs is set for the key that signs now.
	Signs                         bool
	CreatedAt, ActiveAt, RetireAt time.Time
}

// Keyring signs and verifies with the provider's keys. For every algorithm one
// key signs, the next is published ahead so that relying parties have it before
// it is used, and the ones before stay published until what they signed has
// expired (T-50, C-53). All methods may be called from any goroutine.
type Keyring struct {
	st    *store.Store
	vault Vault
	life  clients.Lifetimes
	now   func() time.Time
	set   atomic.Pointer[keySet]
	// signed counts the signatures of an algorithm.
	signed map[string]metrics.Bound
}

// keySet is what was last loaded; never changed.
type keySet struct {
	// version tells whether anything changed since.
	version string
	keys    []signingKey
	public  jose.JSONWebKeySet
}

type signingKey struct {
	row    store.Key
	signer crypto.Signer
}

func newKeyring(st *store.Store, vault Vault, life clients.Lifetimes, now func() time.Time) *Keyring {
	return &Keyring{st: st, vault: vault, life: life, now: func() time.Time { return now().UTC().Truncate(time.Second) }}
}

// count makes the signatures from now on be counted.
func (k *Keyring) count(r *metrics.Registry) {
	c := r.Counter("signatures_total", "Tokens signed.", "alg")
	k.signed = map[string]metrics.Bound{}
	for _, alg := range signingAlgs {
		k.signed[string(alg)] = c.Bind(string(alg))
	}
}

// ensure creates what is missing, as at first start, and loads.
func (k *Keyring) ensure(ctx context.Context) error {
	if err := k.turn(ctx, Actor{Kind: "job", ID: jobKeys}, false); err != nil {
		return err
	}
	return k.Reload(ctx)
}

// Rotate makes the published-ahead keys sign now and publishes new ones; what
// was signed before stays valid until it expires.
func (k *Keyring) Rotate(ctx context.Context, actor Actor) error {
	if err := k.turn(ctx, actor, true); err != nil {
		return err
	}
	return k.Reload(ctx)
}

// turn brings every algorithm into order: a key that signs, one ahead. force
// moves the one ahead to now.
func (k *Keyring) turn(ctx context.Context, actor Actor, force bool) error {
	fresh := map[jose.SignatureAlgorithm][]store.Key{}
	have, err := k.rows(ctx, (*store.Tx).KeyDates)
	if err != nil {
		return err
	}
	for _, alg := range signingAlgs { // generating is slow: outside the transaction
		for range missing(have, alg, k.now(), force) {
			key, err := k.generate(ctx, alg)
			if err != nil {
				return fmt.Errorf("generate %s key: %w", alg, err)
			}
			fresh[alg] = append(fresh[alg], key)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	return k.st.Update(ctx, actor, func(tx *store.Tx) error {
		rows, err := tx.Keys()
		if err != nil {
			return err
		}
		for _, alg := range signingAlgs {
			if err := k.turnAlg(tx, rows, alg, fresh[alg], force); err != nil {
				return err
			}
		}
		return tx.Record(Event{Name: "keys.rotated"})
	})
}

// missing is how many keys of an algorithm must be made.
func missing(rows []store.Key, alg jose.SignatureAlgorithm, now time.Time, force bool) int {
	live := liveKeys(rows, alg, now)
	ahead := slices.ContainsFunc(live, func(r store.Key) bool { return r.ActiveAt.After(now) })
	switch {
	case len(live) == 0:
		return 2
	case !ahead || force:
		return 1
	default:
		return 0
	}
}

func (k *Keyring) turnAlg(tx *store.Tx, rows []store.Key, alg jose.SignatureAlgorithm, fresh []store.Key, force bool) error {
	n := missing(rows, alg, tx.Now, force)
	if n == 0 || n > len(fresh) {
		return nil // another node was quicker
	}
	live := liveKeys(rows, alg, tx.Now)
	active := tx.Now
	if len(live) > 0 {
		ahead := live[len(live)-1]
		if ahead.ActiveAt.After(tx.Now) {
			ahead.ActiveAt = tx.Now
			if err := tx.UpdateKey(ahead); err != nil {
				return err
			}
		}
		for _, old := range live[:len(live)-1] {
			if old.RetireAt.IsZero() {
				old.RetireAt = tx.Now.Add(k.overlap())
				if err := tx.UpdateKey(old); err != nil {
					return err
				}
			}
		}
		active = tx.Now.Add(k.life.KeyRotation)
	}
	for i, key := range fresh[:n] {
		key.CreatedAt, key.ActiveAt = tx.Now, active.Add(time.Duration(i)*k.life.KeyRotation)
		if err := tx.InsertKey(key); err != nil {
			return err
		}
	}
	return nil
}

// overlap is how long a key stays published after it signed its last token.
func (k *Keyring) overlap() time.Duration {
	return 2 * max(k.life.AccessToken, k.life.ClientToken, k.life.IDToken)
}

// liveKeys are the unrevoked, unretired keys of an algorithm, by the moment they sign from.
func liveKeys(rows []store.Key, alg jose.SignatureAlgorithm, now time.Time) []store.Key {
	var out []store.Key
	for _, r := range rows {
		retired := !r.RetireAt.IsZero() && !now.Before(r.RetireAt)
		if r.Alg == string(alg) && r.RevokedAt.IsZero() && !retired {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b store.Key) int {
		return cmp.Or(a.ActiveAt.Compare(b.ActiveAt), a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return out
}

func (k *Keyring) rows(ctx context.Context, read func(*store.Tx) ([]store.Key, error)) (rows []store.Key, err error) {
	err = k.st.View(ctx, func(tx *store.Tx) error {
		rows, err = read(tx)
		return err
	})
	return rows, err
}

// generate makes a key that is not kept yet.
func (k *Keyring) generate(ctx context.Context, alg jose.SignatureAlgorithm) (store.Key, error) {
	reference, err := k.vault.Generate(ctx, string(alg))
	return store.Key{ID: newID(), Alg: string(alg), Private: reference}, err
}

// Reload reads the keys again, after a rotation by another process.
func (k *Keyring) Reload(ctx context.Context) error {
	rows, err := k.rows(ctx, (*store.Tx).KeyDates)
	if err != nil {
		return err
	}
	if old := k.set.Load(); old != nil && old.version == fmt.Sprint(versions(rows, k.now())) {
		return nil
	}
	if rows, err = k.rows(ctx, (*store.Tx).Keys); err != nil {
		return err
	}
	set := &keySet{version: fmt.Sprint(versions(rows, k.now()))}
	for _, alg := range signingAlgs {
		for _, r := range liveKeys(rows, alg, k.now()) {
			signer, err := k.vault.Signer(ctx, r.Alg, r.Private)
			if err != nil {
				return fmt.Errorf("key %s: %w", r.ID, err)
			}
			if !fits(signer.Public(), r.Alg) {
				return fmt.Errorf("key %s is none of %s", r.ID, r.Alg)
			}
			set.keys = append(set.keys, signingKey{row: r, signer: signer})
			set.public.Keys = append(set.public.Keys, jose.JSONWebKey{Key: signer.Public(), KeyID: r.ID, Algorithm: r.Alg, Use: "sig"})
		}
	}
	k.set.Store(set)
	return nil
}

// versions names every live key and when it signs and retires.
func versions(rows []store.Key, now time.Time) []string {
	var out []string
	for _, alg := range signingAlgs {
		for _, r := range liveKeys(rows, alg, now) {
			out = append(out, fmt.Sprint(r.ID, r.ActiveAt.Unix(), r.RetireAt.Unix()))
		}
	}
	return out
}

// JWKS are the published public keys.
func (k *Keyring) JWKS() jose.JSONWebKeySet { return k.set.Load().public }

// Version changes whenever JWKS may have changed.
func (k *Keyring) Version() string { return k.set.Load().version }

// List describes the published keys.
func (k *Keyring) List() []KeyInfo {
	var out []KeyInfo
	set := k.set.Load()
	for _, key := range set.keys {
		r := key.row
		current := set.current(jose.SignatureAlgorithm(r.Alg), k.now())
		out = append(out, KeyInfo{
			ID: r.ID, Alg: r.Alg, Signs: current != nil && current.row.ID == r.ID,
			CreatedAt: r.CreatedAt, ActiveAt: r.ActiveAt, RetireAt: r.RetireAt,
		})
	}
	return out
}

// current is the key of an algorithm that signs now; nil when there is none. One
// that retires signs no more, though it may have begun in the same second.
func (s *keySet) current(alg jose.SignatureAlgorithm, now time.Time) *signingKey {
	var found *signingKey
	for i := range s.keys {
		row := s.keys[i].row
		if row.Alg == string(alg) && !row.ActiveAt.After(now) && (found == nil || row.RetireAt.IsZero() || !found.row.RetireAt.IsZero()) {
			found = &s.keys[i]
		}
	}
	return found
}
