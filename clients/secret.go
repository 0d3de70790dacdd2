package clients

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
)

// NewSecret makes a client secret of 256 random bits, and the hash to keep (C-52).
func NewSecret() (secret, hash string) {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // it never fails: the program ends instead
	secret = base64.RawURLEncoding.EncodeToString(b)
	return secret, HashSecret(secret)
}

// HashSecret is what SecretHashes keeps of a secret: SHA-256 in hexadecimal. A
// slow hash adds nothing to 256 random bits and would let anyone burden the
// token endpoint (C-52).
func HashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// VerifySecret reports whether secret is one of the client's. It compares
// hashes in constant time and looks at every one of them.
func (c Client) VerifySecret(secret string) bool {
	sum := sha256.Sum256([]byte(secret))
	found := 0
	for _, h := range c.SecretHashes {
		want, err := hex.DecodeString(h)
		if err == nil {
			found |= subtle.ConstantTimeCompare(sum[:], want)
		}
	}
	return found == 1 && secret != ""
}
