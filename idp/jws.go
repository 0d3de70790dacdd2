package idp

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// joseHeader is the protected header of our tokens, in the order of RFC 7515 §3.1.
type joseHeader struct {
	Typ   string `json:"typ"`
	Alg   string `json:"alg"`
	KeyID string `json:"kid"`
}

// Sign makes a compact JWT of claims with the current key of alg (RS256, PS256,
// ES256 or EdDSA) and the given typ header ("JWT", "at+jwt", "logout+jwt").
func (k *Keyring) Sign(alg, typ string, claims any) (string, error) {
	key := k.set.Load().current(jose.SignatureAlgorithm(alg), k.now())
	if key == nil {
		return "", fmt.Errorf("no key signs %s", alg)
	}
	header, err := json.Marshal(joseHeader{Typ: typ, Alg: key.row.Alg, KeyID: key.row.ID})
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding
	token := make([]byte, 0, encode.EncodedLen(len(header))+encode.EncodedLen(len(payload))+encode.EncodedLen(256)+2)
	token = append(encode.AppendEncode(token, header), '.')
	token = encode.AppendEncode(token, payload)
	signature, err := key.sign(token)
	if err != nil {
		return "", err
	}
	k.signed[alg].Inc()
	return string(encode.AppendEncode(append(token, '.'), signature)), nil
}

// sign makes the signature of RFC 7518 §3.3 to §3.5 or RFC 8037 §3.1. The
// library's signer does the same after encoding the header, which is always
// the same, through a sorted map: that took a fifth of each token.
func (key *signingKey) sign(input []byte) ([]byte, error) {
	switch private := key.signer.(type) {
	case *ecdsa.PrivateKey:
		digest := sha256.Sum256(input)
		r, s, err := ecdsa.Sign(rand.Reader, private, digest[:])
		if err != nil {
			return nil, err
		}
		signature := make([]byte, 64)
		r.FillBytes(signature[:32])
		s.FillBytes(signature[32:])
		return signature, nil
	case *rsa.PrivateKey:
		digest := sha256.Sum256(input)
		if key.row.Alg == string(jose.PS256) {
			return rsa.SignPSS(rand.Reader, private, crypto.SHA256, digest[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		}
		return rsa.SignPKCS1v15(nil, private, crypto.SHA256, digest[:])
	case ed25519.PrivateKey:
		return ed25519.Sign(private, input), nil
	default:
		return signElsewhere(private, key.row.Alg, input)
	}
}

// Verify checks a token of ours and returns its payload. The header's typ must
// be typ, its kid one of ours and its alg that key's: nothing of the token
// chooses how it is verified (T-48, T-49). Times are the caller's to judge.
// ErrBadToken for everything else.
func (k *Keyring) Verify(token, typ string) ([]byte, error) {
	jws, err := jose.ParseSignedCompact(token, signingAlgs)
	if err != nil || len(jws.Signatures) != 1 {
		return nil, ErrBadToken
	}
	h := jws.Signatures[0].Protected
	if got, ok := h.ExtraHeaders[jose.HeaderType].(string); !ok || got != typ {
		return nil, ErrBadToken
	}
	set := k.set.Load()
	i := slices.IndexFunc(set.keys, func(key signingKey) bool { return key.row.ID == h.KeyID && key.row.Alg == h.Algorithm })
	if i < 0 {
		return nil, ErrBadToken
	}
	payload, err := jws.Verify(set.keys[i].signer.Public())
	if err != nil {
		return nil, ErrBadToken
	}
	return payload, nil
}
