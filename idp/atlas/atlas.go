// Package atlas tells people where an IP address is, roughly, from a database
// in MaxMind's format (.mmdb) that the operator keeps. It decides nothing: a
// place is words for a person's eyes, never a reason to let somebody in.
package atlas

import (
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"
)

// recheck is how often the file is looked at.
const recheck = time.Minute

// Atlas is an open database. It is safe for concurrent use.
type Atlas struct {
	path string
	now  func() time.Time
	log  *slog.Logger

	mu      sync.RWMutex
	db      *maxminddb.Reader
	stamp   time.Time
	checked time.Time
}

// record is what databases of cities and of countries have in common.
type record struct {
	City struct {
		Names map[string]string `maxminddb:"names"`
	} `maxminddb:"city"`
	Subdivisions []struct {
		Names map[string]string `maxminddb:"names"`
	} `maxminddb:"subdivisions"`
	Country struct {
		Names map[string]string `maxminddb:"names"`
	} `maxminddb:"country"`
}

// Open opens a database; it is opened anew when the file changes.
func Open(path string, now func() time.Time, log *slog.Logger) (*Atlas, error) {
	a := &Atlas{path: path, now: now, log: log}
	if err := a.open(); err != nil {
		return nil, err
	}
	return a, nil
}

// Close closes the database.
func (a *Atlas) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.db.Close()
}

// Place is the town and country of an address in a language, or the country
// alone; empty when the database does not know it.
func (a *Atlas) Place(ip, lang string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return ""
	}
	a.refresh()
	a.mu.RLock()
	defer a.mu.RUnlock()
	var r record
	if err := a.db.Lookup(addr.Unmap()).Decode(&r); err != nil {
		return ""
	}
	town, country := name(r.City.Names, lang), name(r.Country.Names, lang)
	if town == "" && len(r.Subdivisions) > 0 {
		town = name(r.Subdivisions[0].Names, lang)
	}
	switch {
	case town == "":
		return country
	case country == "":
		return town
	case lang == "ja":
		return country + " " + town
	}
	return town + ", " + country
}

// name is the name in a language, or else in English.
func name(names map[string]string, lang string) string {
	if n := names[lang]; n != "" {
		return n
	}
	return names["en"]
}

// refresh opens the file anew when it is another one. What cannot be opened
// leaves the database as it was.
func (a *Atlas) refresh() {
	a.mu.RLock()
	due := a.now().Sub(a.checked) >= recheck
	a.mu.RUnlock()
	if !due {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.checked = a.now()
	info, err := os.Stat(a.path)
	if err == nil && info.ModTime().Equal(a.stamp) {
		return
	}
	old := a.db
	if err := a.open(); err != nil {
		a.log.Warn("places were not read anew", slog.Any("error", err))
		return
	}
	_ = old.Close()
}

func (a *Atlas) open() error {
	info, err := os.Stat(a.path)
	if err != nil {
		return err
	}
	db, err := maxminddb.Open(a.path)
	if err != nil {
		return fmt.Errorf("%s: %w", a.path, err)
	}
	if !slices.Contains(db.Metadata.Languages, "en") {
		_ = db.Close()
		return fmt.Errorf("%s: %s has no names in English", a.path, db.Metadata.DatabaseType)
	}
	a.db, a.stamp, a.checked = db, info.ModTime(), a.now()
	return nil
}
