package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"

	"github.com/zitadel/oidc/v3/pkg/op"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/sekisho-id/sekisho/config"
	"github.com/sekisho-id/sekisho/idp/store"
)

func serve(ctx context.Context, p *program, args []string) error {
	f := p.flags("serve", "", "Run the provider until SIGTERM or Ctrl-C. The log is JSON, on the standard error.")
	from := f.source()
	update := f.Bool("migrate", false, "bring the database to this version first")
	if _, err := f.parse(args); err != nil {
		return err
	}
	if err := checkClock(p.now(), buildTime()); err != nil {
		return err
	}
	cfg, err := from.load(p)
	if err != nil {
		return err
	}
	p.logTo(slog.NewJSONHandler(p.stderr, nil))
	ln, err := listen(ctx, cfg.Listen)
	if err != nil {
		return err
	}
	return service{p: p, cfg: cfg, migrate: *update, began: func(*machine) error {
		p.log.InfoContext(ctx, "serving", slog.String("issuer", cfg.Issuer), slog.String("listen", ln.Addr().String()))
		return nil
	}}.on(ctx, ln)
}

// logTo makes h the log, for libraries too: the protocol's logs to the default one (H-16).
func (p *program) logTo(h slog.Handler) {
	p.log = slog.New(redacting{h})
	slog.SetDefault(p.log)
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%w: is it running already? `listen` chooses another port", err)
	}
	return ln, nil
}

// service is a provider about to serve.
type service struct {
	p   *program
	cfg config.Config
	// migrate says whether to bring the database to this version first.
	migrate bool
	// began is called before the first request.
	began func(*machine) error
}

// on serves on ln, which it closes, until ctx ends.
func (s service) on(ctx context.Context, ln net.Listener) error {
	collectLess()
	op.Tracer = noop.NewTracerProvider().Tracer("") // nobody listens; the global one makes two spans a request
	st, err := connect(ctx, s.p, s.cfg)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	srv, err := s.prepare(ctx, st)
	if err != nil {
		return errors.Join(err, ln.Close(), st.Close())
	}
	return errors.Join(srv.run(ctx, ln, s.p.now), st.Close())
}

// prepare does everything that can fail before the first request.
func (s service) prepare(ctx context.Context, st *store.Store) (*server, error) {
	if s.migrate {
		if _, _, err := st.Migrate(ctx); err != nil {
			return nil, fmt.Errorf("migrate: %w", err)
		}
	}
	if err := fits(ctx, st); err != nil {
		return nil, err
	}
	m, err := assemble(ctx, s.p, s.cfg, st)
	if err != nil {
		return nil, err
	}
	if err := m.provider.NoteDates(ctx, s.p.operator()); err != nil {
		return nil, fmt.Errorf("note enforcement dates: %w", err)
	}
	srv, err := newServer(s.p, s.cfg, st, m)
	if err != nil {
		return nil, err
	}
	return srv, s.began(m)
}
