package idp_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/mattn/go-sqlite3" // the schema is read as it is

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/mfa"
)

// Everything about the person and nothing secret is in the file.
func TestExportHasEverythingAndNoSecret(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t, idptest.Clients(library()))
	p, ctx := s.Provider, t.Context()
	st := kenji(t, s, true)
	st.addAddress(second)
	issue := st.connect()
	raw, err := p.ExportData(ctx, st.b)
	fatal(t, err)
	var file map[string]json.RawMessage
	fatal(t, json.Unmarshal(raw, &file))
	for _, part := range []string{"format", "issuer", "made_at", "account", "addresses", "methods", "trusted_devices", "sessions", "apps", "shops", "messages", "events"} {
		if len(file[part]) < 2 {
			t.Errorf("part %s is missing", part)
		}
	}
	for _, want := range []string{u.ID, "kenji@example.jp", "鈴木 健司", second, mobile, `"library"`, "offline_access", "192.0.2.7", "signin.done", "mail.app"} {
		if !bytes.Contains(raw, []byte(want)) {
			t.Errorf("the file lacks %q", want)
		}
	}
	full, err := p.FindUser(ctx, u.ID)
	fatal(t, err)
	for name, secret := range map[string]string{
		"the app's key": base32Key, "its bytes": string(appKey), "the password": full.Password, "the session": st.b.Session,
		"the trusted device": st.b.Device, "the refresh token": issue.RefreshToken, "a hash": "argon2",
	} {
		if secret == "" || bytes.Contains(raw, []byte(secret)) {
			t.Errorf("the file holds %s", name)
		}
	}
	mailIn(t, s, second, "ダウンロード")
	if len(events(t, s, u.ID, "user.exported")) != 1 {
		t.Error("it was not noted")
	}
	for range 4 {
		_, err = p.ExportData(ctx, st.b)
		fatal(t, err)
	}
	_, err = p.ExportData(ctx, st.b)
	var soon *mfa.TooSoonError
	if !errors.As(err, &soon) {
		t.Errorf("the sixth file of a day: %v", err)
	}
	s.Clock.Advance(11 * time.Minute)
	_, err = p.ExportData(ctx, st.b)
	wantErr(t, err, idp.ErrSudo)
}

// Whoever adds a table about people says what of it they may download, and
// makes sure that it goes with them.
func TestEveryTableAboutPeopleIsExportedAndErased(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sekisho.db")
	idptest.New(t, idptest.DSN(path))
	db, err := sql.Open("sqlite3", path)
	fatal(t, err)
	t.Cleanup(func() { _ = db.Close() })
	texts := func(query string, args ...any) (out []string) {
		rows, err := db.QueryContext(t.Context(), query, args...)
		fatal(t, err)
		defer rows.Close()
		for rows.Next() {
			var s string
			fatal(t, rows.Scan(&s))
			out = append(out, s)
		}
		fatal(t, rows.Err())
		return out
	}
	exported, erased := idp.PersonalTables()
	for _, table := range texts("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'") {
		columns := texts("SELECT name FROM pragma_table_info(?)", table)
		if !slices.Contains(columns, "user_id") && table != "users" {
			continue
		}
		if !slices.Contains(exported, table) {
			t.Errorf("table %s is about people: name it in exports or notExported", table)
		}
		goes := texts(`SELECT "table" FROM pragma_foreign_key_list(?) WHERE "from" = 'user_id' AND on_delete = 'CASCADE'`, table)
		if table != "users" && !slices.Contains(goes, "users") && !slices.Contains(erased, table) {
			t.Errorf("table %s keeps rows of erased people: refer to users with ON DELETE CASCADE, or name it in erasures", table)
		}
	}
	for _, table := range append(exported, erased...) {
		if len(texts("SELECT name FROM sqlite_master WHERE name = ?", table)) == 0 {
			t.Errorf("there is no table %s", table)
		}
	}
	if !slices.Contains(exported, "users") || strings.Join(erased, " ") == "" {
		t.Error("the lists are empty")
	}
}
