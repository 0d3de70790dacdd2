package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/sekisho-id/sekisho/config"
	"github.com/sekisho-id/sekisho/idp/protocol"
)

// clientCertificates is how relying parties show their certificates.
func clientCertificates(cfg config.Config) (protocol.Certificates, error) {
	m := cfg.MTLS
	out := protocol.Certificates{Served: m.Enabled, URL: m.URL, Header: m.Header, Proxies: cfg.Proxies()}
	if m.ClientCA == "" {
		return out, nil
	}
	text, err := os.ReadFile(m.ClientCA)
	if err != nil {
		return out, fmt.Errorf("mtls.client_ca: %w", err)
	}
	out.Roots = x509.NewCertPool()
	if !out.Roots.AppendCertsFromPEM(text) {
		return out, errors.New("mtls.client_ca: holds no certificate in PEM")
	}
	return out, nil
}

// tlsConfig answers handshakes. Client certificates are asked for, never
// demanded, and at the name that is for them alone where there is one: a
// browser that is asked would ask its person. Who may do what with which
// certificate is the protocol's to judge, so none is verified here.
func tlsConfig(m config.MTLS, cert *certificate) (*tls.Config, error) {
	plain := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: cert.get}
	if !m.Enabled {
		return plain, nil
	}
	asking := plain.Clone()
	asking.ClientAuth, asking.NextProtos = tls.RequestClientCert, []string{"h2", "http/1.1"}
	if m.URL == "" {
		return asking, nil
	}
	u, err := url.Parse(m.URL)
	if err != nil {
		return nil, fmt.Errorf("mtls.url: %w", err)
	}
	plain.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if strings.EqualFold(hello.ServerName, u.Hostname()) {
			return asking, nil
		}
		return nil, nil //nolint:nilnil // the plain one
	}
	return plain, nil
}
