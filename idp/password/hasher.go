package password

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// Errors about hashes and their parameters.
var (
	// ErrHash: not a hash that can be verified here.
	ErrHash = errors.New("not a password hash that can be verified")
	// ErrParams: a hasher cannot work with these params.
	ErrParams = errors.New("password parameters out of bounds")
	// ErrPepper: the hash was made with a pepper that is not configured.
	ErrPepper = errors.New("unknown pepper")
)

// maxBytes bounds what is hashed, after normalisation: 256 code points of four
// bytes. maxTyped bounds what is normalised.
const maxBytes, maxTyped = 1024, 4096

// Params say how much work a hash is. A field left zero takes its value from
// [DefaultParams].
type Params struct {
	MemoryKiB uint32 `yaml:"memory_kib"` // C-50
	Time      uint32 `yaml:"time"`       // C-50, passes over the memory
	Parallel  uint8  `yaml:"parallel"`   // C-50
	Salt      int    `yaml:"salt"`       // C-50, bytes
	Key       int    `yaml:"key"`        // C-50, bytes
	// Concurrency is how many hashes are computed at a time (C-51). Zero means
	// one per processor, and no more than fit into half of GOMEMLIMIT.
	Concurrency int           `yaml:"concurrency"`
	Queue       int           `yaml:"queue"`    // C-51, how many may wait
	Deadline    time.Duration `yaml:"deadline"` // C-51, how long
}

// DefaultParams are the numbers of requirements.md section 4.
func DefaultParams() Params {
	return Params{MemoryKiB: 19456, Time: 2, Parallel: 1, Salt: 16, Key: 32, Queue: 64, Deadline: 2 * time.Second}
}

// Pepper is the keyed step before the hash (N-12): its keys live outside the
// database, so that a stolen database alone can't be guessed against (T-52).
type Pepper struct {
	// ID and Key are used for new hashes. An empty Key means no pepper.
	ID  string
	Key []byte
	// Old holds the keys of earlier ids: they verify, and ask for a rehash.
	Old map[string][]byte
}

// Hasher hashes and verifies passwords, a few at a time. It is safe for
// concurrent use.
type Hasher struct {
	params Params
	pepper Pepper
	pool   *pool
	dummy  hash
}

// New makes a hasher. It panics for params that [Params.Validate] refuses and
// for a pepper whose key has no id or one of more than 64 bytes: nobody could
// verify the hashes.
func New(p Params, pepper Pepper) *Hasher {
	if err := p.Validate(); err != nil {
		panic("password: " + err.Error())
	}
	if len(pepper.Key) > 0 && (pepper.ID == "" || len(pepper.ID) > 64) {
		panic("password: a pepper needs an id of 1 to 64 bytes")
	}
	p = p.filled()
	h := &Hasher{params: p, pepper: pepper, pool: newPool(p.Concurrency, p.Queue, p.Deadline)}
	h.dummy = h.blank()
	return h
}

// Hash makes the PHC string of a new password. It answers with [ErrLong] for
// more than 1024 bytes and with [ErrBusy] when there is no room in time.
func (h *Hasher) Hash(ctx context.Context, pw string) (string, error) {
	text, ok := normalise(pw)
	if !ok {
		return "", ErrLong
	}
	n := h.blank()
	text = season(text, h.pepper.Key)
	if err := h.pool.do(ctx, func() { n.sum = n.derive(text) }); err != nil {
		return "", err
	}
	return n.phc(), nil
}

// Verify reports whether pw is the password of phc, and whether the hash
// should be made anew with this pw: it came from another system, has other
// parameters or an earlier pepper. An empty phc is nobody's password and costs
// as much as one. It answers with [ErrBusy], [ErrHash] or [ErrPepper] when it
// cannot tell.
func (h *Hasher) Verify(ctx context.Context, phc, pw string) (ok, rehash bool, err error) {
	if phc == "" {
		return false, false, h.Dummy(ctx, pw)
	}
	n, err := parse(phc)
	if err != nil {
		return false, false, err
	}
	if ok, err = h.compare(ctx, n, pw); err != nil || !ok {
		return false, false, err
	}
	return true, h.outdated(n), nil
}

// Dummy does the work of verifying pw for somebody who does not exist, so that
// the time does not tell (T-02).
func (h *Hasher) Dummy(ctx context.Context, pw string) error {
	_, err := h.compare(ctx, h.dummy, pw)
	return err
}

