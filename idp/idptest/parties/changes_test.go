package parties_test

import (
	"regexp"
	"strings"
	"testing"
)

var signing = regexp.MustCompile(`(?m)^(\S+) +RS256 +yes`)

// settle starts a relying party and signs its person in.
func settle(t *testing.T, s *site, p party) *journey {
	t.Helper()
	p.run(t, s)
	j := set(t, s, p)
	j.signIn()
	return j
}

func (j *journey) signIn() {
	j.t.Helper()
	j.Open(j.party.path.login)
	j.givePassword()
	j.giveCode(false)
	if j.Has("button[value=allow]") { // asked once
		j.Press("button[value=allow]")
	}
	j.told(twoStep, "pwd", "otp")
}

// outlive restarts the provider and turns its keys while people are signed in.
func outlive(t *testing.T, w *world, travellers []*journey) {
	t.Helper()
	before := find(t, signing, w.cli(t, "key", "list"))
	w.turn(t)
	if after := find(t, signing, w.cli(t, "key", "list")); after == before {
		t.Fatalf("key %s still signs", after)
	}
	for _, j := range travellers {
		j.Open("/")
		j.told(twoStep, "pwd", "otp")
		if j.party.path == usual() {
			refreshes(j)
		}
		j.Open(j.party.path.login) // the provider's session is there too, and the new key is known
		j.told(twoStep, "pwd", "otp")
	}
	// The key that signs now was not even published when relying parties last
	// looked. Some wait before they look again.
	w.turn(t)
	for _, j := range travellers {
		if j.party.refetches {
			j.Open(j.party.path.login)
			j.told(twoStep, "pwd", "otp")
		}
	}
}

// turn rotates the provider's keys and starts it anew.
func (w *world) turn(t *testing.T) {
	t.Helper()
	w.cli(t, "key", "rotate")
	w.provider.stop()
	w.serve(t)
}

// differ signs in where the relying party's clock is ahead of the provider's,
// and where it is behind, by as much as machines without NTP are soon.
func differ(t *testing.T, s *site, p party) {
	t.Helper()
	for _, s.skew = range []int{-25, 25} {
		j := settle(t, s, p)
		j.Open(p.path.payout)
		j.atParty()
		if got := j.Content(); !strings.Contains(got, `"payout":"open"`) {
			t.Errorf("payout at %d seconds: %s", s.skew, got)
		}
	}
	s.skew = 0
}
