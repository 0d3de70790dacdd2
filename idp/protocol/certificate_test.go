package protocol_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/protocol"
)

// pki is an authority, certificates of its making, and others.
type pki struct {
	roots                                     *x509.CertPool
	server, client, nameless, old, forServers tls.Certificate
	self, other, strange                      tls.Certificate
	ca                                        *x509.Certificate
	caKey                                     *ecdsa.PrivateKey
}

func newPKI(t testing.TB) *pki {
	t.Helper()
	p := &pki{roots: x509.NewCertPool()}
	p.caKey = ecKey(t)
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Authority"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: idptest.Start.Add(-time.Hour), NotAfter: idptest.Start.AddDate(20, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, p.caKey.Public(), p.caKey)
	if err != nil {
		t.Fatal(err)
	}
	if p.ca, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	p.roots.AddCert(p.ca)
	shop := func(c *x509.Certificate) {
		c.Subject = pkix.Name{CommonName: "Shop, One", Organization: []string{"Example"}, Country: []string{"JP"}}
		c.DNSNames, c.EmailAddresses = []string{"shop.example"}, []string{"ops@shop.example"}
		c.IPAddresses = []net.IP{net.ParseIP("192.0.2.7")}
		c.URIs = []*url.URL{{Scheme: "spiffe", Host: "example", Path: "/shop"}}
	}
	p.server = p.issue(t, true, func(c *x509.Certificate) {
		c.DNSNames, c.ExtKeyUsage = []string{"localhost"}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	})
	p.client = p.issue(t, true, shop)
	p.nameless = p.issue(t, true, func(c *x509.Certificate) { c.Subject = pkix.Name{CommonName: "Shop"} })
	p.old = p.issue(t, true, func(c *x509.Certificate) { shop(c); c.NotAfter = idptest.Start.Add(-time.Minute) })
	p.forServers = p.issue(t, true, func(c *x509.Certificate) { shop(c); c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })
	p.self, p.other, p.strange = p.issue(t, false, shop), p.issue(t, false, shop), p.issue(t, false, shop)
	return p
}

func ecKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue makes a certificate, by the authority or by itself.
func (p *pki) issue(t testing.TB, byCA bool, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<60))
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: serial, NotBefore: idptest.Start.Add(-time.Hour), NotAfter: idptest.Start.AddDate(1, 0, 0),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	change(c)
	key := ecKey(t)
	parent, signer := c, key
	if byCA {
		parent, signer = p.ca, p.caKey
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// registered is a JWK set with certificates (x5c).
func registered(t testing.TB, certs ...tls.Certificate) string {
	t.Helper()
	var set jose.JSONWebKeySet
	for _, c := range certs {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: c.Leaf.PublicKey, Certificates: []*x509.Certificate{c.Leaf}})
	}
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// certified are clients that show certificates.
func (p *pki) certified(t testing.TB) []clients.Client {
	t.Helper()
	machine := func(id string, auth clients.AuthMethod, change func(*clients.Client)) clients.Client {
		c := clients.Client{
			ID: id, Name: id, Auth: auth, Grants: []clients.GrantType{clients.GrantClientCredentials}, Scopes: []string{"payout"},
		}
		change(&c)
		if err := c.Validate(); err != nil {
			t.Fatalf("client %s: %v", id, err)
		}
		return c
	}
	by := func(id string, cert clients.Certificate) clients.Client {
		return machine(id, clients.AuthTLS, func(c *clients.Client) { c.TLS = cert })
	}
	return []clients.Client{
		by("dn", clients.Certificate{SubjectDN: `CN=Shop\, One,O=Example,C=JP`}),
		by("dn-other-spelling", clients.Certificate{SubjectDN: `cn = shop\2C  ONE , 2.5.4.10=example, C=jp`}),
		by("dns", clients.Certificate{DNS: "Shop.example"}), by("uri", clients.Certificate{URI: "spiffe://example/shop"}),
		by("ip", clients.Certificate{IP: "192.0.2.7"}), by("email", clients.Certificate{Email: "ops@shop.example"}),
		by("part", clients.Certificate{SubjectDN: `O=Example,C=JP`}), by("order", clients.Certificate{SubjectDN: `C=JP,O=Example,CN=Shop\, One`}),
		by("wild", clients.Certificate{DNS: "*.example"}),
		machine("self", clients.AuthSelfSigned, func(c *clients.Client) { c.JWKS = registered(t, p.self, p.other) }),
		machine("bound", clients.AuthTLS, func(c *clients.Client) { c.TLS.DNS, c.CertificateBound = "shop.example", true }),
		{
			ID: "bound-spa", Name: "spa", Auth: clients.AuthNone, CertificateBound: true, RedirectURIs: []string{callback},
			Grants: []clients.GrantType{clients.GrantCode, clients.GrantRefresh}, Rules: clients.Rules{FirstParty: true},
		},
	}
}

