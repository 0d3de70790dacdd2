package jobs

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

// ErrUnknown is answered for the name of a job that was never added.
var ErrUnknown = errors.New("no such job")

// Job is one thing done again and again.
type Job struct {
	// Name is a stable word for logs and leases.
	Name string
	// Every is the time between the end of one run and the start of the next,
	// plus up to a tenth of it at random. Zero means only when woken.
	Every time.Duration
	// Run does it. Its error is logged; the next run comes in its time.
	Run func(context.Context) error
	// Lease, when set, is asked before each run for the right to run it for
	// ttl; another node that holds it makes this one wait for its next turn.
	Lease func(ctx context.Context, name string, ttl time.Duration) (bool, error)
}

// Runner runs jobs. Add the jobs, then Start it once; Stop waits for them.
type Runner struct {
	log  *slog.Logger
	now  func() time.Time
	jobs map[string]*entry
	stop context.CancelFunc
	wg   sync.WaitGroup
}

// entry is a job with its bell and the lock that keeps its runs apart.
type entry struct {
	Job
	bell chan struct{}
	turn chan struct{}

	mu    sync.Mutex
	stats Stats
}

// Stats tell how a job went so far on this node.
type Stats struct {
	Runs, Failures int
	// Succeeded is the end of the last run without an error, Took how long it was.
	Succeeded time.Time
	Took      time.Duration
}

// Stats are those of every job, by name.
func (r *Runner) Stats() map[string]Stats {
	out := make(map[string]Stats, len(r.jobs))
	for name, e := range r.jobs {
		e.mu.Lock()
		out[name] = e.stats
		e.mu.Unlock()
	}
	return out
}

// note adds one run to the stats.
func (e *entry) note(start, end time.Time, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stats.Runs++
	if err != nil {
		e.stats.Failures++
		return
	}
	e.stats.Succeeded, e.stats.Took = end, end.Sub(start)
}

// New makes a runner. A nil log discards; now is asked only to log how long a
// run took.
func New(log *slog.Logger, now func() time.Time) *Runner {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Runner{log: log, now: now, jobs: map[string]*entry{}}
}

// Add registers a job. It panics on a name used twice, a missing Run and after
// Start: those are mistakes of the program.
func (r *Runner) Add(j Job) {
	switch {
	case r.stop != nil:
		panic("jobs: Add after Start")
	case j.Run == nil || j.Name == "":
		panic("jobs: a job needs a name and something to run")
	case r.jobs[j.Name] != nil:
		panic("jobs: " + j.Name + " was added before")
	}
	r.jobs[j.Name] = &entry{Job: j, bell: make(chan struct{}, 1), turn: make(chan struct{}, 1)}
}

// Start begins to run the jobs until ctx ends or Stop is called. It returns at
// once; no job runs before its first interval or its first Wake.
func (r *Runner) Start(ctx context.Context) {
	if r.stop != nil {
		panic("jobs: Start twice")
	}
	ctx, r.stop = context.WithCancel(ctx)
	for _, e := range r.jobs {
		r.wg.Go(func() { r.loop(ctx, e) })
	}
}

// Stop ends the runner: running jobs see their context cancelled, and Stop
// returns when the last of them has. It may be called without Start.
func (r *Runner) Stop() {
	if r.stop == nil {
		return
	}
	r.stop()
	r.wg.Wait()
}

// Wake makes a job run at once instead of at its next interval. A job that is
// running runs once more afterwards; several wakes in that time are one. Wake
// never waits, and a name that was not added is ignored.
func (r *Runner) Wake(name string) {
	e := r.jobs[name]
	if e == nil {
		return
	}
	select {
	case e.bell <- struct{}{}:
	default:
	}
}

// RunNow runs a job in the caller's goroutine, without its lease, and returns
// its error; a panic comes back as an error too. It waits for a run that is
// under way. It needs no Start.
func (r *Runner) RunNow(ctx context.Context, name string) error {
	e := r.jobs[name]
	if e == nil {
		return fmt.Errorf("%w: %s", ErrUnknown, name)
	}
	return r.run(ctx, e)
}

// loop runs one job until ctx ends.
func (r *Runner) loop(ctx context.Context, e *entry) {
	for {
		if !e.wait(ctx) {
			return
		}
		start := r.now()
		if err := r.attempt(ctx, e); err != nil && ctx.Err() == nil {
			r.log.ErrorContext(ctx, "job failed", "job", e.Name, "error", err, "took", r.now().Sub(start))
		}
	}
}

// wait returns true when the job is due and false when ctx has ended.
func (e *entry) wait(ctx context.Context) bool {
	var due <-chan time.Time
	if e.Every > 0 {
		t := time.NewTimer(e.Every + jitter(e.Every/10))
		defer t.Stop()
		due = t.C
	}
	select {
	case <-ctx.Done():
	case <-due:
	case <-e.bell:
	}
	return ctx.Err() == nil
}

// attempt runs the job if this node holds its lease.
func (r *Runner) attempt(ctx context.Context, e *entry) error {
	if e.Lease != nil {
		held, err := e.Lease(ctx, e.Name, max(2*e.Every, time.Minute))
		if err != nil {
			return fmt.Errorf("lease: %w", err)
		}
		if !held {
			return nil
		}
	}
	return r.run(ctx, e)
}

// run runs the job once, never beside another run of it, and turns a panic into an error.
func (r *Runner) run(ctx context.Context, e *entry) (err error) {
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	start := r.now()
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
		e.note(start, r.now(), err)
	}()
	return e.Run(ctx)
}

// jitter is a random time below limit, so that nodes started together drift apart.
func jitter(limit time.Duration) time.Duration {
	if limit <= 0 {
		return 0
	}
	var b [8]byte
	_, _ = rand.Read(b[:])                                                 // never fails: crypto/rand
	return time.Duration(binary.NativeEndian.Uint64(b[:]) % uint64(limit)) //nolint:gosec // less than limit
}
