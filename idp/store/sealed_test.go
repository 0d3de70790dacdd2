package store_test

import (
	"bytes"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// dump returns every byte that the database keeps: the files of SQLite, all rows of PostgreSQL.
func (db *database) dump(t *testing.T) []byte {
	t.Helper()
	var all []byte
	if db.Dialect() == "sqlite" {
		for _, suffix := range []string{"", "-wal"} {
			text, err := os.ReadFile(db.config.DSN + suffix)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, text...)
		}
		return all
	}
	pool, err := sql.Open("pgx", db.config.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for _, table := range column(t, pool, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'") {
		for _, row := range column(t, pool, fmt.Sprintf("SELECT r::text FROM %q r", table)) {
			all = append(all, row...)
		}
	}
	return all
}

func column(t *testing.T, pool *sql.DB, query string) (values []string) {
	t.Helper()
	rows, err := pool.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			t.Fatal(err)
		}
		values = append(values, v)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return values
}

func TestDatabaseHoldsNoSecretInClear(t *testing.T) { // T-52
	onBoth(t, func(t *testing.T, db *database) {
		db.person(t, "u1")
		secrets := map[string]string{}
		secret := func(name string) string {
			secrets[name] = "SECRET-" + strings.ToUpper(name) + "-0123456789"
			return secrets[name]
		}
		secrets["number"], secrets["enrolment number"], secrets["recipient"] = "+819012345678", "+819087654321", "+819055555555"
		soon := db.now().Add(time.Hour)
		db.do(t, func(tx *store.Tx) error {
			phone := factor(db, "f1", "u1")
			phone.Number, phone.Secret = secrets["number"], []byte(secret("totp"))
			_, queued := tx.Enqueue(store.Outgoing{To: secrets["recipient"], Name: "code", Params: map[string]string{"code": secret("code")}})
			_, _, hit := tx.Hit("number:"+secrets["number"], 1, time.Hour)
			return errors.Join(queued, hit,
				tx.InsertFactor(phone),
				tx.PutAddress("u1", store.Address{Street: secret("street")}),
				tx.InsertPushed(store.PushedRequest{Hash: store.Hash(secret("request uri")), ClientID: "shop", Params: secret("params"), ExpiresAt: soon}),
				tx.InsertDeviceCode(store.DeviceCode{Hash: store.Hash(secret("device code")), UserCode: secret("user code"), ClientID: "shop", ExpiresAt: soon}),
				tx.PutEnrolment(mfa.Enrolment{UserID: "u1", Number: secrets["enrolment number"], Secret: []byte(secret("enrol")), ExpiresAt: soon}),
				tx.InsertSession(store.Session{SID: "s", UserID: "u1", Hash: store.Hash(secret("cookie")), ExpiresAt: soon}),
				tx.InsertGrantWithCode(store.Grant{ID: "g"}, store.Code{Hash: store.Hash(secret("authcode")), ExpiresAt: soon}),
				tx.InsertRefreshToken(store.RefreshToken{Hash: store.Hash(secret("refresh")), ExpiresAt: soon}),
				tx.UseRefreshToken(store.Hash(secrets["refresh"]), secret("next")),
				tx.InsertToken(store.Token{ID: "t", Hash: store.Hash(secret("link")), Data: map[string]string{"x": secret("data")}, ExpiresAt: soon}),
				tx.InsertDevice(store.Device{Hash: store.Hash(secret("device")), TrustedDevice: mfa.TrustedDevice{ID: "d", UserID: "u1", ExpiresAt: soon}}),
				tx.InsertKey(store.Key{ID: "k", Private: []byte(secret("private"))}))
		})
		all := db.dump(t)
		if !bytes.Contains(all, []byte("u1@example.jp")) {
			t.Fatal("the dump does not even hold the address")
		}
		for name, value := range secrets {
			for _, form := range []string{value, hex.EncodeToString([]byte(value)), base64.StdEncoding.EncodeToString([]byte(value))[:12]} {
				if bytes.Contains(all, []byte(form)) {
					t.Errorf("the database holds the %s in clear as %q", name, form)
				}
			}
		}
	})
}

