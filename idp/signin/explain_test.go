package signin_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/idp/signin"
)

// What is explained is what is decided: the last rule looked at is the one that
// applies, and the demand that counts is named by the step that asks for it.
func TestExplanationTellsTheDecision(t *testing.T) {
	t.Parallel()
	for _, sc := range scenarios() {
		f := plain()
		for _, do := range sc.facts {
			do(&f)
		}
		e := signin.Explain(f)
		if diff := cmp.Diff(signin.Decide(f), e.Step); diff != "" {
			t.Errorf("%s: explained (+) another step than decided (-):\n%s", sc.name, diff)
		}
		last := e.Rules[len(e.Rules)-1]
		if last.Applies == (e.Step.Page == signin.PageDone) || slices.ContainsFunc(e.Rules[:len(e.Rules)-1], func(v signin.Verdict) bool { return v.Applies }) {
			t.Errorf("%s: rules %+v lead to %+v", sc.name, e.Rules, e.Step)
		}
		if words := []string{signin.RuleStale, signin.RuleSecondStep, signin.RuleMissing}; last.Applies && !slices.Contains(words, last.Rule) && last.Rule != e.Step.Reason {
			t.Errorf("%s: the rule %s gave the reason %s", sc.name, last.Rule, e.Step.Reason)
		}
		need := signin.LevelPassword
		for _, d := range e.Demands {
			if d.Raised != (d.Level > need) {
				t.Errorf("%s: %+v after %d", sc.name, d, need)
			}
			need = max(need, d.Level)
		}
		if need != e.Step.Need {
			t.Errorf("%s: demands reach %d, need is %d", sc.name, need, e.Step.Need)
		}
	}
}

func TestWayOfAWillingPerson(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		facts []fact
		want  []signin.Page
	}{
		{"before the date", facts(inDays(3), noSecret), []signin.Page{signin.PagePassword, signin.PageNotice, signin.PageDone}},
		{"after it", facts(passed, noSecret), []signin.Page{signin.PagePassword, signin.PageEnrol, signin.PageDone}},
		{"after it, extended", facts(passed, noSecret, extended(time.Hour)), []signin.Page{signin.PagePassword, signin.PageNotice, signin.PageDone}},
		{"after it, disabled", facts(passed, noSecret, func(f *signin.Facts) { f.Person.Disabled = true }), []signin.Page{signin.PagePassword, signin.PageRefuse}},
	} {
		f := plain()
		for _, do := range tc.facts {
			do(&f)
		}
		var got []signin.Page
		for _, s := range signin.Way(f) {
			got = append(got, s.Page)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}
