package mfa_test

import (
	"errors"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/mfa"
)

var noon = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

func TestChallengeCheck(t *testing.T) {
	t.Parallel()
	right, wrong := []byte("right"), []byte("wrong")
	fresh := mfa.Challenge{MAC: right, Attempts: 1, SentAt: noon, ExpiresAt: noon.Add(10 * time.Minute)}
	with := func(f func(*mfa.Challenge)) mfa.Challenge { c := fresh; f(&c); return c }
	for _, tc := range []struct {
		name  string
		c     mfa.Challenge
		mac   []byte
		after time.Duration
		want  error
	}{
		{"the right code", fresh, right, time.Minute, nil},
		{"a wrong code", fresh, wrong, time.Minute, mfa.ErrWrongCode},
		{"no code", fresh, nil, time.Minute, mfa.ErrWrongCode},
		{"the last second", fresh, right, 10*time.Minute - 1, nil},
		{"ten minutes sharp (N-19)", fresh, right, 10 * time.Minute, mfa.ErrExpiredCode},
		{"wrong and late", fresh, wrong, time.Hour, mfa.ErrExpiredCode},
		{"the last try", with(func(c *mfa.Challenge) { c.Attempts = 5 }), right, time.Minute, nil},
		{"the sixth try, though right (T-22)", with(func(c *mfa.Challenge) { c.Attempts = 6 }), right, time.Minute, mfa.ErrNoChallenge},
		{"used (N-19)", with(func(c *mfa.Challenge) { c.UsedAt = noon }), right, time.Minute, mfa.ErrNoChallenge},
		{"replaced (S-107)", with(func(c *mfa.Challenge) { c.SupersededAt = noon }), right, time.Hour, mfa.ErrNoChallenge},
		{"an app's, which holds no code", with(func(c *mfa.Challenge) { c.MAC = nil }), nil, time.Minute, mfa.ErrNoChallenge},
		{"none at all", mfa.Challenge{}, nil, 0, mfa.ErrNoChallenge},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if err := tc.c.Check(tc.mac, noon.Add(tc.after), 5); !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}

// C-10: 30 s, then twice as long each time, at most 32 minutes.
func TestResendWaits(t *testing.T) {
	t.Parallel()
	l := mfa.DefaultLimits()
	waits := map[time.Duration]bool{}
	for sends, want := range map[int]time.Duration{
		1: 30 * time.Second, 2: time.Minute, 3: 2 * time.Minute, 6: 16 * time.Minute,
		7: 32 * time.Minute, 8: 32 * time.Minute, 1000: 32 * time.Minute,
	} {
		for _, id := range []string{"A", "B", "C", "D"} {
			c := mfa.Challenge{ID: id, SentAt: noon}
			got := mfa.NextSend(l, sends, c).Sub(noon)
			if got < want || got > want+want/10 || sends == 1 && got != want {
				t.Errorf("after %d sends: wait %v, want %v and a tenth at most", sends, got, want)
			}
			if again := mfa.NextSend(l, sends, c).Sub(noon); again != got {
				t.Errorf("the wait changes from %v to %v while people look at it", got, again)
			}
			if sends == 7 {
				waits[got] = true
			}
		}
	}
	if len(waits) < 2 {
		t.Error("everybody waits equally long")
	}
	if got := mfa.NextSend(l, 0, mfa.Challenge{SentAt: noon}); !got.IsZero() {
		t.Errorf("the first code may be sent at %v", got)
	}
}
