package store_test

import (
	"bytes"
	"database/sql"
	"encoding/base64"
	"errors"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp/store"
)

func asked(db *database, id, user, state string) store.Recovery {
	return store.Recovery{
		ID: id, UserID: user, State: state, Password: true, Known: true, Lang: "ja", Cause: "lost", Email: "secret-email@example.jp",
		Contact: "secret-contact@example.jp", Story: "secret-story", Wanted: "secret-wanted", IP: "192.0.2.1", UserAgent: "x",
		CreatedAt: db.now(), SentAt: db.now(), DueAt: db.now().Add(time.Hour),
	}
}

func TestRecoveries(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.person(t, "u1")
		r, nobody := asked(db, "r1", "u1", "draft"), asked(db, "r0", "", "open")
		db.do(t, func(tx *store.Tx) error { return errors.Join(tx.InsertRecovery(r), tx.InsertRecovery(nobody)) })
		db.wants(t, store.ErrExists, func(tx *store.Tx) error { return tx.InsertRecovery(r) })
		same(t, db, r, func(tx *store.Tx) (store.Recovery, error) { return tx.Recovery("r1") })
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { _, err := tx.Recovery("r9"); return err })

		r.State, r.First, r.Second, r.Ticket, r.ClosedAt, r.ClearAt = "open", "one", "two", "T-1", db.now(), db.now().Add(time.Hour)
		db.do(t, func(tx *store.Tx) error { return tx.MoveRecovery(r, "draft") })
		db.wants(t, store.ErrConflict, func(tx *store.Tx) error { return tx.MoveRecovery(r, "draft") })
		same(t, db, r, func(tx *store.Tx) (store.Recovery, error) { return tx.Recovery("r1") })

		lists := map[string]func(tx *store.Tx) ([]store.Recovery, error){
			"of":     func(tx *store.Tx) ([]store.Recovery, error) { return tx.RecoveriesOf("u1") },
			"nobody": func(tx *store.Tx) ([]store.Recovery, error) { return tx.RecoveriesOf("") },
			"in":     func(tx *store.Tx) ([]store.Recovery, error) { return tx.RecoveriesIn([]string{"open", "half"}, 9) },
			"closed": func(tx *store.Tx) ([]store.Recovery, error) { return tx.RecoveriesClosed(9) },
			"due":    func(tx *store.Tx) ([]store.Recovery, error) { return tx.RecoveriesDue(9) },
			"clear":  func(tx *store.Tx) ([]store.Recovery, error) { return tx.RecoveriesToClear(9) },
		}
		sizes := func(want map[string]int) {
			t.Helper()
			for name, read := range lists {
				same(t, db, want[name], func(tx *store.Tx) (int, error) { all, err := read(tx); return len(all), err })
			}
		}
		sizes(map[string]int{"of": 1, "in": 1, "closed": 1}) // nobody's is in no list for people
		db.move(time.Hour)
		sizes(map[string]int{"of": 1, "in": 1, "closed": 1, "due": 2, "clear": 1})

		r.KeepUntil = db.now().Add(time.Minute)
		db.do(t, func(tx *store.Tx) error { return tx.MoveRecovery(r, "open") })
		db.move(time.Minute)
		db.expireAll(t)
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { _, err := tx.Recovery("r1"); return err })
	})
}

// S-133: a reset is owed its set-up, once.
func TestSetUpIsOwedAfterARecovery(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.person(t, "u1")
		owed := func(user string, want bool) {
			t.Helper()
			same(t, db, want, func(tx *store.Tx) (bool, error) { return tx.SetUpOwed(user) })
		}
		db.do(t, func(tx *store.Tx) error {
			return errors.Join(tx.InsertRecovery(asked(db, "r1", "u1", "waiting")), tx.InsertRecovery(asked(db, "r2", "", "done")))
		})
		owed("u1", false)
		owed("", false)
		db.do(t, func(tx *store.Tx) error { return tx.MoveRecovery(asked(db, "r1", "u1", "done"), "waiting") })
		owed("u1", true)
		db.do(t, func(tx *store.Tx) error { return tx.SettleSetUp("u1") })
		owed("u1", false)
	})
}

// S-100: of two requests about one account, one is under way.
func TestOneRecoveryIsUnderWay(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.person(t, "u1")
		db.do(t, func(tx *store.Tx) error {
			return errors.Join(tx.InsertRecovery(asked(db, "r1", "u1", "half")), tx.InsertRecovery(asked(db, "r2", "u1", "refused")),
				tx.InsertRecovery(asked(db, "r3", "", "draft")), tx.InsertRecovery(asked(db, "r4", "", "open")), tx.InsertRecovery(asked(db, "r5", "", "open")))
		})
		db.wants(t, store.ErrExists, func(tx *store.Tx) error { return tx.MoveRecovery(asked(db, "r3", "u1", "open"), "draft") })
	})
}

