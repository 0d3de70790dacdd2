package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// group commits concurrent updates together. One durable commit costs about a
// millisecond, whether one update or sixty are in it (performance.md): those
// that queue while a commit runs form the next transaction. One goroutine works
// through them, so that the database's pages are still in the processor's
// caches when the next one needs them. Each update has a savepoint of its own:
// the failure of one undoes nothing of the others. Nobody is answered before
// the commit.
type group struct {
	conn    *conn
	waiting atomic.Int64 // callers at the door
	commits atomic.Int64
	updates atomic.Int64 // committed ones
	ended   atomic.Int64 // see [Store.Ended]

	door   sync.Mutex // guards what follows
	queue  []*member
	idle   chan struct{} // closed when nobody works; nil when nobody does
	closed bool

	// Of the goroutine that works:
	begun   bool      // a transaction is open
	members []*member // whose writes are in it
	ends    bool      // see Tx
}

// member is one update and its fate, which is set before done is closed.
type member struct {
	ctx  context.Context
	tx   *Tx
	f    func(*Tx) error
	done chan struct{}

	err error
	// died is set when f panicked, with what, or ended its goroutine.
	died     bool
	panicked any
	stack    []byte
}

// maxBatch bounds how long the first member waits for the last.
const maxBatch = 64

func newGroup(c *conn) *group { return &group{conn: c} }

// update runs f and returns when it is committed. A caller whose ctx ends at
// the door is dropped when its turn comes. A panic of f's is the caller's.
func (g *group) update(ctx context.Context, tx *Tx, f func(*Tx) error) error {
	m := &member{ctx: ctx, tx: tx, f: f, done: make(chan struct{})}
	if err := g.enter(m); err != nil {
		return err
	}
	<-m.done
	if m.died && m.panicked == nil {
		runtime.Goexit()
	}
	if m.died {
		panic(fmt.Errorf("%v\n%s", m.panicked, m.stack))
	}
	return m.err
}

// enter queues an update and sees that somebody works.
func (g *group) enter(m *member) error {
	g.door.Lock()
	defer g.door.Unlock()
	if g.closed {
		return ErrClosed
	}
	g.waiting.Add(1)
	g.queue = append(g.queue, m)
	if g.idle == nil {
		g.idle = make(chan struct{})
		go g.work()
	}
	return nil
}

// work takes the turns of all who wait.
func (g *group) work() {
	through := false
	defer func() {
		if !through { // an update ended the goroutine it ran in
			go g.work()
		}
	}()
	for m := g.next(); m != nil; m = g.next() {
		g.turn(m)
	}
	through = true
}

// next is the update whose turn it is; nil when there is none. It commits for
// all when nobody is at the door, or enough are in.
func (g *group) next() *member {
	for waited := false; ; {
		g.door.Lock()
		if len(g.queue) > 0 && len(g.members) < maxBatch {
			m := g.queue[0]
			g.queue = g.queue[1:]
			g.waiting.Add(-1)
			g.door.Unlock()
			return m
		}
		if !g.begun && len(g.queue) == 0 {
			close(g.idle)
			g.idle = nil
			g.door.Unlock()
			return nil
		}
		g.door.Unlock()
		if !waited && len(g.members) < maxBatch {
			runtime.Gosched()
			waited = true
			continue
		}
		g.commit()
	}
}

// turn runs one update between savepoint and release.
func (g *group) turn(m *member) {
	if err := g.open(m.ctx); err != nil {
		m.finish(err)
		return
	}
	returned := false
	defer func() {
		if returned {
			return
		}
		m.died, m.panicked, m.stack = true, recover(), debug.Stack()
		m.finish(g.undo(m))
	}()
	commit, result := settle(m.f(m.tx.on(quiet, g.conn.db)))
	returned = true
	if commit && m.tx.fault != nil {
		commit, result = false, fmt.Errorf("after a fault: %w", explain(m.tx.fault))
	}
	if !commit {
		if err := g.undo(m); err != nil {
			result = err
		}
		m.finish(result)
		return
	}
	if err := g.conn.run("RELEASE update_"); err != nil {
		m.finish(fmt.Errorf("release: %w", explain(err)))
		g.end(err)
		return
	}
	m.err, g.ends = result, g.ends || m.tx.ends
	g.members = append(g.members, m)
}

// open makes the savepoint of an update, and a transaction before the first.
func (g *group) open(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !g.begun {
		if err := g.conn.run("BEGIN IMMEDIATE"); err != nil {
			return fmt.Errorf("begin: %w", explain(err))
		}
		g.begun = true
	}
	if err := g.conn.run("SAVEPOINT update_"); err != nil {
		err = fmt.Errorf("savepoint: %w", explain(err))
		g.end(err)
		return err
	}
	return nil
}

// undo takes back what an update wrote. Its error means that the whole
// transaction is lost.
func (g *group) undo(m *member) error {
	err := errors.Join(g.conn.run("ROLLBACK TO update_"), g.conn.run("RELEASE update_"))
	if err == nil {
		return nil
	}
	err = fmt.Errorf("transaction was lost: %w", errors.Join(explain(m.tx.fault), explain(err)))
	g.end(err)
	return err
}

// commit ends the transaction for all its members.
func (g *group) commit() {
	if !g.begun {
		return
	}
	if len(g.members) == 0 {
		g.end(nil)
		return
	}
	g.commits.Add(1)
	err := g.conn.run("COMMIT")
	if g.ends { // also when nobody knows whether it was committed
		g.ended.Add(1)
	}
	if err != nil {
		g.end(fmt.Errorf("commit: %w", explain(err)))
		return
	}
	g.updates.Add(int64(len(g.members)))
	g.answer(nil)
}

// end rolls the transaction back and tells its members why.
func (g *group) end(err error) {
	if g.begun {
		g.conn.run("ROLLBACK") //nolint:errcheck,gosec // SQLite may have done it already
	}
	g.answer(err)
}

// answer tells the members of the transaction that it is over, and how.
func (g *group) answer(err error) {
	for i, m := range g.members {
		if err != nil {
			m.err = err
		}
		g.members[i] = nil
		close(m.done)
	}
	g.begun, g.members, g.ends = false, g.members[:0], false
}

func (m *member) finish(err error) {
	m.err = err
	close(m.done)
}

// close waits for those at the door; updates that come later get ErrClosed.
func (g *group) close() error {
	g.door.Lock()
	g.closed = true
	idle := g.idle
	g.door.Unlock()
	if idle != nil {
		<-idle
	}
	return g.conn.close()
}
