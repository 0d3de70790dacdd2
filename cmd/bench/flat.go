package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// flat draws so many client_credentials tokens and prints, at every tenth of
// them, what the server holds in memory and what its database weighs: neither
// may grow with the tokens.
func flat(ctx context.Context, o options, out, progress io.Writer) error {
	fmt.Fprintln(progress, "adding people")
	t, err := start(ctx, o)
	if err != nil {
		return err
	}
	defer t.stop()
	if err := t.prepare(ctx, o.workers); err != nil {
		return fmt.Errorf("%w\n%s", err, t.log())
	}
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"stock"}}
	fmt.Fprintln(out, "   tokens  resident MiB  database KiB")
	for tenth := range 11 {
		if tenth > 0 {
			if err := t.draw(ctx, o, o.tokens/10, form); err != nil {
				return err
			}
		}
		memory, err := residentOf(t.pid)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%9d %13d %13d\n", o.tokens/10*tenth, memory>>20, t.weight()>>10)
	}
	return nil
}

// draw has all workers draw tokens until n are drawn.
func (t *target) draw(ctx context.Context, o options, n int, form url.Values) error {
	var drawn atomic.Int64
	var wg sync.WaitGroup
	faults := make([]error, o.workers)
	for w := range o.workers {
		wg.Go(func() {
			for drawn.Add(1) <= int64(n) && faults[w] == nil && ctx.Err() == nil {
				_, faults[w] = t.client.token(ctx, t.meta.Token, "machine", t.secret, form)
			}
		})
	}
	wg.Wait()
	return errors.Join(append(faults, ctx.Err())...)
}

// weight is the size of the database with its log.
func (t *target) weight() int64 {
	var sum int64
	for _, name := range []string{"sekisho.db", "sekisho.db-wal"} {
		if info, err := os.Stat(filepath.Join(t.dir, name)); err == nil {
			sum += info.Size()
		}
	}
	return sum
}

// residentOf is the memory of a process that is in use, in bytes.
func residentOf(pid int) (int64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, fmt.Errorf("memory: %w", err)
	}
	fields := strings.Fields(string(raw))
	if len(fields) < 2 {
		return 0, errors.New("memory: /proc says something new")
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("memory: %w", err)
	}
	return pages * int64(os.Getpagesize()), nil
}
