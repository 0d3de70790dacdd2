package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/sekisho-id/sekisho/config"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/templates"
)

// source is where a verb's configuration comes from.
type source struct {
	file, dev *string
}

// source adds the flags that name the configuration.
func (f *flags) source() source {
	return source{
		file: f.String("config", cmp.Or(f.p.getenv("SEKISHO_CONFIG"), "sekisho.yaml"), "the configuration `FILE`"),
		dev:  f.String("dev", "", "use the development provider in `DIR` instead of a file"),
	}
}

func (s source) load(p *program) (config.Config, error) {
	if *s.dev != "" {
		return devConfig(*s.dev, config.DevIssuer)
	}
	return config.Load(*s.file, p.getenv)
}

// opened is a provider that verbs work with; it serves nobody.
type opened struct {
	*idp.Provider
	cfg   config.Config
	store *store.Store
	pages *templates.Set
	actor idp.Actor
}

// open loads the configuration and opens the provider. The caller closes it.
func (p *program) open(ctx context.Context, s source) (*opened, error) {
	cfg, err := s.load(p)
	if err != nil {
		return nil, err
	}
	st, err := openStore(ctx, p, cfg)
	if err != nil {
		return nil, err
	}
	m, err := assemble(ctx, p, cfg, st)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return &opened{Provider: m.provider, cfg: cfg, store: st, pages: m.pages, actor: p.operator()}, nil
}

// with does a verb's work with a provider: it adds the flags that name the
// configuration, reads the command line, opens the provider and closes it.
func (p *program) with(ctx context.Context, f *flags, args []string, do func(o *opened, got []string) error) error {
	from := f.source()
	got, err := f.parse(args)
	if err != nil {
		return err
	}
	o, err := p.open(ctx, from)
	if err != nil {
		return err
	}
	defer o.close()
	return do(o, got)
}

// operator is who runs the command.
func (p *program) operator() idp.Actor {
	return idp.Actor{Kind: "operator", ID: cmp.Or(p.getenv("SUDO_USER"), p.getenv("USER"), "unknown")}
}

// close ends the work with the database.
func (o *opened) close() { _ = o.store.Close() }

// openStore opens a database whose tables fit this program.
func openStore(ctx context.Context, p *program, cfg config.Config) (*store.Store, error) {
	st, err := connect(ctx, p, cfg)
	if err != nil {
		return nil, err
	}
	if err := fits(ctx, st); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return st, nil
}

// connect opens a database whatever the state of its tables.
func connect(ctx context.Context, p *program, cfg config.Config) (*store.Store, error) {
	return store.Open(ctx, store.Config{
		DSN: string(cfg.Database), Now: p.now, Log: p.log,
		Keys: store.Keys{Current: cfg.Secrets.CurrentKey(), MAC: cfg.Secrets.MAC, All: cfg.Secrets.Master()},
	})
}

// fits compares the tables with what this program needs.
func fits(ctx context.Context, st *store.Store) error {
	have, want, err := st.Version(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("read the database's version: %w", err)
	case have < want:
		return fmt.Errorf("%w: it is at version %d and %d is needed: run `sekisho migrate`", store.ErrSchema, have, want)
	case have > want:
		return fmt.Errorf("%w: it is at version %d, this program knows %d: run a newer sekisho", store.ErrSchema, have, want)
	}
	return nil
}
