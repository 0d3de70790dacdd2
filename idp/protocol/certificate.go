package protocol

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/sekisho-id/sekisho/clients"
)

// Certificates says how clients show theirs (RFC 8705). The zero value: not at all.
type Certificates struct {
	// Served is set when client certificates are asked for at all.
	Served bool
	// Roots are the authorities whose certificates tls_client_auth accepts; nil
	// for none, so that it is not served.
	Roots *x509.CertPool
	// URL is where the endpoints are that ask for a certificate; empty means the
	// issuer.
	URL string
	// Header is where Proxies, and nobody else, say which certificate was shown
	// to them (O-18); empty means that nobody is believed.
	Header  string
	Proxies []netip.Prefix
}

// chain is the certificate that a request was made with, and those sent with
// it; nil when there is none. The TLS handshake, ours or the proxy's, has
// proved that the caller has its key.
func (s Certificates) chain(r *http.Request) []*x509.Certificate {
	if !s.Served {
		return nil
	}
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		return r.TLS.PeerCertificates
	}
	if s.Header == "" || !s.proxied(r.RemoteAddr) || len(r.Header.Values(s.Header)) != 1 {
		return nil
	}
	cert := parseCertificate(r.Header.Get(s.Header))
	if cert == nil {
		return nil
	}
	return []*x509.Certificate{cert}
}

// proxied reports whether a connection comes from a trusted proxy itself: what
// the proxy says of addresses behind it does not matter here.
func (s Certificates) proxied(remote string) bool {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false
	}
	for _, p := range s.Proxies {
		if p.Contains(at.Addr().Unmap()) {
			return true
		}
	}
	return false
}

// parseCertificate reads the forms in which proxies pass a certificate on: the
// byte sequence of RFC 9440, PEM in percent encoding (nginx), or bare base64.
func parseCertificate(field string) *x509.Certificate {
	const most = 16 << 10
	field = strings.TrimSpace(field)
	if field == "" || len(field) > most {
		return nil
	}
	if inner, ok := strings.CutPrefix(field, ":"); ok {
		field = strings.TrimSuffix(inner, ":")
	}
	if strings.Contains(field, "%") || strings.HasPrefix(field, "-----BEGIN") {
		text, err := url.PathUnescape(field) // a plus sign is one here
		if err != nil {
			return nil
		}
		block, _ := pem.Decode([]byte(text))
		if block == nil || block.Type != "CERTIFICATE" {
			return nil
		}
		return certificateOf(block.Bytes)
	}
	der, err := base64.StdEncoding.DecodeString(field)
	if err != nil {
		return nil
	}
	return certificateOf(der)
}

func certificateOf(der []byte) *x509.Certificate {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil
	}
	return cert
}

// certified authenticates a client by the certificate of its request.
func (ep *endpoints) certified(ctx context.Context, client *clients.Client, chain []*x509.Certificate) bool {
	if len(chain) == 0 {
		return false
	}
	cert, now := chain[0], ep.now()
	if now.Before(cert.NotBefore) || now.After(cert.NotAfter) {
		return false
	}
	switch client.AuthMethod() {
	case clients.AuthTLS:
		if client.TLS.Matches(cert) && ep.issued(chain, now) {
			return true
		}
	case clients.AuthSelfSigned:
		for _, fresh := range []time.Duration{keysFresh, keysPause} { // it may be a new one
			keys, _, err := ep.partyKeys.of(ctx, client, fresh)
			if err == nil && keys.HasCertificate(cert) {
				return true
			}
		}
	default: // the others show none
	}
	return false
}

// issued reports whether a trusted authority made the certificate for clients.
func (ep *endpoints) issued(chain []*x509.Certificate, now time.Time) bool {
	if ep.certificates.Roots == nil {
		return false
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots: ep.certificates.Roots, Intermediates: between, CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return err == nil
}
