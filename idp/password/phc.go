package password

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"
)

// The schemes that can be verified. Only the first is ever written.
const (
	schemeArgon2id = "argon2id"
	schemeBcrypt   = "bcrypt"
	schemeScrypt   = "scrypt"
	schemePBKDF256 = "pbkdf2-sha256"
	schemePBKDF512 = "pbkdf2-sha512"
)

// What an imported hash may cost at most: it is computed by anybody who types
// a password for its account, so it must not be a way to stop the service
// (T-05). Hashes made by common systems' defaults are well below.
const (
	maxMemoryKiB  = 128 << 10
	maxWorkKiB    = 512 << 10 // memory × passes
	maxParallel   = 16
	maxBcryptCost = 14
	maxIterations = 2_000_000

	minSalt, maxSalt = 4, 128
	minSum, maxSum   = 16, 64
)

var errBounds = fmt.Errorf("%w: parameters out of bounds", ErrHash)

// hash is a parsed hash. Which numbers matter depends on the scheme.
type hash struct {
	scheme       string
	memory, time uint32 // argon2id
	parallel     uint8  // argon2id
	keyID        string // argon2id of our own with a pepper
	logN, r, p   int    // scrypt
	iterations   int    // PBKDF2
	salt, sum    []byte
	whole        string // bcrypt
}

// Check tells whether phc is a hash that a [Hasher] can verify at a bearable
// cost: argon2id, bcrypt ($2a$, $2b$, $2y$), scrypt and PBKDF2 with SHA-256 or
// SHA-512 in the usual notations, Django's for PBKDF2 among them. Otherwise
// the error is an [ErrHash] that says why.
func Check(phc string) error {
	_, err := parse(phc)
	return err
}

var (
	reArgon2id = regexp.MustCompile(`^\$argon2id\$v=19\$m=(\d{1,9}),t=(\d{1,4}),p=(\d{1,3})(?:,keyid=([A-Za-z0-9+/]{1,86}))?\$([^$]+)\$([^$]+)$`)
	reBcrypt   = regexp.MustCompile(`^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$`)
	reScrypt   = regexp.MustCompile(`^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})\$([^$]+)\$([^$]+)$`)
	rePBKDF2   = regexp.MustCompile(`^\$pbkdf2-sha(256|512)\$(?:i=)?(\d{1,9})(?:,l=\d{1,3})?\$([^$]+)\$([^$]+)$`)
	reDjango   = regexp.MustCompile(`^pbkdf2_sha(256)\$(\d{1,9})\$([^$]+)\$([^$]+)$`)
)

// parse reads a hash and refuses what is malformed, too weak to be one, or too costly.
func parse(phc string) (hash, error) {
	if len(phc) > 512 {
		return hash{}, fmt.Errorf("%w: too long", ErrHash)
	}
	var n hash
	var err error
	if m := reArgon2id.FindStringSubmatch(phc); m != nil {
		n, err = parseArgon2id(m)
	} else if m := reBcrypt.FindStringSubmatch(phc); m != nil {
		cost := number(m[1])
		if cost < bcrypt.MinCost || cost > maxBcryptCost {
			err = errBounds
		}
		return hash{scheme: schemeBcrypt, whole: phc, sum: []byte{1}}, err
	} else if m := reScrypt.FindStringSubmatch(phc); m != nil {
		n, err = parseScrypt(m)
	} else if m := rePBKDF2.FindStringSubmatch(phc); m != nil {
		n, err = parsePBKDF2(m, decode(m[3]))
	} else if m := reDjango.FindStringSubmatch(phc); m != nil {
		n, err = parsePBKDF2(m, []byte(m[3]))
	} else {
		err = fmt.Errorf("%w: unknown notation", ErrHash)
	}
	if err != nil {
		return hash{}, err
	}
	if len(n.salt) < minSalt || len(n.salt) > maxSalt || len(n.sum) < minSum || len(n.sum) > maxSum {
		return hash{}, fmt.Errorf("%w: salt or sum out of bounds", ErrHash)
	}
	return n, nil
}

func parseArgon2id(m []string) (hash, error) {
	memory, passes, parallel := number(m[1]), number(m[2]), number(m[3])
	if err := argon2idBounds(memory, passes, parallel); err != nil {
		return hash{}, err
	}
	return hash{
		scheme: schemeArgon2id, keyID: string(decode(m[4])),
		memory: uint32(memory), time: uint32(passes), parallel: uint8(parallel), //nolint:gosec // bounded above
		salt: decode(m[5]), sum: decode(m[6]),
	}, nil
}

func argon2idBounds(memory, passes, parallel int) error {
	if passes < 1 || parallel < 1 || parallel > maxParallel || memory < 8*parallel ||
		memory > maxMemoryKiB || memory*passes > maxWorkKiB {
		return errBounds
	}
	return nil
}

func parseScrypt(m []string) (hash, error) {
	logN, r, p := number(m[1]), number(m[2]), number(m[3])
	if logN < 1 || logN > 20 || r < 1 || r > 64 || p < 1 || p > maxParallel ||
		r<<logN/8 > maxMemoryKiB || p*(r<<logN/8) > maxWorkKiB {
		return hash{}, errBounds
	}
	return hash{scheme: schemeScrypt, logN: logN, r: r, p: p, salt: decode(m[4]), sum: decode(m[5])}, nil
}

func parsePBKDF2(m []string, salt []byte) (hash, error) {
	n := hash{scheme: "pbkdf2-sha" + m[1], iterations: number(m[2]), salt: salt, sum: decode(m[4])}
	if n.iterations < 1 || n.iterations > maxIterations {
		return hash{}, errBounds
	}
	return n, nil
}

// own reports whether the pepper belongs to the hash: foreign ones have no key id.
func (n hash) own() bool { return n.scheme == schemeArgon2id }

// derive computes the sum of text. It is nil, which no stored sum is, when text
// does not match or cannot be computed.
func (n hash) derive(text []byte) []byte {
	var sum []byte
	var err error
	switch n.scheme {
	case schemeArgon2id:
		return argon(text, n)
	case schemeBcrypt:
		if bcrypt.CompareHashAndPassword([]byte(n.whole), text) == nil {
			return n.sum
		}
		return nil
	case schemeScrypt:
		sum, err = scrypt.Key(text, n.salt, 1<<n.logN, n.r, n.p, len(n.sum))
	case schemePBKDF256:
		sum, err = pbkdf2.Key(sha256.New, string(text), n.salt, n.iterations, len(n.sum))
	case schemePBKDF512:
		sum, err = pbkdf2.Key(sha512.New, string(text), n.salt, n.iterations, len(n.sum))
	}
	if err != nil {
		return nil
	}
	return sum
}

// phc writes an argon2id hash in the notation of the PHC: the key id is in
// Base64 there too.
func (n hash) phc() string {
	keyID := ""
	if n.keyID != "" {
		keyID = ",keyid=" + encode([]byte(n.keyID))
	}
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d%s$%s$%s",
		n.memory, n.time, n.parallel, keyID, encode(n.salt), encode(n.sum))
}

func encode(b []byte) string { return base64.RawStdEncoding.EncodeToString(b) }

// decode reads Base64 as hashes write it: with or without padding, and with
// passlib's dot for the plus sign. What is not Base64 comes back as nil.
func decode(s string) []byte {
	b, err := base64.RawStdEncoding.DecodeString(strings.ReplaceAll(strings.TrimRight(s, "="), ".", "+"))
	if err != nil {
		return nil
	}
	return b
}

// number reads digits that a regular expression has found.
func number(s string) int {
	n, _ := strconv.Atoi(s) // digits only, few enough to fit
	return n
}
