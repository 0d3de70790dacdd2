package main

import (
	"cmp"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/config"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/atlas"
	"github.com/sekisho-id/sekisho/idp/metrics"
	"github.com/sekisho-id/sekisho/idp/outbound"
	"github.com/sekisho-id/sekisho/idp/password"
	"github.com/sekisho-id/sekisho/idp/protocol"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/idp/web"
	"github.com/sekisho-id/sekisho/mfa/send"
	"github.com/sekisho-id/sekisho/templates"
)

// machine is a provider and what the pages need beside it.
type machine struct {
	provider *idp.Provider
	pages    *templates.Set
	inbox    *send.Inbox // nil outside of development
	calls    *send.Calls
	receipts *send.Receipts
	// outbound calls addresses that relying parties named.
	outbound *http.Client
}

// assemble makes a provider of a configuration and an open database.
func assemble(ctx context.Context, p *program, cfg config.Config, st *store.Store) (*machine, error) {
	pages, err := newPages(cfg)
	if err != nil {
		return nil, err
	}
	rules, err := newRules(cfg)
	if err != nil {
		return nil, err
	}
	out, err := newSenders(cfg, p)
	if err != nil {
		return nil, err
	}
	registry := metrics.New(cmp.Or(version, "devel"))
	registry.Read(gatewayGauges, out.health)
	pepper, err := newPepper(cfg.Secrets)
	if err != nil {
		return nil, err
	}
	caller := outbound.New(outbound.Config{Allow: cfg.Outbound.Networks(), Loopback: cfg.Development()})
	var place func(ip, lang string) string
	if cfg.GeoIP != "" {
		book, err := atlas.Open(cfg.GeoIP, p.now, p.log)
		if err != nil {
			return nil, fmt.Errorf("geoip: %w", err)
		}
		place = book.Place
	}
	provider, err := idp.New(ctx, idp.Config{
		Issuer: cfg.Issuer, Name: cfg.Name, Market: cmp.Or(cfg.Market, cfg.Name), Lang: cfg.Language, Zone: cfg.Zone(),
		Store: st, Clients: clients.NewRegistry(cfg.Clients), Resources: cfg.Resources, Registration: cfg.Registration,
		Hasher: password.New(cfg.Password.Params, pepper), Rules: rules,
		Senders: out.byKind, Render: web.Messages(pages), Place: place,
		Logouts: protocol.Backchannel{Client: caller},
		Sectors: protocol.Sectors{Client: caller},
		Limits: idp.Limits{
			MFA: cfg.Limits.Limits, Care: cfg.Limits.Care, Session: cfg.Limits.Session, Password: cfg.Limits.Password,
			Tokens: cfg.Limits.Tokens, SignIn: idp.SignInLimits(cfg.Limits.SignIn),
			Account: idp.AccountLimits(cfg.Limits.Account),
			Staff:   cfg.Limits.Staff, Shops: cfg.Limits.Shops, Alarms: cfg.Limits.Alarms, Recovery: cfg.Limits.Recovery,
		},
		Shops:      cfg.Shops,
		ACRAliases: cfg.ACRAliases, RequirePAR: cfg.RequirePAR, TokenExchange: cfg.TokenExchange, Metrics: registry, Now: p.now, Log: p.log,
	})
	if err != nil {
		return nil, fmt.Errorf("start the provider: %w", err)
	}
	return &machine{provider: provider, pages: pages, inbox: out.inbox, calls: out.calls, receipts: out.receipts, outbound: caller}, nil
}

func newPages(cfg config.Config) (*templates.Set, error) {
	u, err := url.Parse(cfg.Issuer)
	if err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	pages, err := templates.New(templates.Options{
		Name: cfg.Name, Reading: cfg.Reading, Market: cfg.Market, IssuerHost: u.Hostname(), Zone: cfg.Zone(),
		Terms: cfg.Terms, Privacy: cfg.Privacy, Fits: oneText,
		Support: templates.Support(cfg.Support), AsOf: helpDate(cfg), Version: version,
		Senders: templates.Senders{SMS: cfg.SMS.Senders(), Voice: cfg.Voice.Senders(), Mail: cfg.Mail.From},
	})
	if err != nil {
		return nil, err
	}
	return pages, checkTexts(cfg, pages)
}

// helpDate is the date of what the help says (S-002).
func helpDate(cfg config.Config) time.Time {
	if at, err := time.Parse(time.DateOnly, cfg.HelpDate); err == nil {
		return at
	}
	return buildTime()
}

// newRules are the built-in list of refused passwords and the operator's.
func newRules(cfg config.Config) (*password.Rules, error) {
	rules, err := password.NewRules()
	if err != nil || cfg.Password.BlocklistFile == "" {
		return rules, err
	}
	f, err := os.Open(cfg.Password.BlocklistFile)
	if err != nil {
		return nil, fmt.Errorf("password.blocklist_file: %w", err)
	}
	defer func() { _ = f.Close() }()
	if _, err := rules.LoadList(f); err != nil {
		return nil, fmt.Errorf("password.blocklist_file: %w", err)
	}
	return rules, nil
}

// newPepper derives the passwords' pepper from the master keys (C-50).
func newPepper(s config.Secrets) (password.Pepper, error) {
	pepper := password.Pepper{ID: s.CurrentKey(), Old: map[string][]byte{}}
	for id, key := range s.Master() {
		derived, err := derive(key, "password pepper")
		if err != nil {
			return password.Pepper{}, err
		}
		if id == pepper.ID {
			pepper.Key = derived
		} else {
			pepper.Old[id] = derived
		}
	}
	return pepper, nil
}

// derive makes a key for one use out of a master key.
func derive(key []byte, use string) ([]byte, error) {
	out, err := hkdf.Key(sha256.New, key, nil, "sekisho "+use, 32)
	if err != nil {
		return nil, fmt.Errorf("derive the %s: %w", use, err)
	}
	return out, nil
}