func TestRecoveryFilesComeInPieces(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.person(t, "u1")
		f := store.RecoveryFile{ID: "f1", RecoveryID: "r1", Name: "secret-name.jpg", Kind: "image/jpeg", CreatedAt: db.now()}
		db.do(t, func(tx *store.Tx) error {
			return errors.Join(tx.InsertRecovery(asked(db, "r1", "u1", "asked")), tx.InsertRecovery(asked(db, "r2", "", "open")), tx.InsertRecoveryFile(f),
				tx.InsertRecoveryPiece("f1", 0, []byte("secret-\x00\xff")), tx.InsertRecoveryPiece("f1", 1, []byte("end")), tx.FinishRecoveryFile("f1", 12))
		})
		f.Size, f.DoneAt = 12, db.now()
		same(t, db, []store.RecoveryFile{f}, func(tx *store.Tx) ([]store.RecoveryFile, error) { return tx.RecoveryFiles("r1") })
		same(t, db, []byte("secret-\x00\xff"), func(tx *store.Tx) ([]byte, error) { return tx.RecoveryPiece("f1", 0) })
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { _, err := tx.RecoveryPiece("f1", 2); return err })
		db.wants(t, store.ErrConflict, func(tx *store.Tx) error { return tx.InsertRecoveryPiece("f1", 2, []byte("more")) })
		db.wants(t, store.ErrConflict, func(tx *store.Tx) error { return tx.FinishRecoveryFile("f1", 12) })
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { return tx.DeleteRecoveryFile("r2", "f1") })
		db.do(t, func(tx *store.Tx) error {
			return tx.InsertRecoveryFile(store.RecoveryFile{ID: "late", RecoveryID: "r2", Name: "x"})
		})
		db.wants(t, store.ErrConflict, func(tx *store.Tx) error { return tx.FinishRecoveryFile("late", 1) })
		all := db.dump(t)
		for _, form := range []string{"secret-", base64.StdEncoding.EncodeToString([]byte("secret-st"))[:12]} { // T-52
			if bytes.Contains(all, []byte(form)) {
				t.Errorf("the database holds %q in clear", form)
			}
		}
		db.do(t, func(tx *store.Tx) error { return tx.DeleteRecoveryFile("r1", "f1") })
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { _, err := tx.RecoveryPiece("f1", 0); return err })
		db.do(t, func(tx *store.Tx) error { return tx.InsertRecoveryFile(f) })
		same(t, db, 1, func(tx *store.Tx) (n int, err error) {
			err = db.Update(t.Context(), tester, func(tx *store.Tx) error { n, err = tx.DeleteRecoveryFiles("r1"); return err })
			return n, err
		})
		db.do(t, func(tx *store.Tx) error { return tx.InsertRecoveryFile(f) })
		db.do(t, func(tx *store.Tx) error { return tx.EraseUser("u1") })
		same(t, db, 0, func(tx *store.Tx) (int, error) { all, err := tx.RecoveryFiles("r1"); return len(all), err })
	})
}

// T-52: who can write to the database cannot show one applicant's evidence as another's.
func TestEvidenceCannotBeMovedToAnotherRequest(t *testing.T) {
	t.Parallel()
	db := open(t, "sqlite")
	db.do(t, func(tx *store.Tx) error {
		return errors.Join(tx.InsertRecovery(asked(db, "r1", "", "open")), tx.InsertRecovery(asked(db, "r2", "", "open")),
			tx.InsertRecoveryFile(store.RecoveryFile{ID: "f1", RecoveryID: "r1", Name: "a"}), tx.InsertRecoveryPiece("f1", 0, []byte("a")))
	})
	pool, err := sql.Open("sqlite3", db.config.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for _, statement := range []string{"UPDATE recovery_files SET recovery_id = 'r2'", "UPDATE recovery_pieces SET n = 1"} {
		if _, err := pool.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	err = db.View(t.Context(), func(tx *store.Tx) error { _, err := tx.RecoveryFiles("r2"); return err })
	if !errors.Is(err, store.ErrSealed) {
		t.Errorf("got %v, want ErrSealed", err)
	}
	err = db.View(t.Context(), func(tx *store.Tx) error { _, err := tx.RecoveryPiece("f1", 1); return err })
	if !errors.Is(err, store.ErrSealed) {
		t.Errorf("got %v, want ErrSealed", err)
	}
}

func TestOwnersAreRemindedOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.do(t, func(tx *store.Tx) error {
			var err error
			for id, r := range map[string]store.Recovery{
				"soon": {State: "waiting", DueAt: tx.Now.Add(time.Hour), DecidedAt: tx.Now.Add(-23 * time.Hour)},
				"late": {State: "waiting", DueAt: tx.Now.Add(20 * time.Hour), DecidedAt: tx.Now.Add(-4 * time.Hour)},
				"over": {State: "waiting", DueAt: tx.Now, DecidedAt: tx.Now.Add(-24 * time.Hour)},
				"fast": {State: "waiting", DueAt: tx.Now.Add(time.Hour), DecidedAt: tx.Now},
				"open": {State: "open", DueAt: tx.Now.Add(time.Hour), DecidedAt: tx.Now.Add(-24 * time.Hour)},
			} {
				r.ID, r.UserID = id, "of "+id
				err = errors.Join(err, tx.InsertRecovery(r))
			}
			return errors.Join(err, tx.InsertRecovery(store.Recovery{ID: "nobody", State: "waiting", DueAt: tx.Now.Add(time.Hour), DecidedAt: tx.Now.Add(-24 * time.Hour)}))
		})
		ending := func() (ids string) {
			db.read(t, func(tx *store.Tx) error {
				list, err := tx.RecoveriesEnding(12*time.Hour, 9)
				for _, r := range list {
					ids += r.ID
				}
				return err
			})
			return ids
		}
		if got := ending(); got != "soon" {
			t.Errorf("got %q", got)
		}
		db.do(t, func(tx *store.Tx) error { return tx.RemindRecovery("soon") })
		for _, id := range []string{"soon", "open", "none"} {
			db.wants(t, store.ErrConflict, func(tx *store.Tx) error { return tx.RemindRecovery(id) })
		}
		if got := ending(); got != "" {
			t.Errorf("after it was told: got %q", got)
		}
	})
}
