package protocol

import (
	"crypto/sha256"
	"sync"
)

// maxVerified bounds how many tokens of one generation are remembered.
const maxVerified = 4096

// verified remembers the claims of access tokens whose signature was right, by
// the token's hash: a resource shows the same token again and again, and the
// signature costs more than all the rest. What may change is never
// remembered: expiry, revocation, client and person are looked at each time,
// and a change of the keys forgets everything.
type verified struct {
	mu        sync.Mutex
	keys      string // the keyring's version
	now, past map[[sha256.Size]byte]accessClaims
}

// get returns the claims of a token that was verified with these keys.
func (v *verified) get(keys string, token [sha256.Size]byte) (accessClaims, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.keys != keys {
		return accessClaims{}, false
	}
	if c, ok := v.now[token]; ok {
		return c, true
	}
	c, ok := v.past[token]
	if ok {
		v.put(token, c)
	}
	return c, ok
}

// add remembers a token.
func (v *verified) add(keys string, token [sha256.Size]byte, c accessClaims) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.keys != keys {
		v.keys, v.now, v.past = keys, nil, nil
	}
	v.put(token, c)
}

// put forgets what was not asked for since the last generation began.
func (v *verified) put(token [sha256.Size]byte, c accessClaims) {
	if v.now == nil || len(v.now) >= maxVerified {
		v.now, v.past = make(map[[sha256.Size]byte]accessClaims), v.now
	}
	v.now[token] = c
}
