package main

import (
	"context"
	"errors"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestBenchCannotBeTurnedAgainstOthers(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"http://192.0.2.1/", "http://[2001:db8::1]/", "http://0.0.0.0:1/"} {
		if err := newClient(1).expect(t.Context(), at, ""); !errors.Is(err, errNotLoopback) {
			t.Errorf("GET %s: %v, want a refusal", at, err)
		}
	}
}

func TestFormOfThePageIsFilled(t *testing.T) {
	t.Parallel()
	page := `<form method="post" action="/lang"><input type="hidden" name="csrf" value="no"></form>
<form method="post" action="/signin?flow=a&amp;x=1"><input type="hidden" name="csrf" value="&lt;1&gt;">
<input type="text" name="identifier" required><input type="password" name="password"><input type="checkbox" name="trust"></form>`
	action, form, ok := fill([]byte(page), map[string]string{"identifier": "a@example.jp", "password": "p", "code": "123456"})
	want := url.Values{"csrf": {"<1>"}, "identifier": {"a@example.jp"}, "password": {"p"}}
	if diff := cmp.Diff(want, form); !ok || action != "/signin?flow=a&x=1" || diff != "" {
		t.Errorf("fill = %q, %v (-want +got)\n%s", action, ok, diff)
	}
	if _, _, ok := fill([]byte(page), map[string]string{"code": "123456"}); ok {
		t.Error("fill found a form for a field that no form has")
	}
}

func TestTurnsCountWhatIsDoneInTime(t *testing.T) {
	t.Parallel()
	s := &series{name: "sleep", pid: os.Getpid(), workers: 4, op: func(_ context.Context, worker int) error {
		if worker == 3 {
			return errors.New("refused")
		}
		time.Sleep(time.Millisecond)
		return nil
	}}
	for range 2 {
		if err := s.turn(t.Context(), 100*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	done := len(s.took)
	if done == 0 || done > 600 || s.ops > float64(done) || s.ops < float64(done-12) || s.share(50) < time.Millisecond || s.share(99) < s.share(50) || s.errs == 0 || s.err == nil {
		t.Errorf("series = %+v", s)
	}
}

func TestOperationAtTheEdgeOfATurnCountsInPart(t *testing.T) {
	t.Parallel()
	begin := time.Unix(100, 0)
	end := begin.Add(10 * time.Second)
	for _, c := range []struct{ from, to, want float64 }{
		{2, 4, 1}, {-1, 3, 0.75}, {8, 12, 0.5}, {-5, 15, 0.5}, {-3, -1, 0}, {11, 12, 0},
	} {
		at := func(s float64) time.Time { return begin.Add(time.Duration(s * float64(time.Second))) }
		if got := inside(at(c.from), at(c.to), begin, end); got != c.want {
			t.Errorf("from %v to %v: %v, want %v", c.from, c.to, got, c.want)
		}
	}
}

func TestOptionsAreBounded(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-workers", "0"}, {"-workers", "100000"}, {"-seconds", "3600"}, {"-tokens", "-1"}} {
		if err := run(t.Context(), args, &strings.Builder{}, &strings.Builder{}); err == nil {
			t.Errorf("bench %q ran", args)
		}
	}
}

func TestOwnMemoryIsRead(t *testing.T) {
	t.Parallel()
	if n, err := residentOf(os.Getpid()); err != nil || n < 1<<20 {
		t.Errorf("resident: %d bytes, %v", n, err)
	}
}
