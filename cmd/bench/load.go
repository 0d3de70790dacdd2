package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// result is what a phase showed.
type result struct {
	phase    phase
	ops      int
	rate     float64 // operations a second
	p50, p99 time.Duration
	cpu      time.Duration // of the server process, per operation
	limit    time.Duration // the CPU time of the work that cannot be avoided
	errs     int
	err      error // the first one
}

// operation is one turn of a worker; workers are numbered from 0.
type operation func(ctx context.Context, worker int) error

// measure drives the workers in a closed loop, a quarter of the time to warm
// up and then d, and reads the CPU time of the process pid over d.
func measure(ctx context.Context, pid, workers int, d time.Duration, op operation) (result, error) {
	begin := time.Now().Add(d / 4)
	end := begin.Add(d)
	var r result
	var mu sync.Mutex
	var took []time.Duration
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			var mine []time.Duration
			var errs int
			var first error
			for at := time.Now(); at.Before(end) && ctx.Err() == nil; at = time.Now() {
				err := op(ctx, w)
				switch done := time.Now(); {
				case err != nil:
					errs++
					first = cmp.Or(first, err)
					time.Sleep(time.Duration(min(errs, 50)) * time.Millisecond) // a server that refuses is not to be stormed
				case !done.Before(begin) && !done.After(end): // what ends in time counts, whenever it began
					mine = append(mine, done.Sub(at))
				}
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, mine...)
			r.errs += errs
			r.err = cmp.Or(r.err, first)
		})
	}
	used, err := cpuBetween(ctx, pid, begin, end)
	wg.Wait()
	if err != nil {
		return r, err
	}
	if len(took) == 0 {
		return r, fmt.Errorf("nothing was done in time: %w", r.err)
	}
	slices.Sort(took)
	r.ops, r.rate = len(took), float64(len(took))/d.Seconds()
	r.p50, r.p99 = took[len(took)/2], took[min(len(took)*99/100, len(took)-1)]
	r.cpu = used / time.Duration(len(took))
	return r, nil
}

func cpuBetween(ctx context.Context, pid int, begin, end time.Time) (time.Duration, error) {
	var at [2]time.Duration
	for i, t := range []time.Time{begin, end} {
		select {
		case <-time.After(time.Until(t)):
		case <-ctx.Done():
			return 0, ctx.Err() //nolint:wrapcheck // stopped by hand
		}
		var err error
		if at[i], err = cpuOf(pid); err != nil {
			return 0, err
		}
	}
	return at[1] - at[0], nil
}

// cpuOf is the CPU time a process has used, all threads, to the 10 ms that
// Linux counts in.
func cpuOf(pid int) (time.Duration, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("CPU time: %w", err)
	}
	_, rest, ok := strings.Cut(string(raw), ") ") // after the name, which may hold spaces
	fields := strings.Fields(rest)
	if !ok || len(fields) < 13 {
		return 0, errors.New("CPU time: /proc says something new")
	}
	var ticks int
	for _, f := range fields[11:13] { // utime, stime
		n, err := strconv.Atoi(f)
		if err != nil {
			return 0, fmt.Errorf("CPU time: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}
