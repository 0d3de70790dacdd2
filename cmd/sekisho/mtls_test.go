package main

import (
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/config"
)

// asked reports whether a handshake at a name asks for a client certificate.
func asked(t *testing.T, server *tls.Config, name string) bool {
	t.Helper()
	here, there := net.Pipe()
	defer func() { _, _ = here.Close(), there.Close() }()
	got := false
	done := make(chan error, 1)
	go func() {
		conn := tls.Server(there, server)
		done <- conn.Handshake()
		_, _ = io.Copy(io.Discard, conn)
	}()
	conn := tls.Client(here, &tls.Config{
		ServerName: name, InsecureSkipVerify: true, MinVersion: tls.VersionTLS12,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			got = true
			return &tls.Certificate{}, nil // none, as most browsers have
		},
	})
	if err := conn.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return got
}

// Browsers must not be asked for a certificate: they would ask their person.
func TestClientCertificatesAreAskedForAtTheirNameAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := config.TLS{Cert: filepath.Join(dir, "tls.pem"), Key: filepath.Join(dir, "tls.key")}
	writePair(t, files, 1)
	cert, err := newCertificate(files, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	const issuer, alias = "id.example", "mtls.id.example"
	for _, tt := range []struct {
		name           string
		mtls           config.MTLS
		issuer, atName bool
	}{
		{"not at all", config.MTLS{}, false, false},
		{"everywhere", config.MTLS{Enabled: true}, true, true},
		{"at a name of their own", config.MTLS{Enabled: true, URL: "https://" + alias + ":8443"}, false, true},
	} {
		c, err := tlsConfig(tt.mtls, cert)
		if err != nil {
			t.Fatal(err)
		}
		if got := asked(t, c, issuer); got != tt.issuer {
			t.Errorf("%s: asked at the issuer: %v, want %v", tt.name, got, tt.issuer)
		}
		if got := asked(t, c, alias); got != tt.atName {
			t.Errorf("%s: asked at the alias: %v, want %v", tt.name, got, tt.atName)
		}
	}
	cfg := config.Config{MTLS: config.MTLS{Enabled: true, ClientCA: files.Cert}}
	if got, err := clientCertificates(cfg); err != nil || got.Roots == nil {
		t.Errorf("authorities: %v", err)
	}
	if err := os.WriteFile(files.Cert, []byte("none"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := clientCertificates(cfg); err == nil {
		t.Error("a file without certificates is no error")
	}
}
