package store

import (
	"errors"

	"github.com/mattn/go-sqlite3"
)

// sqlite is the engine below.
func (s *Store) sqlite() *sqliteDB {
	db, ok := s.engine.(*sqliteDB)
	if !ok {
		panic("not SQLite")
	}
	return db
}

// Waiting returns how many updates stand at the SQLite writer's door.
func (s *Store) Waiting() int64 { return s.sqlite().writer.waiting.Load() }

// Writer gives f the driver's connection that writes; no update may be running.
func (s *Store) Writer(f func(*sqlite3.SQLiteConn)) error {
	return s.sqlite().writer.conn.raw.Raw(func(c any) error {
		raw, ok := c.(*sqlite3.SQLiteConn)
		if !ok {
			return errors.New("not the SQLite driver")
		}
		f(raw)
		return nil
	})
}

// Assign puts a value of SQLite's into what a row is read into.
var Assign = assign
