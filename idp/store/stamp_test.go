package store_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp/store"
)

func TestStampsSortAsTheirMomentsDo(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	moments := []time.Time{
		{}, time.Unix(0, 0), time.Unix(1, 0), at, at.Add(time.Millisecond), at.Add(time.Second), at.AddDate(0, 0, 1), at.AddDate(30, 0, 0), at.AddDate(500, 0, 0),
	}
	var stamps []string
	for _, m := range moments {
		stamps = append(stamps, store.Stamp(m))
	}
	if !slices.IsSorted(stamps) {
		t.Errorf("got %q, want them sorted", stamps)
	}
	for _, s := range stamps {
		if len(s) != len(stamps[0]) {
			t.Errorf("%q is not as long as %q", s, stamps[0])
		}
	}
	if stamps[3] == stamps[4] {
		t.Errorf("a millisecond makes no difference: %q", stamps[3])
	}
}

// The hash of a stamped token lies where its stamp does, and says nothing of the rest.
func TestStampedHashBeginsWithTheStamp(t *testing.T) {
	t.Parallel()
	stamp := store.Stamp(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	a, b := store.StampedHash(stamp+"secret"), store.StampedHash(stamp+"another")
	if !bytes.HasPrefix(a, []byte(stamp)) || bytes.Contains(a, []byte("secret")) || bytes.Equal(a, b) {
		t.Errorf("got %q and %q", a, b)
	}
	if !bytes.HasSuffix(a, store.Hash(stamp+"secret")) {
		t.Errorf("got %q, want the hash of the whole token in it", a)
	}
	for _, short := range []string{"", "x", stamp} { // whatever somebody sends
		if got := store.StampedHash(short); !bytes.HasPrefix(got, []byte(short)) || len(got) < 32 {
			t.Errorf("%q: got %q", short, got)
		}
	}
}
