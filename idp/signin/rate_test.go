package signin_test

import (
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp/signin"
)

func TestRateForgetsWhatIsOlderThanItsWindow(t *testing.T) {
	t.Parallel()
	const window = 10 * time.Minute
	var r signin.Rate
	start := time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC)
	for i := range 5 {
		r.Add(start.Add(time.Duration(i)*time.Minute), window, i%2 == 0)
	}
	for after, want := range map[time.Duration][2]int{
		0: {1, 1}, 4 * time.Minute: {5, 3}, 9 * time.Minute: {5, 3}, 10 * time.Minute: {4, 2}, 13 * time.Minute: {1, 1},
		14 * time.Minute: {0, 0}, 24 * time.Hour: {0, 0},
	} {
		if all, bad := r.Sum(start.Add(after), window); all != want[0] || bad != want[1] {
			t.Errorf("after %v: %d of %d are bad, want %d of %d", after, bad, all, want[1], want[0])
		}
	}
	r.Add(start.Add(20*time.Minute), window, false) // takes the place of the first
	if all, bad := r.Sum(start.Add(20*time.Minute), window); all != 1 || bad != 0 {
		t.Errorf("later: %d of %d are bad, want 0 of 1", bad, all)
	}
}

// C-17, T-01, T-24.
func TestWhatIsUnusual(t *testing.T) {
	t.Parallel()
	l := signin.DefaultAlarmLimits()
	for _, tc := range []struct {
		all, bad int
		want     bool
	}{{199, 199, false}, {200, 200, true}, {400, 200, true}, {401, 200, false}, {0, 0, false}} {
		if got := l.Unusual(tc.all, tc.bad, l.PasswordFailures); got != tc.want {
			t.Errorf("%d wrong of %d: %t, want %t", tc.bad, tc.all, got, tc.want)
		}
	}
	for _, tc := range []struct {
		sent, entered int
		want          bool
	}{{49, 0, false}, {50, 14, true}, {50, 15, false}, {50, 50, false}} {
		if got := l.Unconverted(tc.sent, tc.entered); got != tc.want {
			t.Errorf("%d of %d entered: %t, want %t", tc.entered, tc.sent, got, tc.want)
		}
	}
}