func TestSealedFactorCannotBeMovedToSomebodyElse(t *testing.T) { // T-52
	t.Parallel()
	db := open(t, "sqlite")
	db.person(t, "u1")
	db.person(t, "u2")
	db.do(t, func(tx *store.Tx) error { return tx.InsertFactor(factor(db, "f1", "u1")) })
	pool, err := sql.Open("sqlite3", db.config.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if _, err := pool.ExecContext(t.Context(), "UPDATE factors SET user_id = 'u2'"); err != nil {
		t.Fatal(err)
	}
	err = db.View(t.Context(), func(tx *store.Tx) error { _, err := tx.Factor("f1"); return err })
	if !errors.Is(err, store.ErrSealed) {
		t.Errorf("got %v, want ErrSealed", err)
	}
}

func TestErrorsHoldNoValues(t *testing.T) { // T-36
	onBoth(t, func(t *testing.T, db *database) {
		db.person(t, "u1")
		db.person(t, "u2")
		for _, f := range []func(tx *store.Tx) error{
			func(tx *store.Tx) error { return tx.InsertUser(store.User{ID: "u3", Email: "u1@example.jp"}) },
			func(tx *store.Tx) error {
				return tx.UpdateUser(store.User{ID: "u2", Email: "u1@example.jp", CreatedAt: tx.Now})
			},
			func(tx *store.Tx) error { return tx.UpdateUser(store.User{ID: "u2", Email: "u1@example.jp"}) },
			func(tx *store.Tx) error {
				return tx.InsertSession(store.Session{SID: "u1@example.jp", UserID: "u1@example.jp", Hash: []byte("u1@example.jp"), ExpiresAt: tx.Now})
			},
			func(tx *store.Tx) error { _, err := tx.UserByEmail("example.jp"); return err },
		} {
			err := db.Update(t.Context(), tester, f)
			if err == nil || strings.Contains(err.Error(), "example.jp") {
				t.Errorf("got %v, want an error without the address", err)
			}
		}
	})
}

func key(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

func TestKeysAreValidated(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		keys   store.Keys
		faults []string
	}{
		{"good", keys(), nil},
		{"none", store.Keys{}, []string{`current key "" is not among the keys`}},
		{"many faults", store.Keys{Current: "x", MAC: "y", All: map[string][]byte{"a.b": key(1), "c": []byte("short")}}, []string{
			`current key "x"`, `MAC key "y"`, `key id "a.b"`, `key "c" has 5 bytes`,
		}},
	} {
		err := c.keys.Validate()
		if (err == nil) != (c.faults == nil) {
			t.Errorf("%s: got %v", c.name, err)
		}
		for _, fault := range c.faults {
			if !strings.Contains(err.Error(), fault) {
				t.Errorf("%s: got %v, want %q in it", c.name, err, fault)
			}
		}
		if _, opened := store.Open(t.Context(), store.Config{DSN: t.TempDir() + "/x", Keys: c.keys, Now: time.Now}); c.faults != nil && opened == nil {
			t.Errorf("%s: Open took them", c.name)
		}
	}
}

func TestSealAndOpen(t *testing.T) {
	t.Parallel()
	db := open(t, "sqlite")
	sealed, err := db.Seal("purpose", "text")
	if err != nil {
		t.Fatal(err)
	}
	again, _ := db.Seal("purpose", "text")
	if sealed == again {
		t.Error("sealed twice to the same: the nonce is not fresh")
	}
	if got, err := db.Open("purpose", sealed); got != "text" || err != nil {
		t.Errorf("Open: got %q, %v", got, err)
	}
	for name, c := range map[string]struct{ purpose, sealed string }{
		"other purpose": {"purposf", sealed},
		"unknown key":   {"purpose", "k9" + sealed[2:]},
		"changed":       {"purpose", sealed[:len(sealed)-3] + "AAA"},
		"cut":           {"purpose", sealed[:9]},
		"not base64":    {"purpose", "k1.!"},
		"empty":         {"purpose", ""},
		"text":          {"purpose", "text"},
	} {
		if got, err := db.Open(c.purpose, c.sealed); got != "" || !errors.Is(err, store.ErrSealed) {
			t.Errorf("%s: got %q, %v; want ErrSealed", name, got, err)
		}
	}
}

func TestMACs(t *testing.T) {
	t.Parallel()
	db := open(t, "sqlite")
	mac := db.MAC("code", "c1", "123456")
	if !bytes.Equal(mac, db.MAC("code", "c1", "123456")) || len(mac) != 32 {
		t.Errorf("got %x, want the same 32 bytes every time", mac)
	}
	for name, other := range map[string][]byte{
		"other purpose":  db.MAC("number", "c1", "123456"),
		"other division": db.MAC("code", "c11", "23456"),
		"fewer parts":    db.MAC("code", "c1123456"),
		"empty part":     db.MAC("code", "c1", "123456", ""),
	} {
		if bytes.Equal(mac, other) {
			t.Errorf("%s: the same MAC", name)
		}
	}
}

func TestKeyRotation(t *testing.T) {
	t.Parallel()
	db := open(t, "sqlite")
	db.person(t, "u1")
	db.do(t, func(tx *store.Tx) error {
		_, _, err := tx.Hit("k", 1, time.Hour)
		return errors.Join(err, tx.InsertFactor(factor(db, "f1", "u1")))
	})
	mac := db.MAC("code", "1")

	c := db.config
	c.Keys = store.Keys{Current: "k2", MAC: "k1", All: map[string][]byte{"k1": key(1), "k2": key(2)}}
	rotated := &database{reopen(t, c), db.clock, c}
	same(t, rotated, factor(db, "f1", "u1"), func(tx *store.Tx) (mfa.Factor, error) { return tx.Factor("f1") })
	same(t, rotated, 1, func(tx *store.Tx) (int, error) { return tx.NumberOwners("+819012345678", "") })
	same(t, rotated, 1, func(tx *store.Tx) (int, error) { n, _, err := tx.Count("k"); return n, err })
	if !bytes.Equal(mac, rotated.MAC("code", "1")) {
		t.Error("the MAC changed with the sealing key")
	}
	rotated.do(t, func(tx *store.Tx) error { return tx.UpdateFactor(factor(db, "f1", "u1")) }) // seals anew

	c.Keys = store.Keys{Current: "k2", All: map[string][]byte{"k2": key(2)}} // the old key is gone
	after := &database{reopen(t, c), db.clock, c}
	same(t, after, factor(db, "f1", "u1"), func(tx *store.Tx) (mfa.Factor, error) { return tx.Factor("f1") })
	err := db.View(t.Context(), func(tx *store.Tx) error { _, err := tx.Factor("f1"); return err })
	if !errors.Is(err, store.ErrSealed) {
		t.Errorf("with the old key alone: got %v, want ErrSealed", err)
	}
}

func TestMessageThatNoKeyOpensDoesNotBlockTheQueue(t *testing.T) {
	t.Parallel()
	db := open(t, "sqlite")
	db.enqueue(t, store.Outgoing{Name: "lost"})
	c := db.config
	c.Keys = store.Keys{Current: "k2", All: map[string][]byte{"k2": key(2)}}
	other := &database{reopen(t, c), db.clock, c}
	other.enqueue(t, store.Outgoing{Name: "new"})
	if got := ids(other.claim(t, 9)); len(got) != 1 || got[0] != "new" {
		t.Errorf("claimed %v, want the one that can be opened", got)
	}
	if got := other.claim(t, 9); len(got) != 0 {
		t.Errorf("claimed %v again", ids(got))
	}
}