// Stats count what was done so far.
func (h *Hasher) Stats() Stats { return h.pool.stats() }

func (h *Hasher) compare(ctx context.Context, n hash, pw string) (bool, error) {
	text, ok := normalise(pw)
	if !ok {
		return false, nil // longer than any password can be: no work, whoever asks
	}
	if n.own() {
		key, known := h.key(n.keyID)
		if !known {
			return false, fmt.Errorf("%w: %q", ErrPepper, n.keyID)
		}
		text = season(text, key)
	}
	var sum []byte
	if err := h.pool.do(ctx, func() { sum = n.derive(text) }); err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(sum, n.sum) == 1, nil
}

// key finds the pepper of an id; no id is no pepper.
func (h *Hasher) key(id string) (key []byte, known bool) {
	switch {
	case id == "":
		return nil, true
	case id == h.pepper.ID && len(h.pepper.Key) > 0:
		return h.pepper.Key, true
	}
	key, known = h.pepper.Old[id]
	return key, known
}

// outdated reports whether n differs from what Hash makes today.
func (h *Hasher) outdated(n hash) bool {
	b := h.dummy
	return n.scheme != b.scheme || n.keyID != b.keyID || n.memory != b.memory || n.time != b.time ||
		n.parallel != b.parallel || len(n.salt) != len(b.salt) || len(n.sum) != len(b.sum)
}

// blank is a hash with today's parameters, a new salt, and a sum that no password has.
func (h *Hasher) blank() hash {
	n := hash{
		scheme: schemeArgon2id, memory: h.params.MemoryKiB, time: h.params.Time, parallel: h.params.Parallel,
		salt: make([]byte, h.params.Salt), sum: make([]byte, h.params.Key),
	}
	if len(h.pepper.Key) > 0 {
		n.keyID = h.pepper.ID
	}
	_, _ = rand.Read(n.salt) // never fails: crypto/rand
	_, _ = rand.Read(n.sum)
	return n
}

// Validate tells whether hashes with these params can be verified again: what
// is true of imported ones ([Check]) is true of our own. The error is an
// [ErrParams].
func (p Params) Validate() error {
	p = p.filled()
	if p.Salt < minSalt || p.Salt > maxSalt || p.Key < minSum || p.Key > maxSum {
		return fmt.Errorf("%w: salt or key", ErrParams)
	}
	if argon2idBounds(int(p.MemoryKiB), int(p.Time), int(p.Parallel)) != nil {
		return fmt.Errorf("%w: memory_kib, time or parallel", ErrParams)
	}
	if p.Concurrency < 0 || p.Queue < 0 || p.Deadline < 0 {
		return fmt.Errorf("%w: concurrency, queue or deadline", ErrParams)
	}
	return nil
}

// filled is p with the defaults where it is empty.
func (p Params) filled() Params {
	d := DefaultParams()
	fill(&p.MemoryKiB, d.MemoryKiB)
	fill(&p.Time, d.Time)
	fill(&p.Parallel, d.Parallel)
	fill(&p.Salt, d.Salt)
	fill(&p.Key, d.Key)
	fill(&p.Queue, d.Queue)
	fill(&p.Deadline, d.Deadline)
	fill(&p.Concurrency, room(p.MemoryKiB))
	return p
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// room is how many hashes of memory KiB may run at a time.
func room(memory uint32) int {
	n := int64(runtime.GOMAXPROCS(0))
	if limit := debug.SetMemoryLimit(-1); limit != math.MaxInt64 {
		n = min(n, limit/2/(int64(memory)*1024))
	}
	return int(max(n, 1))
}

// normalise is pw in normal form C; false when it is too long to be a password.
func normalise(pw string) ([]byte, bool) {
	if len(pw) > maxTyped {
		return nil, false
	}
	text := norm.NFC.Bytes([]byte(pw))
	return text, len(text) <= maxBytes
}

// season is the keyed step; without a key the text stays as it is.
func season(text, key []byte) []byte {
	if len(key) == 0 {
		return text
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(text)
	return mac.Sum(nil)
}

// argon is the one call that costs what Params say.
func argon(text []byte, n hash) []byte {
	return argon2.IDKey(text, n.salt, n.time, n.memory, n.parallel, uint32(len(n.sum))) //nolint:gosec // at most 64
}
