package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Keys are the master keys, by a short id. They come from the configuration
// and are never in the database. What they protect uses sub-keys derived by
// HKDF-SHA-256, one per use.
type Keys struct {
	// Current names the key that seals; the others only open what they sealed before (rotation).
	Current string
	// MAC names the key of all MACs; empty means the id that sorts first. MACs
	// are compared, not opened: after it changes, pending codes, shared-number
	// counts and rate limits start anew.
	MAC string
	// All are the keys, 32 bytes each. An id has no dot.
	All map[string][]byte
}

// Validate returns all faults joined, or nil.
func (k Keys) Validate() error {
	var faults []error
	if _, ok := k.All[k.Current]; !ok {
		faults = append(faults, fmt.Errorf("current key %q is not among the keys", k.Current))
	}
	if _, ok := k.All[k.MAC]; !ok && k.MAC != "" {
		faults = append(faults, fmt.Errorf("MAC key %q is not among the keys", k.MAC))
	}
	for _, id := range slices.Sorted(maps.Keys(k.All)) {
		if id == "" || strings.Contains(id, ".") {
			faults = append(faults, fmt.Errorf("key id %q is empty or has a dot", id))
		}
		if n := len(k.All[id]); n != 32 {
			faults = append(faults, fmt.Errorf("key %q has %d bytes, not 32", id, n))
		}
	}
	return errors.Join(faults...)
}

// sealer holds what is derived from the master keys.
type sealer struct {
	current string
	aeads   map[string]cipher.AEAD
	pepper  []byte
	macKeys sync.Map // purpose → []byte
}

func newSealer(k Keys) (*sealer, error) {
	if err := k.Validate(); err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	mac := k.MAC
	if mac == "" {
		mac = slices.Min(slices.Collect(maps.Keys(k.All)))
	}
	s := &sealer{current: k.Current, aeads: map[string]cipher.AEAD{}, pepper: slices.Clone(k.All[mac])}
	for id, key := range k.All {
		sub, err := hkdf.Key(sha256.New, key, nil, "sekisho seal", 32)
		if err != nil {
			return nil, fmt.Errorf("derive key %q: %w", id, err)
		}
		block, err := aes.NewCipher(sub)
		if err != nil {
			return nil, fmt.Errorf("key %q: %w", id, err)
		}
		if s.aeads[id], err = cipher.NewGCMWithRandomNonce(block); err != nil {
			return nil, fmt.Errorf("key %q: %w", id, err)
		}
	}
	return s, nil
}

func (s *sealer) seal(purpose, plain string) string {
	box := s.aeads[s.current].Seal(nil, nil, []byte(plain), []byte(purpose)) //nolint:gosec // it makes its own random nonce
	return s.current + "." + base64.RawURLEncoding.EncodeToString(box)
}

func (s *sealer) open(purpose, sealed string) (string, error) {
	id, text, _ := strings.Cut(sealed, ".")
	aead, ok := s.aeads[id]
	if !ok {
		return "", fmt.Errorf("%s: %w: no such key", purpose, ErrSealed)
	}
	box, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return "", fmt.Errorf("%s: %w", purpose, ErrSealed)
	}
	plain, err := aead.Open(nil, nil, box, []byte(purpose))
	if err != nil {
		return "", fmt.Errorf("%s: %w", purpose, ErrSealed)
	}
	return string(plain), nil
}

func (s *sealer) mac(purpose string, parts ...string) []byte {
	key, ok := s.macKeys.Load(purpose)
	if !ok {
		derived, err := hkdf.Key(sha256.New, s.pepper, nil, "sekisho mac:"+purpose, 32)
		if err != nil {
			panic("store: " + err.Error()) // 32 bytes of SHA-256 can always be derived
		}
		key, _ = s.macKeys.LoadOrStore(purpose, derived)
	}
	h := hmac.New(sha256.New, key.([]byte)) //nolint:errcheck // only []byte is stored
	for _, p := range parts {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(p))))
		h.Write([]byte(p))
	}
	return h.Sum(nil)
}

// sealMap seals the values of m; the keys are names and no secrets.
func (s *sealer) sealMap(purpose string, m map[string]string) map[string]string {
	if m == nil {
		return nil
	}
	sealed := make(map[string]string, len(m))
	for k, v := range m {
		sealed[k] = s.seal(purpose+"."+k, v)
	}
	return sealed
}

func (s *sealer) openMap(purpose string, sealed map[string]string) (map[string]string, error) {
	if sealed == nil {
		return nil, nil
	}
	m := make(map[string]string, len(sealed))
	for k, v := range sealed {
		plain, err := s.open(purpose+"."+k, v)
		if err != nil {
			return nil, err
		}
		m[k] = plain
	}
	return m, nil
}

// Seal returns plain sealed with AES-256-GCM under the current key. Purpose is
// bound to it: Open demands the same.
func (s *Store) Seal(purpose, plain string) (string, error) {
	return s.sealer.seal(purpose, plain), nil
}

// Open returns what Seal was given, or ErrSealed.
func (s *Store) Open(purpose, sealed string) (string, error) { return s.sealer.open(purpose, sealed) }

// MAC returns HMAC-SHA-256 over parts under a key derived for this purpose
// alone. No two different lists of parts have the same input.
func (s *Store) MAC(purpose string, parts ...string) []byte { return s.sealer.mac(purpose, parts...) }

// Hash returns the SHA-256 of a token or cookie: what the database holds of it (T-52).
// It is for values of at least 128 random bits only.
func Hash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// stamped is how many bytes a stamp has.
const stamped = 9

// Stamp is a moment to the millisecond, so that stamps sort as their moments do.
// An id or a token that begins with one lies beside those made at the same time,
// and what one commit adds is on few pages.
func Stamp(at time.Time) string {
	digits := strings.Repeat("0", stamped) + strconv.FormatInt(max(0, at.UnixMilli()), 32)
	return digits[len(digits)-stamped:]
}

// StampedHash is [Hash] for a token that begins with a [Stamp]: so does the hash.
func StampedHash(token string) []byte {
	return append([]byte(token[:min(stamped, len(token))]), Hash(token)...)
}
