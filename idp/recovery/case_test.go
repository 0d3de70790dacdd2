package recovery_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp/recovery"
)

var (
	noon   = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	limits = recovery.DefaultLimits()
)

// first is a request in a state, as it may come to be there.
func first(s recovery.State) recovery.Case {
	c := recovery.Case{State: s, Subject: "subject", Password: true, DueAt: noon.Add(time.Hour)}
	switch {
	case s == recovery.Half:
		c.First = "one"
	case s == recovery.Waiting:
		c.First, c.Second = "one", "two"
	case s.Final():
		c.DueAt = time.Time{}
	}
	return c
}

// outcomes are what every act leads to in every state, by whoever does it, in
// time and late.
var outcomes = strings.TrimSpace(`
draft     send            open        over
draft     approve one     not-now     over
draft     approve two     not-now     over
draft     approve subject not-now     over
draft     refuse one      not-now     over
draft     refuse subject  not-now     over
draft     ask one         not-now     over
draft     ask subject     not-now     over
draft     cancel          not-now     over
draft     pass            not-now     expired
open      send            not-now     over
open      approve one     half        over
open      approve two     half        over
open      approve subject own         over
open      refuse one      refused     over
open      refuse subject  own         over
open      ask one         asked       over
open      ask subject     own         over
open      cancel          cancelled   over
open      pass            not-now     expired
asked     send            open        over
asked     approve one     not-now     over
asked     approve two     not-now     over
asked     approve subject own         over
asked     refuse one      refused     over
asked     refuse subject  own         over
asked     ask one         not-now     over
asked     ask subject     own         over
asked     cancel          cancelled   over
asked     pass            not-now     expired
half      send            not-now     over
half      approve one     twice       over
half      approve two     waiting     over
half      approve subject own         over
half      refuse one      refused     over
half      refuse subject  own         over
half      ask one         asked       over
half      ask subject     own         over
half      cancel          cancelled   over
half      pass            not-now     expired
waiting   send            not-now     not-now
waiting   approve one     not-now     not-now
waiting   approve two     not-now     not-now
waiting   approve subject own         own
waiting   refuse one      refused     refused
waiting   refuse subject  own         own
waiting   ask one         not-now     not-now
waiting   ask subject     own         own
waiting   cancel          cancelled   cancelled
waiting   pass            not-now     done
`)

var words = map[string]error{"over": recovery.ErrOver, "not-now": recovery.ErrNotNow, "own": recovery.ErrOwn, "twice": recovery.ErrTwice}

func TestEveryActInEveryState(t *testing.T) {
	t.Parallel()
	table := outcomes
	for _, s := range recovery.States {
		if !s.Final() {
			continue
		}
		for _, a := range recovery.Acts {
			table += fmt.Sprintf("\n%s %s over over", s, a)
		}
	}
	seen := map[string]bool{}
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		by := ""
		if len(f) == 5 {
			by = f[2]
		}
		seen[f[0]+" "+f[1]] = true
		for i, at := range []time.Time{noon, noon.Add(time.Hour)} {
			c := first(recovery.State(f[0]))
			next, err := c.Play(recovery.Move{Act: recovery.Act(f[1]), By: by, At: at}, limits)
			want := f[len(f)-2+i]
			if fault, ok := words[want]; ok {
				if !errors.Is(err, fault) || next != c {
					t.Errorf("%s (late: %v): got %+v, %v; want %v and no change", strings.TrimSpace(line), i == 1, next, err, fault)
				}
				continue
			}
			if err != nil || string(next.State) != want {
				t.Errorf("%s (late: %v): got %s, %v; want %s", strings.TrimSpace(line), i == 1, next.State, err, want)
			}
			if next.DueAt.IsZero() != next.State.Final() {
				t.Errorf("%s: due at %v", strings.TrimSpace(line), next.DueAt)
			}
		}
	}
	for _, s := range recovery.States {
		for _, a := range recovery.Acts {
			if !seen[string(s)+" "+string(a)] {
				t.Errorf("%s in %s is not in the table", a, s)
			}
		}
	}
}

// T-42, T-43: whatever is tried in whatever order, an account is reset only
// after two approvals by two others and the whole waiting time, and a request
// that is over stays over.
func TestNoPathToAResetIsShorter(t *testing.T) {
	t.Parallel()
	type node struct {
		c         recovery.Case
		approvals string
		waited    bool
	}
	var walk func(n node, at time.Time, depth int)
	reached := map[recovery.State]int{}
	walk = func(n node, at time.Time, depth int) {
		reached[n.c.State]++
		if n.c.State == recovery.Done && (n.approvals != "one two" && n.approvals != "two one" || !n.waited) {
			t.Fatalf("done after approvals %q, waited %v", n.approvals, n.waited)
		}
		if depth == 0 {
			return
		}
		for _, act := range recovery.Acts {
			for _, by := range []string{"", "one", "two", "subject"} {
				for _, later := range []time.Duration{0, limits.Wait, limits.WaitLong, limits.Open} {
					m := recovery.Move{Act: act, By: by, At: at.Add(later)}
					next, err := n.c.Play(m, limits)
					if err != nil {
						continue
					}
					if n.c.State.Final() {
						t.Fatalf("%s after %s", act, n.c.State)
					}
					after := node{c: next, approvals: n.approvals, waited: n.c.State == recovery.Waiting && !m.At.Before(n.c.DueAt)}
					if act == recovery.Approve {
						after.approvals = strings.TrimSpace(n.approvals + " " + by)
					}
					if act == recovery.Ask {
						after.approvals = ""
					}
					walk(after, m.At, depth-1)
				}
			}
		}
	}
	walk(node{c: recovery.Case{State: recovery.Draft, Subject: "subject", DueAt: noon.Add(limits.Draft)}}, noon, 6)
	for _, s := range recovery.States {
		if reached[s] == 0 {
			t.Errorf("no path reaches %s", s)
		}
	}
}

// C-41: less proof, or signs that somebody was there before, make the wait longer.
func TestWaitingTimeFollowsWhatWasProved(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		password, changed bool
		want              time.Duration
	}{{true, false, limits.Wait}, {true, true, limits.WaitLong}, {false, false, limits.WaitLong}, {false, true, limits.WaitLong}} {
		if got := (recovery.Case{Password: c.password, Changed: c.changed}).Wait(limits); got != c.want {
			t.Errorf("password %v, changed %v: waits %v, want %v", c.password, c.changed, got, c.want)
		}
	}
	short := limits
	short.WaitLong = 0
	if got := (recovery.Case{}).Wait(short); got != short.Wait {
		t.Errorf("the long wait is %v, shorter than the short one", got)
	}
}
