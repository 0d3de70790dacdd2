package idp_test

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/store"
)

// hsm is a vault as a hardware module is one: it hands out names of keys, and
// signatures. Keys are shared by all, RSA keys cost a second.
type hsm struct {
	mu   sync.Mutex
	keys map[string]crypto.Signer
	down bool
}

// hsmKeys are made once per algorithm and test binary.
var hsmKeys sync.Map

func (h *hsm) Generate(ctx context.Context, alg string) ([]byte, error) {
	made, ok := hsmKeys.Load(alg)
	if !ok {
		der, err := (idp.SealedKeys{}).Generate(ctx, alg)
		if err != nil {
			return nil, err
		}
		key, err := (idp.SealedKeys{}).Signer(ctx, alg, der)
		if err != nil {
			return nil, err
		}
		made, _ = hsmKeys.LoadOrStore(alg, key)
	}
	key, _ := made.(crypto.Signer)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.keys == nil {
		h.keys = map[string]crypto.Signer{}
	}
	name := fmt.Sprint("slot ", len(h.keys))
	h.keys[name] = key
	return []byte(name), nil
}

func (h *hsm) Signer(_ context.Context, _ string, reference []byte) (crypto.Signer, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	key, ok := h.keys[string(reference)]
	if !ok || h.down {
		return nil, errors.New("the module does not answer")
	}
	return opaque{key}, nil
}

// opaque is a key that nobody can look into.
type opaque struct{ key crypto.Signer }

func (o opaque) Public() crypto.PublicKey { return o.key.Public() }

func (o opaque) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return o.key.Sign(rand, digest, opts)
}

// The signing keys may live where no program can read them: the database then
// has their names alone, and tokens are as good as any.
func TestKeysMayLiveInAHardwareModule(t *testing.T) {
	t.Parallel()
	module := &hsm{}
	s := idptest.New(t, idptest.DSN(database(t)), idptest.Vault(module))
	for _, alg := range []string{"RS256", "PS256", "ES256", "EdDSA"} {
		for range 8 { // numbers with leading zeros among them, sooner or later
			token := signed(t, s, alg)
			if !accepts(s, token) {
				t.Fatalf("%s: a token of its own is refused", alg)
			}
			jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
			fatal(t, err)
			set := s.Provider.Keys().JWKS()
			if _, err := jws.Verify(&set); err != nil { // as a relying party does
				t.Errorf("%s: by the published keys: %v", alg, err)
			}
		}
	}
	fatal(t, s.Store.View(t.Context(), func(tx *store.Tx) error {
		rows, err := tx.Keys()
		for _, r := range rows {
			if !bytes.HasPrefix(r.Private, []byte("slot ")) {
				t.Errorf("key %s: the database holds %q", r.ID, r.Private)
			}
		}
		return err
	}))

	// While the module is away what was loaded signs on, and a change of the keys is an error.
	module.mu.Lock()
	module.down = true
	module.mu.Unlock()
	if err := s.Provider.RotateKeys(t.Context(), idptest.Operator()); err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("rotation while the module is away: %v", err)
	}
	if !accepts(s, signed(t, s, "ES256")) {
		t.Error("nothing is signed while the module is away")
	}
}

// RFC 8725 §3.2: a fault of the random generator must not give the key away
// (RFC 6979). Keys that live elsewhere get what is random, if they need it.
func TestES256SignaturesNeedNoRandomness(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		vault   idp.Vault
		differs bool
	}{{"in the database", idp.SealedKeys{}, false}, {"in a module", &hsm{}, true}} {
		s := idptest.New(t, idptest.DSN(database(t)), idptest.Vault(c.vault))
		if a, b := signed(t, s, "ES256"), signed(t, s, "ES256"); (a != b) != c.differs {
			t.Errorf("%s: signed the same twice, and the signatures differ: %v; want %v", c.name, a != b, c.differs)
		}
	}
}

// A vault that hands out a key of another kind is found out before it signs.
func TestVaultWithAnotherKindOfKeyIsRefused(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.DSN(database(t)), idptest.Vault(&hsm{}))
	wrong := swapped{}
	_, err := idp.New(t.Context(), func() idp.Config { c := s.Provider.Config(); c.Vault, c.Metrics = wrong, nil; return c }())
	if err == nil || !strings.Contains(err.Error(), "is none of") {
		t.Errorf("got %v, want a fault at start", err)
	}
}

// swapped always answers with a P-256 key.
type swapped struct{ idp.SealedKeys }

func (s swapped) Signer(ctx context.Context, _ string, _ []byte) (crypto.Signer, error) {
	der, err := s.Generate(ctx, "ES256")
	if err != nil {
		return nil, err
	}
	return s.SealedKeys.Signer(ctx, "ES256", der)
}
