package idp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/jobs"
	"github.com/sekisho-id/sekisho/idp/metrics"
	"github.com/sekisho-id/sekisho/mfa/passkey"
)

// New makes a provider: it creates signing keys at first start, loads them and
// the stored clients. The database must be migrated. Call [Provider.Start] for
// the jobs, [Provider.Stop] at the end.
func New(ctx context.Context, cfg Config) (*Provider, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Zone == nil {
		cfg.Zone = time.UTC
	}
	if cfg.Lang == "" {
		cfg.Lang = "ja"
	}
	if cfg.Vault == nil {
		cfg.Vault = SealedKeys{}
	}
	if cfg.Metrics == nil {
		cfg.Metrics = metrics.New("")
	}
	if len(cfg.Shops.Roles) == 0 {
		cfg.Shops = clients.DefaultShops()
	}
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	p := &Provider{cfg: cfg, st: cfg.Store, meters: newMeters(cfg.Metrics, cfg.Limits.MFA.Countries), alarms: alarms{raised: map[[2]string]time.Time{}}}
	p.standing = standing{st: cfg.Store, now: cfg.Now}
	if site, ok := passkey.NewSite(cfg.Issuer, cfg.Name); ok {
		p.site = &site
	}
	p.jobs = jobs.New(cfg.Log, cfg.Now)
	p.keys = newKeyring(cfg.Store, cfg.Vault, cfg.Limits.Tokens, cfg.Now)
	p.keys.count(cfg.Metrics)
	if err := p.keys.ensure(ctx); err != nil {
		return nil, fmt.Errorf("signing keys: %w", err)
	}
	if err := p.ReloadClients(ctx); err != nil {
		return nil, fmt.Errorf("load clients: %w", err)
	}
	if err := p.ReloadTools(ctx); err != nil {
		return nil, fmt.Errorf("load tools: %w", err)
	}
	p.addJobs()
	cfg.Metrics.Read(gauges, p.readGauges)
	return p, nil
}

func (c Config) validate() error {
	var faults []error
	u, err := url.Parse(c.Issuer)
	if err != nil || u.Host == "" || strings.HasSuffix(c.Issuer, "/") {
		faults = append(faults, fmt.Errorf("issuer %q: want a URL without a trailing slash", c.Issuer))
	}
	for what, missing := range map[string]bool{
		"store": c.Store == nil, "clients": c.Clients == nil, "hasher": c.Hasher == nil, "rules": c.Rules == nil,
		"render": c.Render == nil, "clock": c.Now == nil,
	} {
		if missing {
			faults = append(faults, errors.New(what+" is missing"))
		}
	}
	return errors.Join(faults...)
}

// Start runs the jobs: delivery, expiry, key rotation, reload of clients and keys.
func (p *Provider) Start(ctx context.Context) {
	p.jobs.Start(ctx)
	p.jobs.Wake(jobSectors)
}

// Stop ends the jobs and waits for those that run.
func (p *Provider) Stop() { p.jobs.Stop() }

// Config is what the provider was made of.
func (p *Provider) Config() Config { return p.cfg }

// Keys are the signing keys.
func (p *Provider) Keys() *Keyring { return p.keys }

// SharedSecret is 32 bytes for one purpose, the same on every node.
func (p *Provider) SharedSecret(purpose string) []byte { return p.st.MAC("shared secret", purpose) }

// now is the moment in UTC and whole seconds, as the store has it.
func (p *Provider) now() time.Time { return p.cfg.Now().UTC().Truncate(time.Second) }

// Host is the issuer's host name without port; SMS codes are bound to it (N-34).
func (p *Provider) Host() string {
	u, err := url.Parse(p.cfg.Issuer)
	if err != nil {
		return ""
	}
	return u.Hostname()
}
