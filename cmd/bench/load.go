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

// series is one thing that is done again and again, in turns, and what they showed.
type series struct {
	name    string
	pid     int // of the process whose CPU time counts
	workers int
	op      operation

	took []time.Duration // each operation
	ops  float64         // how many; of one at the edge of a turn the part inside
	span time.Duration   // of all turns
	used time.Duration   // CPU time over that
	errs int
	err  error // the first one
}

// operation is one turn of a worker; workers are numbered from 0.
type operation func(ctx context.Context, worker int) error

// cpu is the CPU time of one operation.
func (s *series) cpu() time.Duration { return time.Duration(float64(s.used) / s.ops) }

// rate is how many operations were done in a second.
func (s *series) rate() float64 { return s.ops / s.span.Seconds() }

// share is the time within which so much of the operations was done.
func (s *series) share(percent int) time.Duration {
	slices.Sort(s.took)
	return s.took[min(len(s.took)*percent/100, len(s.took)-1)]
}

// turn drives the workers in a closed loop, a quarter of the time to warm up
// and then d, and reads the CPU time of the process over d.
func (s *series) turn(ctx context.Context, d time.Duration) error {
	begin := time.Now().Add(d / 4)
	end := begin.Add(d)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for w := range s.workers {
		wg.Go(func() {
			var mine []time.Duration
			var ops float64
			var errs int
			var first error
			for at := time.Now(); at.Before(end) && ctx.Err() == nil; at = time.Now() {
				err := s.op(ctx, w)
				if err != nil {
					errs++
					first = cmp.Or(first, err)
					time.Sleep(time.Duration(min(errs, 50)) * time.Millisecond) // a server that refuses is not to be stormed
					continue
				}
				if part := inside(at, time.Now(), begin, end); part > 0 {
					mine, ops = append(mine, time.Since(at)), ops+part
				}
			}
			mu.Lock()
			defer mu.Unlock()
			s.took, s.ops, s.errs = append(s.took, mine...), s.ops+ops, s.errs+errs
			s.err = cmp.Or(s.err, first)
		})
	}
	used, err := cpuBetween(ctx, s.pid, begin, end)
	wg.Wait()
	s.used, s.span = s.used+used, s.span+d
	if err == nil && s.ops == 0 {
		err = fmt.Errorf("nothing was done in time: %w", s.err)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	return nil
}

// inside is the part of what took from one moment to another that lies between
// begin and end.
func inside(from, to, begin, end time.Time) float64 {
	took := to.Sub(from)
	if from.Before(begin) {
		from = begin
	}
	if to.After(end) {
		to = end
	}
	return max(float64(to.Sub(from))/float64(max(took, 1)), 0)
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
