package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/config"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/mfa"
)

// The demonstration's people. Their password and key protect nothing.
const (
	devPassword = "three ducks on a bridge"
	devAppKey   = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	devPhone    = "+819012345678"
)

func dev(ctx context.Context, p *program, args []string) error {
	f := p.flags("dev", "", "Run a provider for development on this machine: no file needed, messages go to an inbox,\n"+
		"demonstration people and clients are there.")
	dir := f.String("dir", ".sekisho", "where database and keys are kept, in `DIR`")
	addr := f.String("addr", "localhost:9000", "`address` to listen at, on this machine")
	if _, err := f.parse(args); err != nil {
		return err
	}
	host, _, err := net.SplitHostPort(*addr)
	if err != nil || !clients.Loopback(host) {
		return usagef("-addr must be an address on this machine, such as localhost:9000")
	}
	ln, err := listen(ctx, *addr)
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	cfg, err := devConfig(*dir, "http://"+net.JoinHostPort(host, port))
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	p.logTo(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	return service{p: p, cfg: cfg, migrate: true, began: func(m *machine) error {
		if err := addDevPeople(ctx, m.provider); err != nil {
			return err
		}
		p.welcome(cfg, *dir)
		return nil
	}}.on(ctx, ln)
}

// devConfig is the built-in configuration with the master key kept in dir.
func devConfig(dir, issuer string) (config.Config, error) {
	cfg := config.Dev(dir, issuer)
	key, err := devKey(dir)
	if err != nil {
		return cfg, fmt.Errorf("development key: %w", err)
	}
	cfg.Secrets.Keys = map[string]config.Secret{"dev": config.Secret(key)}
	return cfg, cfg.Validate()
}

// devKey reads the master key, or makes one at the first start.
func devKey(dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	path := filepath.Join(dir, "master.key")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		text, err := os.ReadFile(path)
		return strings.TrimSpace(string(text)), err
	}
	if err != nil {
		return "", err
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // it never fails: the program ends instead
	text := base64.StdEncoding.EncodeToString(key)
	_, err = f.WriteString(text + "\n")
	return text, errors.Join(err, f.Close())
}

// addDevPeople adds the demonstration's people who are not there yet.
func addDevPeople(ctx context.Context, p *idp.Provider) error {
	people := map[string]string{}
	for _, n := range []idp.NewUser{
		{Email: "sakura@example.jp", Name: "Sakura Ito", Lang: "ja", Password: devPassword, EmailVerified: true},
		{
			Email: "kenji@example.jp", Name: "Kenji Mori", Lang: "ja", Password: devPassword, EmailVerified: true, TwoStep: true,
			Methods: []idp.NewMethod{
				{Channel: mfa.SMS, Role: mfa.Primary, Number: devPhone, Verified: true},
				{Channel: mfa.App, Role: mfa.Backup, Secret: devAppKey, Verified: true},
			},
		},
	} {
		u, err := p.AddUser(ctx, devOperator, n)
		if errors.Is(err, idp.ErrEmailTaken) {
			continue
		}
		if err != nil {
			return fmt.Errorf("add %s: %w", n.Email, err)
		}
		people[n.Email] = u.ID
	}
	if people["kenji@example.jp"] == "" {
		return nil
	}
	return addDevShop(ctx, p, people["kenji@example.jp"], people["sakura@example.jp"])
}

// devOperator makes what the demonstration begins with.
var devOperator = idp.Actor{Kind: "operator", ID: "sekisho dev"}

// addDevShop adds the demonstration's shop: Kenji owns it, Sakura works there.
func addDevShop(ctx context.Context, p *idp.Provider, owner, staff string) error {
	id, err := p.AddShop(ctx, devOperator, "Minato Books", owner)
	if err != nil {
		return fmt.Errorf("add the shop: %w", err)
	}
	if staff == "" {
		return nil
	}
	return p.SetMemberAs(ctx, devOperator, id, staff, "staff")
}

// welcome says what to open.
func (p *program) welcome(cfg config.Config, dir string) {
	fmt.Fprintf(p.stdout, `
Sekisho for development. Everything is kept in %s; delete it to begin anew.

  account     %[2]s/account
  inbox       %[2]s/dev/inbox        every mail, text message and call
  discovery   %[2]s/.well-known/openid-configuration

  sakura@example.jp   no two-step verification yet
  kenji@example.jp    text message (see the inbox), or app with key %s
  password of both    %s

`, dir, cfg.Issuer, devAppKey, devPassword)
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for _, c := range cfg.Clients {
		kind := "(a tool: go run ./cmd/tool)"
		if c.Allows(clients.GrantDevice) {
			kind = "(a device: go run ./cmd/tool -device)"
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\n", c.ID, c.Name, cmp.Or(c.URI, kind))
	}
	_ = w.Flush()
	fmt.Fprint(p.stdout, "\nThe apps are another program: go run ./cmd/marketplace\nCtrl-C ends it.\n\n")
}
