package protocol

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/sekisho-id/sekisho/clients"
)

const (
	keysFresh = 10 * time.Minute // after which a published set is fetched again
	keysKept  = time.Hour        // for which it serves while it cannot be
	keysPause = time.Minute      // between two fetches of one set, whatever is signed
	maxSets   = 1000             // sets remembered
)

// partyKeys are the public keys of relying parties: those registered, which it
// reads once, and those published at a jwks_uri, which it fetches and
// remembers. A signature that no key fits may mean a new key; made-up ones
// cannot make it call a client more than once a minute.
type partyKeys struct {
	out *http.Client
	now func() time.Time

	mu   sync.Mutex
	sets map[string]*keySet // by jwks_uri, or by the registered set itself
}

// keySet is what was last read of one set.
type keySet struct {
	mu             sync.Mutex // held while fetching: one request fetches, the others wait for it
	keys           clients.Keys
	fetched, tried time.Time
}

// verify checks a compact JWS of a client and returns its typ header and
// payload. What the token itself says about keys (jwk, jku, x5c) is never
// looked at. An error wraps [clients.ErrSignature].
func (k *partyKeys) verify(ctx context.Context, c *clients.Client, token string, algs []string) (typ string, payload []byte, err error) {
	keys, at, fault := k.of(ctx, c, keysFresh)
	if typ, payload, err = keys.Verify(token, algs...); err == nil {
		return typ, payload, nil
	}
	newer, since, again := k.of(ctx, c, keysPause)
	if since.After(at) {
		return newer.Verify(token, algs...)
	}
	return "", nil, errors.Join(err, fault, again)
}

// of are a client's keys and when they were fetched: no longer than fresh ago,
// unless that was tried in vain a moment ago.
func (k *partyKeys) of(ctx context.Context, c *clients.Client, fresh time.Duration) (clients.Keys, time.Time, error) {
	if c.JWKS == "" && c.JWKSURI == "" {
		return nil, time.Time{}, nil
	}
	s := k.set(c.JWKS + c.JWKSURI) // one of them is empty
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	switch now := k.now(); {
	case c.JWKSURI == "":
		if s.keys == nil {
			s.keys, err = clients.ParseKeys([]byte(c.JWKS))
		}
		return s.keys, s.fetched, err
	case now.Sub(s.fetched) >= fresh && now.Sub(s.tried) >= keysPause:
		s.tried = now
		var keys clients.Keys
		// The caller must not be able to spoil the fetch by hanging up.
		if keys, err = k.fetch(context.WithoutCancel(ctx), c.JWKSURI); err == nil {
			s.keys, s.fetched = keys, now
		}
	}
	if k.now().Sub(s.fetched) >= keysKept {
		s.keys = nil
	}
	return s.keys, s.fetched, err
}

func (k *partyKeys) fetch(ctx context.Context, uri string) (clients.Keys, error) {
	text, err := fetch(ctx, k.out, uri)
	if err != nil {
		return nil, fmt.Errorf("jwks_uri: %w", err)
	}
	return clients.ParseKeys(text)
}

// fetch gets a document that a relying party publishes.
func fetch(ctx context.Context, out *http.Client, uri string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, http.NoBody) //nolint:gosec // out refuses addresses inside the deployment (T-47)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := out.Do(req) //nolint:gosec // as above
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answered %d", resp.StatusCode)
	}
	return io.ReadAll(resp.Body)
}

// set is the entry under a name. However many are registered, only so many are
// kept: any other makes room.
func (k *partyKeys) set(name string) *keySet {
	k.mu.Lock()
	defer k.mu.Unlock()
	if s, ok := k.sets[name]; ok {
		return s
	}
	if len(k.sets) >= maxSets {
		for other := range k.sets {
			delete(k.sets, other)
			break
		}
	}
	s := &keySet{}
	k.sets[name] = s
	return s
}
