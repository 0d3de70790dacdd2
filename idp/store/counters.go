package store

import (
	"errors"
	"time"
)

// Hit counts one event under key in a window that begins with its first event
// and lasts per. It always counts; ok tells whether the window holds at most
// limit events so far (limit 0 or less: always). Reset is the window's end.
// Keys may name addresses and numbers: the database holds their MAC (T-52).
//
// When ok is false the caller's error needs [Keep] for this event to count.
func (tx *Tx) Hit(key string, limit int, per time.Duration) (ok bool, reset time.Time, err error) {
	now, end := tx.Now.Unix(), tx.Now.Add(per+time.Second-1).Unix() // whole seconds, upwards
	var n int
	var at int64
	err = tx.returning("count hit", ErrNotFound, []any{&n, &at}, `INSERT INTO counters (name, n, reset_at) VALUES (?1, 1, ?2)
		ON CONFLICT (name) DO UPDATE SET
			n = CASE WHEN counters.reset_at <= ?3 THEN 1 ELSE counters.n + 1 END,
			reset_at = CASE WHEN counters.reset_at <= ?3 THEN excluded.reset_at ELSE counters.reset_at END
		RETURNING n, reset_at`, tx.counter(key), end, now)
	if err != nil {
		return false, time.Time{}, err
	}
	return limit <= 0 || n <= limit, time.Unix(at, 0).UTC(), nil
}

// Unhit takes back one event of key that was counted in this transaction: a
// try is counted before it is judged, and a right one is no failure.
func (tx *Tx) Unhit(key string) error {
	_, err := tx.exec("take back hit", "UPDATE counters SET n = n - 1 WHERE name = ?1 AND n > 0", tx.counter(key))
	return err
}

// Count returns how many events the window of key holds and when it ends; 0
// and the zero time when there is none.
func (tx *Tx) Count(key string) (n int, reset time.Time, err error) {
	var at int64
	err = tx.scan("read counter", ErrNotFound, []any{&n, &at},
		"SELECT n, reset_at FROM counters WHERE name = ?1 AND reset_at > ?2", tx.counter(key), tx.Now.Unix())
	if errors.Is(err, ErrNotFound) {
		return 0, time.Time{}, nil
	}
	return n, time.Unix(at, 0).UTC(), err
}

// ClearCount forgets the events of key.
func (tx *Tx) ClearCount(key string) error {
	_, err := tx.exec("clear counter", "DELETE FROM counters WHERE name = ?1", tx.counter(key))
	return err
}

func (tx *Tx) counter(key string) []byte { return tx.store.MAC("counter", key) }
