package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/sekisho-id/sekisho/config"
	"github.com/sekisho-id/sekisho/idp/protocol"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/idp/web"
)

// drain is how long requests may take to finish at the end.
const drain = 20 * time.Second

// server is a provider that serves people.
type server struct {
	cfg      config.Config
	store    *store.Store
	machine  *machine
	log      *slog.Logger
	handler  http.Handler
	draining atomic.Bool
}

// newServer makes the handler of an assembled provider.
func newServer(p *program, cfg config.Config, st *store.Store, m *machine) (*server, error) {
	certificates, err := clientCertificates(cfg)
	if err != nil {
		return nil, err
	}
	e, err := web.New(web.Config{
		Provider: m.provider, Templates: m.pages, Log: p.log, Issuer: cfg.Issuer,
		Machines: protocol.MachinePaths(), Documents: protocol.DocumentPaths(), Alias: cfg.MTLS.URL,
		TrustedProxies: cfg.Proxies(), Inbox: m.inbox, Calls: m.calls, Receipts: m.receipts, Now: p.now,
	})
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	err = protocol.Mount(e, protocol.Config{
		Provider: m.provider, Issuer: cfg.Issuer, Outbound: m.outbound,
		Certificates: certificates, DPoPNonce: cfg.DPoPNonce, Now: p.now, Log: p.log,
	})
	if err != nil {
		return nil, err
	}
	s := &server{cfg: cfg, store: st, machine: m, log: p.log}
	s.handler = s.probed(e)
	return s, nil
}

// probed answers probes before everything else: they come by address, not by
// the issuer's name.
func (s *server) probed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asks := r.Method == http.MethodGet || r.Method == http.MethodHead
		switch {
		case asks && r.URL.Path == "/healthz":
			s.healthy(w)
		case asks && r.URL.Path == "/readyz":
			s.ready(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// healthy says that the process answers.
func (s *server) healthy(w http.ResponseWriter) { reply(w, http.StatusOK, "ok") }

// ready says whether requests should be sent here.
func (s *server) ready(w http.ResponseWriter, r *http.Request) {
	if s.draining.Load() {
		reply(w, http.StatusServiceUnavailable, "stopping")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	err := fits(ctx, s.store)
	if err == nil { // a database that is full, locked or read-only must take no requests
		err = s.store.Update(ctx, store.Actor{Kind: "job", ID: "readyz"}, func(tx *store.Tx) error {
			return tx.PutMeta("ready_at", tx.Now.Format(time.RFC3339))
		})
	}
	if err != nil {
		s.log.ErrorContext(ctx, "not ready", slog.Any("error", err))
		reply(w, http.StatusServiceUnavailable, "database")
		return
	}
	reply(w, http.StatusOK, "ready")
}

func reply(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n")
}

// run serves until ctx ends, then finishes what was begun: no new connections,
// requests to their end, jobs to theirs.
func (s *server) run(ctx context.Context, ln net.Listener, now func() time.Time) (err error) {
	srv := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: 90 * time.Second,
		MaxHeaderBytes: 32 << 10,
		ErrorLog:       slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	if s.cfg.TLS != (config.TLS{}) {
		cert, err := newCertificate(s.cfg.TLS, now, s.log)
		if err != nil {
			return errors.Join(err, ln.Close())
		}
		if srv.TLSConfig, err = tlsConfig(s.cfg.MTLS, cert); err != nil {
			return errors.Join(err, ln.Close())
		}
	}
	stopMetrics, err := s.exposeMetrics(ctx)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	defer func() { err = errors.Join(err, stopMetrics()) }()
	s.machine.provider.Start(context.WithoutCancel(ctx))
	defer s.machine.provider.Stop()

	stopped := make(chan error, 1)
	end := context.AfterFunc(ctx, func() {
		s.draining.Store(true)
		wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer cancel()
		s.log.InfoContext(wait, "stopping")
		stopped <- srv.Shutdown(wait)
	})
	if srv.TLSConfig != nil {
		err = srv.ServeTLS(ln, "", "")
	} else {
		err = srv.Serve(ln)
	}
	if end() { // it ended by itself
		return fmt.Errorf("serve: %w", err)
	}
	if err := <-stopped; err != nil {
		return fmt.Errorf("some requests were cut off: %w", err)
	}
	return nil
}
