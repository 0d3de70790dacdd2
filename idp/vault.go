package idp

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

// Vault keeps the private halves of the signing keys: in the database, sealed,
// which is [SealedKeys], or where no program can read them, in a hardware module
// or a key management service. Its methods may be called from any goroutine.
type Vault interface {
	// Generate makes a key for an algorithm: RS256, PS256, ES256 or EdDSA. The
	// reference by which Signer finds it again is kept in the database, sealed.
	Generate(ctx context.Context, alg string) (reference []byte, err error)
	// Signer opens a key. What it returns signs for as long as the program runs,
	// from any goroutine; Public says what is published.
	Signer(ctx context.Context, alg string, reference []byte) (crypto.Signer, error)
}

// SealedKeys keeps keys in the database: the reference is the key itself, PKCS #8.
type SealedKeys struct{}

// Generate implements [Vault].
func (SealedKeys) Generate(_ context.Context, alg string) ([]byte, error) {
	var key crypto.Signer
	var err error
	switch jose.SignatureAlgorithm(alg) {
	case jose.RS256, jose.PS256: // a key of its own for each: a key has one use (RFC 7517 §4.4)
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	case jose.ES256:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.EdDSA:
		_, key, err = ed25519.GenerateKey(rand.Reader)
	default:
		return nil, fmt.Errorf("no keys of %s", alg)
	}
	if err != nil {
		return nil, err
	}
	return x509.MarshalPKCS8PrivateKey(key)
}

// Signer implements [Vault].
func (SealedKeys) Signer(_ context.Context, _ string, reference []byte) (crypto.Signer, error) {
	key, err := x509.ParsePKCS8PrivateKey(reference)
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("it cannot sign")
	}
	return signer, nil
}

// fits reports whether a vault's key is one of its algorithm.
func fits(public crypto.PublicKey, alg string) bool {
	switch k := public.(type) {
	case *rsa.PublicKey:
		return (alg == string(jose.RS256) || alg == string(jose.PS256)) && k.N.BitLen() >= 2048
	case *ecdsa.PublicKey:
		return alg == string(jose.ES256) && k.Curve == elliptic.P256()
	case ed25519.PublicKey:
		return alg == string(jose.EdDSA)
	}
	return false
}