// secured is a world over TLS that asks for client certificates.
func secured(t *testing.T, p *pki) *world {
	t.Helper()
	return newWorld(t, idptest.Clients(p.certified(t)...),
		idptest.TLS(&tls.Config{Certificates: []tls.Certificate{p.server}, ClientAuth: tls.RequestClientCert}),
		idptest.Protocol(func(c *protocol.Config) { c.Certificates = protocol.Certificates{Served: true, Roots: p.roots} }))
}

// byHeader lets this machine say which certificate it was shown.
func (p *pki) byHeader() idptest.Option {
	return idptest.Protocol(func(c *protocol.Config) {
		c.Certificates = protocol.Certificates{Served: true, Roots: p.roots, Header: "Client-Cert", Proxies: thisMachine}
	})
}

var thisMachine = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// with is a machine that shows a certificate; nil for none.
func (w *world) with(t *testing.T, p *pki, cert *tls.Certificate) *agent {
	t.Helper()
	a := w.machine(t)
	cfg := &tls.Config{RootCAs: p.roots, Time: func() time.Time { return idptest.Start }}
	if cert != nil {
		cfg.Certificates = []tls.Certificate{*cert}
	}
	tr := &http.Transport{TLSClientConfig: cfg}
	t.Cleanup(tr.CloseIdleConnections)
	a.c.Transport = tr
	return a
}

// own asks for a client's own token.
func (a *agent) own(client string) reply {
	a.t.Helper()
	return a.post(protocol.PathToken, form("grant_type", "client_credentials", "client_id", client))
}

func TestClientsProveThemselvesByCertificate(t *testing.T) {
	t.Parallel()
	p := newPKI(t)
	w := secured(t, p)
	good := w.with(t, p, &p.client)
	for _, id := range []string{"dn", "dn-other-spelling", "dns", "uri", "ip", "email"} {
		if r := good.own(id); r.status != http.StatusOK {
			t.Errorf("%s: got %d %s", id, r.status, r.body)
		}
		for name, cert := range map[string]*tls.Certificate{
			"no certificate": nil, "another name": &p.nameless, "expired": &p.old, "made for servers": &p.forServers, "made by itself": &p.self,
		} {
			r := w.with(t, p, cert).own(id)
			t.Run(id+" with "+name, func(t *testing.T) { wantError(t, r, http.StatusUnauthorized, "invalid_client") })
		}
	}
	for _, id := range []string{"part", "order", "wild", "self"} {
		r := good.own(id)
		t.Run(id, func(t *testing.T) { wantError(t, r, http.StatusUnauthorized, "invalid_client") })
	}
	for name, cert := range map[string]*tls.Certificate{"the first": &p.self, "the second": &p.other} {
		if r := w.with(t, p, cert).own("self"); r.status != http.StatusOK {
			t.Errorf("%s of two registered certificates: got %d %s", name, r.status, r.body)
		}
	}
	wantError(t, w.with(t, p, &p.strange).own("self"), http.StatusUnauthorized, "invalid_client")
	v := form("grant_type", "client_credentials", "client_id", "dn", "client_secret", secret)
	wantError(t, good.post(protocol.PathToken, v), http.StatusUnauthorized, "invalid_client")
}

// RFC 8705 §3 and §4: a stolen token is worth nothing without the certificate.
func TestTokensBoundToCertificates(t *testing.T) {
	t.Parallel()
	p := newPKI(t)
	w := secured(t, p)
	good, thief := w.with(t, p, &p.client), w.with(t, p, &p.strange)
	_, claims := parts(t, good.own("bound").str("access_token"))
	cnf, _ := claims["cnf"].(map[string]any)
	if cnf["x5t#S256"] != clients.CertificateThumbprint(p.client.Leaf) {
		t.Errorf("cnf: got %v", claims["cnf"])
	}

	b := w.browser(t)
	b.c.Transport = w.with(t, p, nil).c.Transport
	redeem := func(a *agent) reply {
		q := b.signIn(request("client_id", "bound-spa", "scope", "openid offline_access"), alice)
		return a.post(protocol.PathToken, form("grant_type", "authorization_code", "client_id", "bound-spa", "code", q.Get("code"), "redirect_uri", callback, "code_verifier", verifier))
	}
	wantError(t, redeem(w.with(t, p, nil)), http.StatusBadRequest, "invalid_request")
	r := redeem(good)
	if r.status != http.StatusOK || r.str("token_type") != "Bearer" {
		t.Fatalf("redeem: got %d %s", r.status, r.body)
	}
	show := func(a *agent) int {
		return a.get(protocol.PathUserInfo, "Authorization", "Bearer "+r.str("access_token")).status
	}
	for name, got := range map[string][2]int{
		"with the certificate": {show(good), 200}, "with another": {show(thief), 401}, "without": {show(w.with(t, p, nil)), 401},
	} {
		if got[0] != got[1] {
			t.Errorf("userinfo %s: got %d, want %d", name, got[0], got[1])
		}
	}
	refresh := form("grant_type", "refresh_token", "client_id", "bound-spa", "refresh_token", r.str("refresh_token"))
	wantError(t, thief.post(protocol.PathToken, refresh), http.StatusBadRequest, "invalid_grant")
	if got := good.post(protocol.PathToken, refresh); got.status != http.StatusOK {
		t.Errorf("refresh with the certificate: got %d %s", got.status, got.body)
	}
}

