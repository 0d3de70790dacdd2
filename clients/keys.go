package clients

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// mostKeys bounds what one signature is tried against.
const mostKeys = 20

var (
	// ErrKeys is a JWK set that cannot be used.
	ErrKeys = errors.New("must be a JWK set of public keys, RSA of 2048 bits or more, P-256 or Ed25519, each kid once, 20 keys at most")
	// ErrSignature is a token that none of the keys has signed.
	ErrSignature = errors.New("not signed by a key of the client")
)

// Keys are a client's public keys, by which its request objects and assertions
// are verified.
type Keys []jose.JSONWebKey

// ParseKeys reads a JWK set (RFC 7517 §5). Keys of a kind that signs nothing
// here are left out, as the standard wants; a private or a symmetric key is a
// mistake worth stopping at. [ErrKeys] also when nothing is left.
func ParseKeys(set []byte) (Keys, error) {
	var raw struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(set, &raw); err != nil || len(raw.Keys) > mostKeys {
		return nil, ErrKeys
	}
	var keys Keys
	for _, one := range raw.Keys {
		var key jose.JSONWebKey
		if err := json.Unmarshal(one, &key); err != nil {
			continue // a kind we do not know
		}
		if !key.IsPublic() { // symmetric keys too
			return nil, ErrKeys
		}
		if key.Use == "enc" || algsOf(key) == nil {
			continue
		}
		if key.KeyID != "" && slices.ContainsFunc(keys, func(k jose.JSONWebKey) bool { return k.KeyID == key.KeyID }) {
			return nil, ErrKeys
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, ErrKeys
	}
	return keys, nil
}

// algsOf are the algorithms a key can make; nil for a key too weak or unknown.
func algsOf(key jose.JSONWebKey) []string {
	var algs []string
	switch k := key.Key.(type) {
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits >= 2048 && bits <= 8192 {
			algs = []string{"RS256", "PS256"}
		}
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() {
			algs = []string{"ES256"}
		}
	case ed25519.PublicKey:
		algs = []string{"EdDSA"}
	}
	if key.Algorithm != "" {
		algs = slices.DeleteFunc(algs, func(a string) bool { return a != key.Algorithm })
	}
	if len(algs) == 0 {
		return nil
	}
	return algs
}

// Verify checks a compact JWS that one of the keys made with one of algs, and
// returns its typ header and payload. The token names a key by kid, or none;
// nothing else of it chooses how it is verified (T-48). [ErrSignature].
func (k Keys) Verify(token string, algs ...string) (typ string, payload []byte, err error) {
	accepted := make([]jose.SignatureAlgorithm, len(algs))
	for i, a := range algs {
		accepted[i] = jose.SignatureAlgorithm(a)
	}
	jws, err := jose.ParseSignedCompact(token, accepted)
	if err != nil || len(jws.Signatures) != 1 {
		return "", nil, ErrSignature
	}
	header := jws.Signatures[0].Protected
	for _, key := range k {
		if header.KeyID != "" && key.KeyID != header.KeyID || !slices.Contains(algsOf(key), header.Algorithm) {
			continue
		}
		if payload, err := jws.Verify(key.Key); err == nil {
			typ, _ := header.ExtraHeaders[jose.HeaderType].(string)
			return typ, payload, nil
		}
	}
	return "", nil, ErrSignature
}
