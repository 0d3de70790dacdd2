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

func TestMeasureCountsWhatIsDoneInTime(t *testing.T) {
	t.Parallel()
	r, err := measure(t.Context(), os.Getpid(), 4, 200*time.Millisecond, func(_ context.Context, worker int) error {
		if worker == 3 {
			return errors.New("refused")
		}
		time.Sleep(time.Millisecond)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.ops == 0 || r.ops > 600 || r.p50 < time.Millisecond || r.p99 < r.p50 || r.errs == 0 || r.err == nil {
		t.Errorf("measure = %+v", r)
	}
}

func TestOptionsAreBounded(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-workers", "0"}, {"-workers", "100000"}, {"-seconds", "3600"}} {
		if err := run(t.Context(), args, &strings.Builder{}, &strings.Builder{}); err == nil {
			t.Errorf("bench %q ran", args)
		}
	}
}
