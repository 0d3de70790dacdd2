package resource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// ErrKeys is in the chain of an error about the provider's keys: they could
// not be fetched, and none kept from before will do.
var ErrKeys = errors.New("keys of the issuer are not available")

const (
	keysFresh   = 5 * time.Minute  // as the provider allows, after which they are fetched again
	keysKept    = 24 * time.Hour   // for which they serve while fetching fails
	keysPause   = 30 * time.Second // between two fetches, whatever tokens arrive
	maxDocument = 256 << 10

	fetchTimeout = 10 * time.Second
)

// keySet keeps the published keys of one issuer. Tokens with made-up key ids
// cannot make it call the provider more than once in keysPause, and a call
// that hangs delays only those whose key is not known.
type keySet struct {
	issuer string
	client *http.Client
	now    func() time.Time

	fetching sync.Mutex // held while fetching: one request fetches, others wait for it
	tried    time.Time  // guarded by fetching

	mu      sync.RWMutex // guards what follows
	keys    map[string]jose.JSONWebKey
	ask     string // the introspection endpoint; empty when there is none
	fetched time.Time
}

// find returns the key with the given id, fetching the set when it is old or
// does not know the id.
func (s *keySet) find(ctx context.Context, kid string) (jose.JSONWebKey, error) {
	now := s.now()
	key, known, age := s.lookup(kid, now)
	if known && age < keysFresh {
		return key, nil
	}
	err := s.refresh(ctx, now)
	key, known, age = s.lookup(kid, now)
	switch {
	case age >= keysKept:
		return jose.JSONWebKey{}, errors.Join(ErrKeys, err)
	case !known:
		return jose.JSONWebKey{}, errors.Join(fmt.Errorf("%w: no published key %q", ErrToken, kid), err)
	}
	return key, nil
}

func (s *keySet) lookup(kid string, now time.Time) (key jose.JSONWebKey, known bool, age time.Duration) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	key, known = s.keys[kid]
	return key, known, now.Sub(s.fetched)
}

// refresh replaces the set by what the issuer publishes now, unless that was
// tried a moment ago.
func (s *keySet) refresh(ctx context.Context, now time.Time) error {
	s.fetching.Lock()
	defer s.fetching.Unlock()
	if now.Sub(s.tried) < keysPause {
		return nil
	}
	s.tried = now
	// The caller of the API must not be able to spoil it by hanging up.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
	defer cancel()
	keys, ask, err := s.fetch(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys, s.ask, s.fetched = keys, ask, now
	return nil
}

// introspection is where tokens are asked about: a key was found before, so the
// provider's document has been read.
func (s *keySet) introspection() (string, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := secureURL(s.ask); err != nil {
		return "", fmt.Errorf("introspection_endpoint: %w", err)
	}
	return s.ask, nil
}

func (s *keySet) fetch(ctx context.Context) (keys map[string]jose.JSONWebKey, ask string, err error) {
	var meta struct {
		Issuer string `json:"issuer"`
		URI    string `json:"jwks_uri"`
		Ask    string `json:"introspection_endpoint"`
	}
	if err := s.get(ctx, s.issuer+"/.well-known/openid-configuration", &meta); err != nil {
		return nil, "", err
	}
	// OpenID Connect Discovery §4.3, A-10.5.3: exactly the issuer that was asked.
	if meta.Issuer != s.issuer {
		return nil, "", fmt.Errorf("discovery of %s names issuer %q", s.issuer, meta.Issuer)
	}
	if err := secureURL(meta.URI); err != nil {
		return nil, "", fmt.Errorf("jwks_uri: %w", err)
	}
	var set jose.JSONWebKeySet
	if err := s.get(ctx, meta.URI, &set); err != nil {
		return nil, "", err
	}
	keys = make(map[string]jose.JSONWebKey, len(set.Keys))
	for _, k := range set.Keys {
		if k.IsPublic() && k.Use != "enc" && k.KeyID != "" {
			keys[k.KeyID] = k
		}
	}
	return keys, meta.Ask, nil
}

func (s *keySet) get(ctx context.Context, url string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return fmt.Errorf("request for %s: %w", url, err)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return fmt.Errorf("fetch: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("fetch %s: status %d", url, resp.StatusCode)
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxDocument)).Decode(into); err != nil {
		return fmt.Errorf("decode %s: %w", url, err)
	}
	return nil
}
