// Command bench measures what a running Sekisho costs against what the machine
// can do at all, in one run: the limits (a signature, a durable commit, a
// password hash, an HTTP handler that does nothing) and, in turns with them, the
// phases of the protocol against a real `sekisho serve` of its own.
//
// The load is a closed loop, bounded in time, and never leaves loopback. The
// figure to compare is the server's CPU time per operation: rates fall with
// what else the machine does, CPU per operation hardly.
//
//	go run ./cmd/bench -seconds 3 -workers 8
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are the command line's.
type options struct {
	sekisho, dir, only string
	workers, tokens    int
	each               time.Duration
}

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	var o options
	var seconds float64
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(progress)
	fs.StringVar(&o.sekisho, "sekisho", "", "the `program` to measure; built from this module when empty")
	fs.StringVar(&o.dir, "dir", "", "where databases go, on the `disk` to measure; a temporary directory when empty")
	fs.StringVar(&o.only, "only", "", "measure only the phases whose name holds this `word`")
	fs.IntVar(&o.workers, "workers", 8, "how many do one thing after the other at once")
	fs.IntVar(&o.tokens, "tokens", 0, "instead, draw so `many` tokens and print memory and database as they grow or not")
	fs.Float64Var(&seconds, "seconds", 3, "for which each phase is measured, 60 at most")
	bare := fs.Bool("bare", false, "internal: be the HTTP handler that does nothing")
	if err := fs.Parse(args); err != nil {
		return err //nolint:wrapcheck // the flag package has said it all
	}
	if *bare {
		return serveBare(ctx, out)
	}
	if o.workers < 1 || o.workers > 256 || seconds <= 0 || seconds > 60 || o.tokens < 0 || o.tokens > 10_000_000 {
		return errors.New("1 to 256 workers, up to 60 seconds, and up to 10 million tokens")
	}
	o.each = time.Duration(seconds * float64(time.Second))
	dir, err := os.MkdirTemp(o.dir, "sekisho-bench-")
	if err != nil {
		return fmt.Errorf("directory: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	o.dir = dir
	if o.sekisho == "" {
		o.sekisho = filepath.Join(dir, "sekisho")
		build := exec.CommandContext(ctx, "go", "build", "-o", o.sekisho, "github.com/sekisho-id/sekisho/cmd/sekisho")
		build.Stderr = progress
		if err := build.Run(); err != nil {
			return fmt.Errorf("build: %w", err)
		}
	}
	if o.tokens > 0 {
		return flat(ctx, o, out, progress)
	}
	return bench(ctx, o, out, progress)
}

// rounds are how many turns each series takes: limits and phases alternate, so
// that what else the machine does falls on both.
const rounds = 4

// bench measures the limits and every phase in turns, and prints both.
func bench(ctx context.Context, o options, out, progress io.Writer) error {
	l, stop, err := newLimits(ctx, o)
	if err != nil {
		return fmt.Errorf("limits: %w", err)
	}
	defer stop()
	fmt.Fprintln(progress, "adding people")
	t, err := start(ctx, o)
	if err != nil {
		return err
	}
	defer t.stop()
	if err := t.prepare(ctx, max(o.workers, groupSize)); err != nil {
		return fmt.Errorf("%w\n%s", err, t.log())
	}
	all, results := l.all(), []result(nil)
	for _, ph := range phases {
		if strings.Contains(ph.name, o.only) {
			s := &series{name: ph.name, pid: t.pid, workers: o.workers, op: ph.op(t)}
			if ph.commits {
				s.workers = groupSize
			}
			all, results = append(all, s), append(results, result{s, ph})
		}
	}
	for i := range rounds {
		fmt.Fprintf(progress, "round %d of %d\n", i+1, rounds)
		for _, s := range all {
			if err := s.turn(ctx, o.each/rounds); err != nil {
				return fmt.Errorf("%w\n%s", err, t.log())
			}
		}
	}
	l.print(out)
	printResults(out, results, l)
	return nil
}
