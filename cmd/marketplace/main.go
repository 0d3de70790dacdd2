// Command marketplace runs the demonstration market beside a provider on the
// same machine: buyer app, seller app and payout API, on loopback only. Its
// defaults fit `sekisho dev`.
//
// The clients' secrets come from MINATO_BUYER_SECRET and MINATO_SELLER_SECRET;
// without them the well-known ones of `sekisho dev` are used.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sekisho-id/sekisho/clients/demo"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "marketplace:", err)
		os.Exit(1)
	}
}

// run serves the market until ctx ends.
func run(ctx context.Context, args []string, env func(string) string, out io.Writer) error {
	fs := flag.NewFlagSet("marketplace", flag.ContinueOnError)
	fs.SetOutput(out)
	issuer := fs.String("issuer", "http://localhost:9000", "the provider's `URL`")
	buyer := fs.String("buyer", "http://localhost:9001", "the buyer app's `URL`")
	seller := fs.String("seller", "http://localhost:9002", "the seller app's `URL`")
	api := fs.String("api", "http://localhost:9003", "the payout API's `URL`")
	if err := fs.Parse(args); err != nil {
		return err //nolint:wrapcheck // the flag package has said it all
	}
	log := slog.New(slog.NewTextHandler(out, nil))
	secret := func(name, fallback string) string {
		if s := env(name); s != "" {
			return s
		}
		return fallback
	}

	payouts, err := demo.NewAPI(demo.APIConfig{Issuer: *issuer, URL: *api, Secret: secret("MINATO_PAYOUT_SECRET", demo.DevPayoutSecret), Now: time.Now, Log: log})
	if err != nil {
		return fmt.Errorf("payout API: %w", err)
	}
	serve := map[string]http.Handler{*api: payouts}
	for _, cfg := range []demo.Config{
		{Kind: demo.Buyer, URL: *buyer, ClientID: "minato-buyer", ClientSecret: secret("MINATO_BUYER_SECRET", demo.DevBuyerSecret)},
		{Kind: demo.Seller, URL: *seller, ClientID: "minato-seller", ClientSecret: secret("MINATO_SELLER_SECRET", demo.DevSellerSecret)},
	} {
		cfg.Issuer, cfg.API, cfg.Now, cfg.Log = *issuer, *api, time.Now, log
		app, err := demo.New(cfg)
		if err != nil {
			return fmt.Errorf("%s app: %w", cfg.Kind, err)
		}
		serve[cfg.URL] = app.Handler()
	}

	group, ctx := errgroup.WithContext(ctx)
	for at, handler := range serve {
		group.Go(func() error { return listen(ctx, at, handler) })
	}
	fmt.Fprintf(out, "buyer app   %s\nseller app  %s\npayout API  %s\nprovider    %s\n", *buyer, *seller, *api, *issuer)
	return group.Wait() //nolint:wrapcheck // from listen
}

// listen serves handler at a loopback URL until ctx ends.
func listen(ctx context.Context, at string, handler http.Handler) error {
	u, err := url.Parse(at)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if host := u.Hostname(); host != "localhost" && !net.ParseIP(host).IsLoopback() {
		return fmt.Errorf("%s is not on loopback: this is a demonstration", strings.TrimSuffix(at, "/"))
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", u.Host)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	srv := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	done := context.AfterFunc(ctx, func() {
		wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = srv.Shutdown(wait) // what is still open is cut off with the process
	})
	defer done()
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", at, err)
	}
	return nil
}
