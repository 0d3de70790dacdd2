package resource

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/sekisho-id/sekisho/clients/dpop"
)

const schemeBearer = "Bearer"

// shown is an access token and the scheme it came with.
type shown struct{ token, scheme string }

// refuse is an answer by the scheme that was used.
func (s shown) refuse(c Challenge) *refusal {
	if s.scheme == dpop.Scheme {
		c.Scheme, c.Algorithms = dpop.Scheme, strings.Join(dpop.Algorithms(), " ")
	}
	return &refusal{http.StatusUnauthorized, []Challenge{c}}
}

// shown takes the token from the Authorization header, the only place looked
// at (RFC 6750 §2.1).
func (v *Verifier) shown(r *http.Request) (shown, *refusal) {
	headers := r.Header.Values("Authorization")
	if len(headers) > 1 {
		c := Challenge{Error: CodeInvalidRequest, Description: "More than one Authorization header"}
		return shown{}, &refusal{http.StatusBadRequest, []Challenge{c}}
	}
	if len(headers) == 1 {
		scheme, token, _ := strings.Cut(headers[0], " ")
		for _, known := range []string{schemeBearer, dpop.Scheme} {
			if token = strings.TrimSpace(token); strings.EqualFold(scheme, known) && token != "" {
				return shown{token, known}, nil
			}
		}
	}
	// RFC 6750 §3.1, RFC 9449 §7.1: no error code when the request had no token,
	// and both ways of showing one.
	algs := strings.Join(dpop.Algorithms(), " ")
	return shown{}, &refusal{http.StatusUnauthorized, []Challenge{{}, {Scheme: dpop.Scheme, Algorithms: algs}}}
}

// confirm checks that whoever shows a token has the key it is bound to: a
// thief's copy is worth nothing (RFC 9449 §7.1, RFC 8705 §3).
func (v *Verifier) confirm(w http.ResponseWriter, r *http.Request, s shown, t Token) *refusal {
	want := schemeBearer
	if t.JKT != "" {
		want = dpop.Scheme
	}
	if s.scheme != want { // without its proof, or with a proof that binds nothing
		return s.refuse(Challenge{Error: CodeInvalidToken, Description: "The token must be shown as it is bound"})
	}
	if t.X5T != "" && subtle.ConstantTimeCompare([]byte(v.thumbprint(r)), []byte(t.X5T)) != 1 {
		return s.refuse(Challenge{Error: CodeInvalidToken, Description: "The token is bound to another certificate"})
	}
	if t.JKT == "" {
		return nil
	}
	now := v.cfg.Now()
	if v.cfg.Nonces != nil {
		w.Header().Set(dpop.NonceHeader, v.cfg.Nonces.At(now))
	}
	bad := Challenge{Error: CodeInvalidProof, Description: "The DPoP proof is wrong, used before, or of another moment or request"}
	p, err := dpop.Read(r.Header.Values(dpop.Header), dpop.Want{
		Method: r.Method, URLs: []string{v.cfg.URL + r.URL.EscapedPath()}, Now: now, Token: s.token,
	})
	switch {
	case err != nil:
		v.cfg.Log.InfoContext(r.Context(), "DPoP proof refused", "error", err)
		return s.refuse(bad)
	case subtle.ConstantTimeCompare([]byte(p.Thumbprint), []byte(t.JKT)) != 1:
		return s.refuse(Challenge{Error: CodeInvalidToken, Description: "The token is bound to another key"})
	case v.cfg.Nonces != nil && !v.cfg.Nonces.Good(p.Nonce, now):
		return s.refuse(Challenge{Error: CodeUseNonce, Description: "The DPoP proof must hold the nonce of this answer"})
	}
	fresh, err := v.cfg.Once(r.Context(), p.Thumbprint+" "+p.ID, p.Until)
	if err != nil {
		v.cfg.Log.ErrorContext(r.Context(), "DPoP proof not checked", "error", err)
		return &refusal{status: http.StatusServiceUnavailable}
	}
	if !fresh {
		return s.refuse(bad)
	}
	return nil
}

// thumbprint is the x5t#S256 of the request's certificate; empty without one.
func (v *Verifier) thumbprint(r *http.Request) string {
	var cert *x509.Certificate
	switch {
	case v.cfg.Certificate != nil:
		cert = v.cfg.Certificate(r)
	case r.TLS != nil && len(r.TLS.PeerCertificates) > 0:
		cert = r.TLS.PeerCertificates[0]
	}
	if cert == nil {
		return ""
	}
	sum := sha256.Sum256(cert.Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// maxProofs bounds the proofs remembered of one generation.
const maxProofs = 1 << 20

// proofs remembers the ids of proofs for as long as one could be shown again. When
// there are too many, all are refused: a proof that is forgotten could be.
type proofs struct {
	now func() time.Time

	mu        sync.Mutex
	turned    time.Time
	this, old map[proofID]struct{}
}

// proofID is a hash of an id: all are of one size.
type proofID [16]byte

// once implements Config.Once for one server.
func (p *proofs) once(_ context.Context, id string, _ time.Time) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// A proof is good for a window before and one after the moment it names.
	if now := p.now(); p.this == nil || now.Sub(p.turned) > 2*dpop.Window {
		if now.Sub(p.turned) > 4*dpop.Window {
			p.this = nil
		}
		p.this, p.old, p.turned = map[proofID]struct{}{}, p.this, now
	}
	sum := sha256.Sum256([]byte(id))
	key := proofID(sum[:16])
	_, here := p.this[key]
	_, before := p.old[key]
	if here || before || len(p.this) >= maxProofs {
		return false, nil
	}
	p.this[key] = struct{}{}
	return true, nil
}
