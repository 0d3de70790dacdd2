package idp_test

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/idp/store/litetest"
	"github.com/sekisho-id/sekisho/idp/store/pgtest"
)

// database makes a fresh database for one test: the whole suite runs on SQLite
// first and on PostgreSQL then.
var database = func(t *testing.T) string { return litetest.DSN(t) }

const template = "template_sekisho"

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // H-16: the library writes there
	only := os.Getenv("SEKISHO_TEST_DATABASE")     // sqlite or postgres; empty for both
	if only != "postgres" {
		if code := m.Run(); code != 0 {
			fmt.Fprintln(os.Stderr, "failed on SQLite; PostgreSQL not tried")
			return code
		}
	}
	if only == "sqlite" {
		return unnoticed()
	}
	ctx := context.Background()
	cluster, err := pgtest.Start(ctx)
	if err == nil {
		defer cluster.Stop()
		err = prepare(ctx, cluster)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	database = func(t *testing.T) string {
		t.Helper()
		name := "t" + strings.ToLower(rand.Text())
		fatal(t, cluster.Create(t.Context(), name, template))
		return cluster.DSN(name)
	}
	if code := m.Run(); code != 0 {
		fmt.Fprintln(os.Stderr, "failed on PostgreSQL")
		return code
	}
	return unnoticed()
}

// unnoticed fails a run of all tests that left out an event of which somebody
// must be told.
func unnoticed() int {
	if few := flag.Lookup("test.run").Value.String() + flag.Lookup("test.skip").Value.String(); few != "" {
		return 0
	}
	names := idptest.Unnoticed()
	if len(names) > 0 {
		fmt.Fprintln(os.Stderr, "no test causes these events, so nothing shows that they are told:", names)
		return 1
	}
	return 0
}

// prepare makes the migrated database that every test copies.
func prepare(ctx context.Context, c *pgtest.Cluster) error {
	if err := c.Create(ctx, template, ""); err != nil {
		return err
	}
	st, err := store.Open(ctx, store.Config{DSN: c.DSN(template), Keys: idptest.Keys(), Now: time.Now})
	if err != nil {
		return err
	}
	defer st.Close() //nolint:errcheck // only migrated
	_, _, err = st.Migrate(ctx)
	return err
}
