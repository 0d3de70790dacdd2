package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/sekisho-id/sekisho/config"
)

// certRecheck is how often the files are looked at.
const certRecheck = 10 * time.Second

// certificate is a key pair in files, read anew when they change: whoever
// renews it need not tell us.
type certificate struct {
	files config.TLS
	now   func() time.Time
	log   *slog.Logger

	mu      sync.Mutex
	pair    *tls.Certificate
	stamp   [2]time.Time
	checked time.Time
}

// newCertificate reads the files for the first time.
func newCertificate(files config.TLS, now func() time.Time, log *slog.Logger) (*certificate, error) {
	c := &certificate{files: files, now: now, log: log}
	return c, c.read()
}

// get answers a handshake. Files that cannot be read leave the pair as it was.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); now.Sub(c.checked) >= certRecheck {
		c.checked = now
		if stamp, err := c.stamps(); err != nil || stamp != c.stamp {
			if err := c.read(); err != nil {
				c.log.Error("certificate was not read anew", slog.Any("error", err))
			}
		}
	}
	return c.pair, nil
}

func (c *certificate) read() error {
	stamp, err := c.stamps()
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(c.files.Cert, c.files.Key)
	if err != nil {
		return fmt.Errorf("tls: %w", err)
	}
	c.pair, c.stamp, c.checked = &pair, stamp, c.now()
	return nil
}

func (c *certificate) stamps() (out [2]time.Time, err error) {
	for i, name := range []string{c.files.Cert, c.files.Key} {
		info, err := os.Stat(name)
		if err != nil {
			return out, fmt.Errorf("tls: %w", err)
		}
		out[i] = info.ModTime()
	}
	return out, nil
}
