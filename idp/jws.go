package idp

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Sign makes a compact JWT of claims with the current key of alg (RS256, PS256,
// ES256 or EdDSA) and the given typ header ("JWT", "at+jwt", "logout+jwt").
func (k *Keyring) Sign(alg, typ string, claims any) (string, error) {
	key := k.set.Load().current(jose.SignatureAlgorithm(alg), k.now())
	if key == nil {
		return "", fmt.Errorf("no key signs %s", alg)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	scratch, _ := scratches.Get().(*[]byte)
	defer scratches.Put(scratch)
	encode := base64.RawURLEncoding
	token := encode.AppendEncode((*scratch)[:0], key.header(typ))
	token = encode.AppendEncode(append(token, '.'), payload)
	signature, err := key.sign(token)
	if err != nil {
		return "", err
	}
	k.signed[alg].Inc()
	*scratch = encode.AppendEncode(append(token, '.'), signature)
	return string(*scratch), nil
}

// scratches are buffers in which tokens are put together.
var scratches = sync.Pool{New: func() any { return new([]byte) }}

// header is the protected header of a token, in the order of RFC 7515 §3.1. None
// of its values has anything that JSON would have to escape.
func (key *signingKey) header(typ string) []byte {
	return []byte(`{"typ":"` + typ + `","alg":"` + key.row.Alg + `","kid":"` + key.row.ID + `"}`)
}

// sign makes the signature of RFC 7518 §3.3 to §3.5 or RFC 8037 §3.1. The
// library's signer does the same after encoding the header, which is always
// the same, through a sorted map: that took a fifth of each token.
func (key *signingKey) sign(input []byte) ([]byte, error) {
	digest := sha256.Sum256(input)
	switch jose.SignatureAlgorithm(key.row.Alg) {
	case jose.RS256:
		return key.signer.Sign(rand.Reader, digest[:], crypto.SHA256)
	case jose.PS256:
		return key.signer.Sign(rand.Reader, digest[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256})
	case jose.EdDSA:
		return key.signer.Sign(rand.Reader, input, crypto.Hash(0))
	case jose.ES256:
		random := rand.Reader
		if _, ours := key.signer.(*ecdsa.PrivateKey); ours {
			random = nil // as RFC 6979 does and RFC 8725 §3.2 wants it; a vault may need what is random
		}
		der, err := key.signer.Sign(random, digest[:], crypto.SHA256)
		if err != nil {
			return nil, err
		}
		return fixedSignature(der)
	default:
		return nil, fmt.Errorf("no signatures of %s", key.row.Alg)
	}
}

// fixedSignature turns a signature as crypto.Signer makes it into the two
// numbers of RFC 7518 §3.4.
func fixedSignature(der []byte) ([]byte, error) {
	input, two := cryptobyte.String(der), cryptobyte.String(nil)
	var r, s []byte
	if !input.ReadASN1(&two, asn1.SEQUENCE) || !input.Empty() || !two.ReadASN1Integer(&r) || !two.ReadASN1Integer(&s) || !two.Empty() {
		return nil, errors.New("the vault's signature is no ASN.1 of two numbers")
	}
	if len(r) > 32 || len(s) > 32 {
		return nil, errors.New("the vault's signature is of another curve")
	}
	out := make([]byte, 64)
	copy(out[32-len(r):], r)
	copy(out[64-len(s):], s)
	return out, nil
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
