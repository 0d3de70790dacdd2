// Package dpop judges proofs of possession (RFC 9449): a client shows with each
// request that it holds the private key its token is bound to, so that a token
// alone is worth nothing to a thief. The provider and the middleware for
// resource servers use the same judgement.
//
// Values in, values out: what a server must remember, the ids of proofs, is the
// caller's to keep ([Proof].ID until [Proof].Until).
package dpop

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Header and NonceHeader are the header fields of proofs and of nonces; Scheme
// is that of Authorization and WWW-Authenticate.
const (
	Header      = "DPoP"
	NonceHeader = "DPoP-Nonce"
	Scheme      = "DPoP"
)

// Window is how far a proof's moment may be from ours, either way.
const Window = time.Minute

const (
	maxProof = 8 << 10
	maxID    = 256
)

// ErrProof is in the chain of every error about a proof that cannot be
// accepted. Its text is for logs.
var ErrProof = errors.New("DPoP proof not accepted")

// algorithms are those of proofs: asymmetric, and none of the past.
var algorithms = []jose.SignatureAlgorithm{jose.ES256, jose.PS256, jose.EdDSA}

// Algorithms are the names of the algorithms a proof may be signed with.
func Algorithms() []string {
	out := make([]string, len(algorithms))
	for i, a := range algorithms {
		out[i] = string(a)
	}
	return out
}

// Want is the request that a proof must be about.
type Want struct {
	Method string
	// URLs are the names by which the request's address is known; one must match.
	URLs []string
	Now  time.Time
	// Token is the access token shown with the proof; empty where there is none.
	Token string
}

// Proof is what a verified proof says.
type Proof struct {
	// Thumbprint is of the key (RFC 7638), as it stands in cnf.jkt.
	Thumbprint string
	// ID must not be accepted again before Until.
	ID    string
	Until time.Time
	// Nonce is empty when the proof has none.
	Nonce string
}

// claims are those of RFC 9449 §4.2.
type claims struct {
	ID       string           `json:"jti"`
	Method   string           `json:"htm"`
	URL      string           `json:"htu"`
	IssuedAt *jwt.NumericDate `json:"iat"`
	Token    string           `json:"ath"`
	Nonce    string           `json:"nonce"`
}

// Read judges the DPoP header fields of a request (RFC 9449 §4.3): there must
// be exactly one. Whether its nonce is right and its ID is new is the caller's
// to see. The error wraps [ErrProof].
func Read(fields []string, w Want) (Proof, error) {
	if len(fields) != 1 {
		return Proof{}, fmt.Errorf("%w: %d header fields", ErrProof, len(fields))
	}
	if len(fields[0]) > maxProof {
		return Proof{}, fmt.Errorf("%w: %d bytes", ErrProof, len(fields[0]))
	}
	payload, thumbprint, err := open(fields[0])
	if err != nil {
		return Proof{}, fmt.Errorf("%w: %w", ErrProof, err)
	}
	var c claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return Proof{}, fmt.Errorf("%w: claims are malformed", ErrProof)
	}
	if err := c.judge(w); err != nil {
		return Proof{}, fmt.Errorf("%w: %w", ErrProof, err)
	}
	return Proof{Thumbprint: thumbprint, ID: c.ID, Until: c.IssuedAt.Time().Add(Window + time.Second), Nonce: c.Nonce}, nil
}

// open verifies the signature by the key in the header and returns the claims
// and the key's thumbprint.
func open(proof string) (payload []byte, thumbprint string, err error) {
	jws, err := jose.ParseSignedCompact(proof, algorithms)
	if err != nil || len(jws.Signatures) != 1 {
		return nil, "", errors.New("not a JWS of an algorithm that is served")
	}
	h := jws.Signatures[0].Protected
	if typ, _ := h.ExtraHeaders[jose.HeaderType].(string); typ != "dpop+jwt" {
		return nil, "", fmt.Errorf("typ %q", typ)
	}
	if h.JSONWebKey == nil || !h.JSONWebKey.IsPublic() || !h.JSONWebKey.Valid() || weak(h.JSONWebKey.Key) {
		return nil, "", errors.New("jwk is missing, private or weak")
	}
	if payload, err = jws.Verify(h.JSONWebKey.Key); err != nil {
		return nil, "", errors.New("signature is wrong")
	}
	sum, err := h.JSONWebKey.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, "", errors.New("jwk has no thumbprint")
	}
	return payload, base64.RawURLEncoding.EncodeToString(sum), nil
}

// weak refuses short RSA keys and other curves than the one of ES256 (T-48).
func weak(key any) bool {
	switch k := key.(type) {
	case *rsa.PublicKey:
		return k.N.BitLen() < 2048 || k.N.BitLen() > 8192
	case *ecdsa.PublicKey:
		return k.Curve != elliptic.P256()
	}
	return false
}

func (c claims) judge(w Want) error {
	switch {
	case c.ID == "" || len(c.ID) > maxID:
		return errors.New("jti is missing or too long")
	case c.Method != w.Method:
		return fmt.Errorf("htm is not %s", w.Method)
	case !slices.ContainsFunc(w.URLs, func(u string) bool { return sameURL(u, c.URL) }):
		return errors.New("htu is another address")
	case c.IssuedAt == nil || c.IssuedAt.Time().Sub(w.Now).Abs() > Window:
		return errors.New("iat is missing, or too far from now")
	case w.Token != "" && subtle.ConstantTimeCompare([]byte(c.Token), []byte(TokenHash(w.Token))) != 1:
		return errors.New("ath is not of this token")
	}
	return nil
}

// TokenHash is the ath claim of an access token (RFC 9449 §4.2).
func TokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
