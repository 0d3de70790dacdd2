package signin_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/idp/signin"
)

var update = flag.Bool("update", false, "write docs/decisions.md anew")

const golden = "../../docs/decisions.md"

const preface = `# Decisions

Which page a sign-in shows next, and why: the golden table of ` + "`signin.Decide`" + `.
The test of idp/signin writes it (` + "`go test ./idp/signin -update`" + `) and fails when it differs,
so a change of who may sign in is a change of this file. Read such a change before anything else.

The rules stand in their order; the first that applies wins. Unless a line says otherwise, the person
is signed in with a password given a minute ago in this browser, has two-step verification (2SV) off and no
passkey, and the client is a first party without demands. "Error" is what ` + "`prompt=none`" + ` or a refusal answers.
"Need" and "have" are levels: pwd < trusted-device < 2sv < phr < phrh.
`

// TestDecisionsAreTheGoldenTable compares docs/decisions.md with what Decide says.
func TestDecisionsAreTheGoldenTable(t *testing.T) {
	t.Parallel()
	got := table(t)
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("docs/decisions.md differs (-file +decisions):\n%s", diff)
	}
}

// table is every scenario under the rule that decides it; each rule has one at least.
func table(t *testing.T) []byte {
	t.Helper()
	rows := map[string][]string{}
	for _, s := range scenarios() {
		f := plain()
		for _, do := range s.facts {
			do(&f)
		}
		step := signin.Decide(f)
		rows[step.Reason] = append(rows[step.Reason], row(s.name, step))
	}
	var b bytes.Buffer
	b.WriteString(preface)
	for _, r := range rules() {
		if len(rows[r.reason]) == 0 {
			t.Errorf("no scenario is decided by %s", r.reason)
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| facts | page | error | need | have |\n|---|---|---|---|---|\n%s",
			r.reason, r.text, strings.Join(rows[r.reason], ""))
		delete(rows, r.reason)
	}
	if len(rows) > 0 {
		t.Errorf("rules without a heading: %v", rows)
	}
	return b.Bytes()
}

func row(name string, s signin.Step) string {
	page := string(s.Page)
	if s.PutOff {
		page += ", may be put off"
	}
	if s.TrustOffered {
		page += ", trust offered"
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s |\n", name, page, s.Error, short(s.Need), short(s.Have))
}

func short(l signin.Level) string {
	if l == signin.LevelNone {
		return "none"
	}
	return strings.TrimPrefix(l.ACR(), "urn:sekisho:acr:")
}

type rule struct{ reason, text string }

// rules are the reasons in the order of Decide, in words.
func rules() []rule {
	return []rule{
		{signin.ReasonExpired, "The request outlived its time (C-32)."},
		{signin.ReasonCancelled, "The person went back to the relying party."},
		{signin.ReasonUnreachable, "The acr that is binding cannot be reached by anybody here (O-23): phrh, which is never claimed, or a word that is no acr."},
		{signin.ReasonCreate, "`prompt=create` and nobody is signed in. The page leads to signing in as well."},
		{signin.ReasonSignedOut, "Nobody is signed in."},
		{signin.ReasonSelect, "`prompt=select_account`, unless an account was chosen or a password typed in this sign-in."},
		{signin.ReasonOtherSubject, "Somebody else than the subject of `id_token_hint` (O-24, O-27)."},
		{signin.ReasonLogin, "`prompt=login` or `max_age=0`: no proof from before the request counts (O-20, O-21)."},
		{signin.ReasonMaxAge, "The password is older than `max_age` (O-20). What was given after the request was made is always young enough."},
		{signin.ReasonAbsolute, "The password is too old: 12 hours, or 24 with a code (C-31)."},
		{signin.ReasonIdle, "Nothing was done for an hour with a code, or 14 days without: the password alone is asked, the code stays (C-30, N-54)."},
		{signin.ReasonFresh, "Credentials are about to change: proofs of the last ten minutes are asked (C-33, T-40). So it is before the set-up page."},
		{signin.ReasonDisabled, "The account is disabled. It is said after the password only."},
		{signin.ReasonOwn, "The person has switched two-step verification on (S-096)."},
		{signin.ReasonEnforced, "The client's date has come (S-109, S-110). A trusted device is enough (S-101). A passkey is no reason to leave two-step verification off: the password would still open the account."},
		{signin.ReasonShopDate, "The date from which the shop that the person acts for demands it of their role (S-091). It holds as the client's does, at this client alone."},
		{signin.ReasonMinACR, "The client's least acr; a passkey reaches it without two-step verification. A word that is not an acr demands what nobody has, and is refused above."},
		{signin.ReasonEssential, "`claims.id_token.acr` is essential (O-23), and what a page of ours for staff demands (T-43). Who has no passkey where phr is demanded makes one, after the strongest proof there is (N-46)."},
		{signin.ReasonVoluntary, "`acr_values` asks for more (RFC 9470). Set-up may be put off, and so may a passkey: the answer then carries the lower acr."},
		{signin.ReasonNoMethod, "Two-step verification is on without a usable main method (S-123). A code comes first, whatever device it is."},
		{signin.ReasonNoBackup, "Two-step verification is on without a usable backup (S-053). A code comes first here too."},
		{signin.ReasonShop, "The client asks for whom the person acts, who has several shops and chose none here before (S-091). What the chosen one demands is asked for afterwards."},
		{signin.ReasonReset, "Two-step verification was reset by recovery and is not set up again (S-133). Where no client demands it, it is asked right after the password and may be put off."},
		{signin.ReasonNotice, "The client's date is at most 30 days away (S-111). `prompt=none` never fails for it."},
		{signin.ReasonOffer, "A passkey is offered once, in a browser that can make one, right after a full sign-in: never before the code."},
		{signin.ReasonDevice, "A device without a browser is to be connected (RFC 8628). Everybody is asked, whatever the client and however often: the page is what stands against a code that somebody else sent. Proofs are as fresh as for a change of credentials, so a trusted device is no help."},
		{signin.ReasonConsent, "`prompt=consent`: a first party that sends it gets the page too."},
		{signin.ReasonScopes, "The client asks for scopes that were never allowed. First parties need no consent."},
		{signin.ReasonDone, "Nothing is left to ask."},
	}
}
