package dpop

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// nonceTurn is how long a nonce is given out. It is good for as long again, so
// that nobody is refused for having it a moment too late.
const nonceTurn = 2 * time.Minute

// Nonces makes nonces that say when they were made (RFC 9449 §8) and keeps
// nothing: servers with the same key know one another's. The key is 32 random
// bytes for this purpose alone.
type Nonces struct{ Key []byte }

// At is the nonce to give out at a moment.
func (n Nonces) At(now time.Time) string { return n.turn(now.Unix() / int64(nonceTurn/time.Second)) }

// Good reports whether a nonce was given out lately.
func (n Nonces) Good(nonce string, now time.Time) bool {
	turn := now.Unix() / int64(nonceTurn/time.Second)
	return hmac.Equal([]byte(nonce), []byte(n.turn(turn))) || hmac.Equal([]byte(nonce), []byte(n.turn(turn-1)))
}

func (n Nonces) turn(turn int64) string {
	h := hmac.New(sha256.New, n.Key)
	_ = binary.Write(h, binary.BigEndian, turn) // a hash takes all
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}
