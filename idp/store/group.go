package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// group commits concurrent updates together. One durable commit costs about a
// millisecond, whether one update or sixty are in it (performance.md): those
// that queue while a commit runs form the next transaction. Every update runs in
// its caller's goroutine, in turn, inside a savepoint of its own, so that the
// failure of one undoes nothing of the others. The last one commits for all,
// and nobody is answered before.
type group struct {
	conn    *conn
	waiting atomic.Int64 // callers at the door
	commits atomic.Int64
	updates atomic.Int64 // committed ones
	ended   atomic.Int64 // see [Store.Ended]

	turn   sync.Mutex // the door: guards what follows
	open   *batch     // the transaction that is open, or nil
	closed bool
}

// batch is the fate of one transaction's members.
type batch struct {
	members int
	ends    bool // see Tx
	done    chan struct{}
	err     error // set before done is closed
}

// maxBatch bounds how long the first member waits for the last.
const maxBatch = 64

func newGroup(c *conn) *group { return &group{conn: c} }

// update runs f and returns when its batch is committed. A caller whose ctx
// ends at the door is dropped when its turn comes.
func (g *group) update(ctx context.Context, tx *Tx, f func(*Tx) error) error {
	b, err := g.join(ctx, tx, f)
	if b == nil {
		return err
	}
	<-b.done
	if b.err != nil {
		return b.err
	}
	return err
}

// join takes one turn. It returns the batch that decides about what f wrote,
// or nil when nothing was written.
func (g *group) join(ctx context.Context, tx *Tx, f func(*Tx) error) (b *batch, err error) {
	g.waiting.Add(1)
	g.turn.Lock()
	g.waiting.Add(-1)
	defer g.turn.Unlock()
	defer g.leave() // also when f panics or ends its goroutine

	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if g.closed {
		return nil, ErrClosed
	}
	quiet := context.Background()
	if g.open == nil {
		if err := g.conn.run(quiet, "BEGIN IMMEDIATE"); err != nil {
			return nil, fmt.Errorf("begin: %w", explain(err))
		}
		g.open = &batch{done: make(chan struct{})}
	}
	commit, result, err := g.run(tx, f)
	if err != nil { // the transaction is gone, and all that its members wrote
		g.end(err)
		return nil, err
	}
	if !commit {
		return nil, result
	}
	g.open.members++
	g.open.ends = g.open.ends || tx.ends
	return g.open, result
}

// run runs f between savepoint and release. Its last result is set when the
// savepoint, and so the whole transaction, is lost.
func (g *group) run(tx *Tx, f func(*Tx) error) (commit bool, result, lost error) {
	quiet := context.Background()
	if err := g.conn.run(quiet, "SAVEPOINT update_"); err != nil {
		return false, nil, fmt.Errorf("savepoint: %w", explain(err))
	}
	returned := false
	defer func() {
		if commit {
			return
		}
		err := errors.Join(g.conn.run(quiet, "ROLLBACK TO update_"), g.conn.run(quiet, "RELEASE update_"))
		if err == nil {
			return
		}
		lost = fmt.Errorf("transaction was lost: %w", errors.Join(explain(tx.fault), explain(err)))
		if !returned { // a panic takes the results with it
			g.end(lost)
		}
	}()
	commit, result = settle(f(tx.on(quiet, g.conn.db)))
	returned = true
	if !commit {
		return false, result, nil
	}
	if tx.fault != nil {
		return false, fmt.Errorf("after a fault: %w", explain(tx.fault)), nil
	}
	if err := g.conn.run(quiet, "RELEASE update_"); err != nil {
		return false, nil, fmt.Errorf("release: %w", explain(err))
	}
	return true, result, nil
}

// leave commits for all unless somebody is at the door to do it later.
func (g *group) leave() {
	if g.open == nil {
		return
	}
	if g.waiting.Load() > 0 && g.open.members < maxBatch && !g.closed {
		return
	}
	if g.open.members == 0 {
		g.end(errors.New("nothing to commit"))
		return
	}
	g.commits.Add(1)
	err := g.conn.run(context.Background(), "COMMIT")
	if g.open.ends { // also when nobody knows whether it was committed
		g.ended.Add(1)
	}
	if err != nil {
		g.end(fmt.Errorf("commit: %w", explain(err)))
		return
	}
	g.updates.Add(int64(g.open.members))
	close(g.open.done)
	g.open = nil
}

// end rolls the open transaction back and tells its members why.
func (g *group) end(err error) {
	if g.open == nil {
		return
	}
	g.conn.run(context.Background(), "ROLLBACK") //nolint:errcheck,gosec // SQLite may have done it already
	g.open.err = err
	close(g.open.done)
	g.open = nil
}

// close waits for the turn; updates that come later get ErrClosed.
func (g *group) close() error {
	g.turn.Lock()
	defer g.turn.Unlock()
	g.closed = true
	g.leave()
	return nil
}
