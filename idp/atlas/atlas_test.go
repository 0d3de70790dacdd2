package atlas_test

import (
	"bytes"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"

	"github.com/sekisho-id/sekisho/idp/atlas"
)

func names(en, ja string) mmdbtype.Map {
	m := mmdbtype.Map{"en": mmdbtype.String(en)}
	if ja != "" {
		m["ja"] = mmdbtype.String(ja)
	}
	return mmdbtype.Map{"names": m}
}

// write makes a database of a few networks.
func write(t *testing.T, path string, languages []string, networks map[string]mmdbtype.Map) {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "Test-City", Languages: languages, IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	for cidr, record := range networks {
		_, network, err := net.ParseCIDR(cidr)
		if err != nil {
			t.Fatal(err)
		}
		if err := tree.Insert(network, record); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if _, err := tree.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".new", b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil { // as those who update such files do
		t.Fatal(err)
	}
}

var world = map[string]mmdbtype.Map{
	"203.0.113.0/24": {"city": names("Yokohama", "横浜市"), "country": names("Japan", "日本")},
	"198.51.100.0/24": {
		"country": names("United States", "アメリカ"), "subdivisions": mmdbtype.Slice{names("Oregon", "オレゴン州")},
	},
	"192.0.2.0/24":  {"country": names("Japan", "日本")},
	"2001:db8::/32": {"city": names("Sapporo", ""), "country": names("Japan", "日本")},
	"100.64.0.0/10": {"city": names("Nowhere", "")},
}

func TestPlaceIsInTheReadersLanguage(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "places.mmdb")
	write(t, path, []string{"en", "ja"}, world)
	a, err := atlas.Open(path, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	for _, test := range []struct{ ip, lang, want string }{
		{"203.0.113.9", "en", "Yokohama, Japan"},
		{"203.0.113.9", "ja", "日本 横浜市"},
		{"::ffff:203.0.113.9", "ja", "日本 横浜市"},
		{"198.51.100.1", "en", "Oregon, United States"},
		{"192.0.2.1", "ja", "日本"},
		{"2001:db8::1", "ja", "日本 Sapporo"}, // no Japanese name: the English one
		{"100.64.0.1", "en", "Nowhere"},
		{"127.0.0.1", "en", ""},
		{"no address", "en", ""},
		{"", "en", ""},
	} {
		if got := a.Place(test.ip, test.lang); got != test.want {
			t.Errorf("Place(%q, %q) = %q, want %q", test.ip, test.lang, got, test.want)
		}
	}
}

func TestDatabaseIsReadAnewWhenItChanges(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "places.mmdb")
	write(t, path, []string{"en"}, map[string]mmdbtype.Map{"203.0.113.0/24": {"city": names("Old", "")}})
	var mu sync.Mutex
	now := time.Now()
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	pass := func() { mu.Lock(); defer mu.Unlock(); now = now.Add(2 * time.Minute) }
	var log bytes.Buffer
	a, err := atlas.Open(path, clock, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	read := func(want string) {
		t.Helper()
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if got := a.Place("203.0.113.9", "en"); got != want {
					t.Errorf("place %q, want %q", got, want)
				}
			})
		}
		wg.Wait()
	}
	read("Old")
	write(t, path, []string{"en"}, map[string]mmdbtype.Map{"203.0.113.0/24": {"city": names("New", "")}})
	if err := os.Chtimes(path, now.Add(time.Hour), now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	read("Old") // it is not looked at with every lookup
	pass()
	read("New")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	pass()
	read("New") // what cannot be read leaves the one before
	if !strings.Contains(log.String(), "places were not read anew") {
		t.Errorf("the log says nothing: %q", log.String())
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := filepath.Join(dir, "text.mmdb")
	if err := os.WriteFile(text, []byte("not a database"), 0o600); err != nil {
		t.Fatal(err)
	}
	german := filepath.Join(dir, "german.mmdb")
	write(t, german, []string{"de"}, world)
	for path, want := range map[string]string{filepath.Join(dir, "none.mmdb"): "no such file", text: text, german: "no names in English"} {
		_, err := atlas.Open(path, time.Now, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}
