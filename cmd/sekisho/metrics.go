package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"
)

// exposeMetrics serves /metrics at an address of its own, apart from everything
// that people reach. The answer ends it. Without an address nothing is served.
func (s *server) exposeMetrics(ctx context.Context) (stop func() error, err error) {
	if s.cfg.Metrics.Listen == "" {
		return func() error { return nil }, nil
	}
	ln, err := listen(ctx, s.cfg.Metrics.Listen)
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.machine.provider.Metrics().Handler())
	srv := &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(ln) }()
	s.log.InfoContext(ctx, "serving metrics", slog.String("listen", ln.Addr().String()))
	return func() error {
		err := srv.Close()
		if e := <-ended; !errors.Is(e, http.ErrServerClosed) {
			err = errors.Join(err, e)
		}
		return err
	}, nil
}
