package idptest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"sync"
	"time"

	"github.com/sekisho-id/sekisho/idp/store"
)

// signingKeys are made once per test binary: an RSA key costs a second of a
// busy machine, and every test has a provider of its own. PS256 borrows that of
// RS256, as no real provider does.
var signingKeys = sync.OnceValues(func() ([]store.Key, error) {
	var keys []store.Key
	for range 2 {
		rs, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		es, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		_, ed, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		for _, k := range []struct {
			alg string
			key crypto.Signer
		}{{"RS256", rs}, {"PS256", rs}, {"ES256", es}, {"EdDSA", ed}} {
			der, err := x509.MarshalPKCS8PrivateKey(k.key)
			if err != nil {
				return nil, err
			}
			keys = append(keys, store.Key{Alg: k.alg, Private: der})
		}
	}
	return keys, nil
})

// insertKeys gives a new provider one key in use and one ahead of each
// algorithm, with ids of its own, as its first start would.
func insertKeys(tx *store.Tx) error {
	have, err := tx.Keys()
	if err != nil || len(have) > 0 {
		return err
	}
	keys, err := signingKeys()
	if err != nil {
		return err
	}
	for i, k := range keys {
		k.ID, k.CreatedAt, k.ActiveAt = rand.Text(), tx.Now, tx.Now
		if i >= len(keys)/2 {
			k.ActiveAt = tx.Now.Add(90 * 24 * time.Hour)
		}
		if err := tx.InsertKey(k); err != nil {
			return err
		}
	}
	return nil
}