// O-18: a proxy says which certificate it was shown; from anybody else the
// header is a lie.
func TestCertificateHeaderIsBelievedFromProxiesOnly(t *testing.T) {
	t.Parallel()
	p := newPKI(t)
	start := func(proxies []netip.Prefix) *world {
		return newWorld(t, idptest.Clients(p.certified(t)...), idptest.Protocol(func(c *protocol.Config) {
			c.Certificates = protocol.Certificates{Served: true, Roots: p.roots, Header: "Client-Cert", Proxies: proxies}
		}))
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.client.Certificate[0]})
	plain := base64.StdEncoding.EncodeToString(p.client.Certificate[0])
	forms := map[string]string{"RFC 9440": ":" + plain + ":", "base64": plain, "escaped PEM": url.PathEscape(string(text))}
	trusted, untrusted := start(thisMachine), start([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")})
	v := form("grant_type", "client_credentials", "client_id", "dns")
	for name, value := range forms {
		if r := trusted.machine(t).post(protocol.PathToken, v, "Client-Cert", value); r.status != http.StatusOK {
			t.Errorf("%s: got %d %s", name, r.status, r.body)
		}
		r := untrusted.machine(t).post(protocol.PathToken, v, "Client-Cert", value, "X-Forwarded-For", "192.0.2.1")
		wantError(t, r, http.StatusUnauthorized, "invalid_client")
		r = trusted.machine(t).post(protocol.PathToken, v, "Client-Cert", value, "Client-Cert", value)
		wantError(t, r, http.StatusUnauthorized, "invalid_client")
	}
	for _, bad := range []string{"", ":", "::", "x", "%", "%zz", "-----BEGIN CERTIFICATE-----", strings.Repeat("A", 20<<10), ":" + plain[:40] + ":"} {
		r := trusted.machine(t).post(protocol.PathToken, v, "Client-Cert", bad)
		wantError(t, r, http.StatusUnauthorized, "invalid_client")
	}
}

// At the alias there are the machines' endpoints, and nothing for people.
func TestEndpointsForCertificatesHaveAnAlias(t *testing.T) {
	t.Parallel()
	const alias = "https://mtls.id.example"
	w := newWorld(t, idptest.Alias(alias), idptest.Protocol(func(c *protocol.Config) {
		c.Certificates = protocol.Certificates{Served: true, URL: alias}
	}))
	doc := w.metadata(t)
	aliases, _ := doc["mtls_endpoint_aliases"].(map[string]any)
	if doc["tls_client_certificate_bound_access_tokens"] != true || len(aliases) == 0 {
		t.Errorf("metadata: %v", doc)
	}
	call := func(method, path string) int {
		r, err := http.NewRequestWithContext(t.Context(), method, w.URL+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "mtls.id.example"
		resp, err := w.machine(t).c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.StatusCode
	}
	for name, v := range aliases {
		at, _ := v.(string)
		path, ok := strings.CutPrefix(at, alias)
		if got := call(http.MethodPost, path); !ok || got == http.StatusMisdirectedRequest || got == http.StatusNotFound {
			t.Errorf("%s at %q: answers %d", name, at, got)
		}
	}
	for _, path := range []string{protocol.PathAuthorize, protocol.PathLogout, "/signin", "/account", protocol.PathDiscovery, "/"} {
		if got := call(http.MethodGet, path); got != http.StatusMisdirectedRequest {
			t.Errorf("GET %s at the alias: answers %d, want 421", path, got)
		}
	}
	h := w.holder(t)
	proof := h.proof(t, "POST", protocol.PathToken, "", map[string]any{"htu": alias + protocol.PathToken})
	if r := w.machineToken(t, "machine", "DPoP", proof); r.status != http.StatusOK {
		t.Errorf("a proof for the alias: got %d %s", r.status, r.body)
	}
}

func FuzzCertificateHeader(f *testing.F) {
	p := newPKI(f)
	plain := base64.StdEncoding.EncodeToString(p.client.Certificate[0])
	f.Add(plain)
	f.Add(":" + plain + ":")
	f.Add("-----BEGIN%20CERTIFICATE-----%0AMA%3D%3D%0A-----END%20CERTIFICATE-----")
	f.Fuzz(func(t *testing.T, field string) {
		if cert := protocol.ParseCertificate(field); cert != nil && len(cert.Raw) == 0 {
			t.Errorf("an empty certificate of %q", field)
		}
	})
}
