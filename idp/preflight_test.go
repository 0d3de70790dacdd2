package idp_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// soonClient demands two-step verification ten days after the start.
func soonClient() clients.Client {
	c := buyer()
	c.ID, c.Name = "soon", "Soon"
	c.Rules.EnforceFrom = idptest.Start.Add(10 * day)
	return c
}

// use notes that people use a client.
func use(t *testing.T, s *idptest.Server, client string, users ...idp.User) {
	t.Helper()
	fatal(t, s.Store.Update(t.Context(), idptest.Operator(), func(tx *store.Tx) error {
		for _, u := range users {
			if err := tx.Used(u.ID, client); err != nil {
				return err
			}
		}
		return nil
	}))
}

// add adds a person with methods.
func add(t *testing.T, s *idptest.Server, name string, n idp.NewUser) idp.User {
	t.Helper()
	n.Email, n.Name, n.Password = name+"@example.jp", name, password15
	u, err := s.Provider.AddUser(t.Context(), idptest.Operator(), n)
	fatal(t, err)
	return u
}

func TestPreflightSaysWhoWouldBeStopped(t *testing.T) {
	t.Parallel()
	s := serve(t, idptest.Clients(soonClient()))
	main := idp.NewMethod{Channel: mfa.SMS, Role: mfa.Primary, Number: mobile, Verified: true}
	app := idp.NewMethod{Channel: mfa.App, Role: mfa.Backup, Secret: base32Key, Verified: true}
	untried := idp.NewMethod{Channel: mfa.Voice, Role: mfa.Backup, Number: landline}
	none := add(t, s, "none", idp.NewUser{EmailVerified: true})
	kept := add(t, s, "kept", idp.NewUser{EmailVerified: true, Methods: []idp.NewMethod{main, app}})
	ready := add(t, s, "ready", idp.NewUser{EmailVerified: true, TwoStep: true, Methods: []idp.NewMethod{main, app}})
	shaky := add(t, s, "shaky", idp.NewUser{EmailVerified: true, TwoStep: true, Methods: []idp.NewMethod{main, untried}})
	out := add(t, s, "out", idp.NewUser{EmailVerified: true})
	late := add(t, s, "late", idp.NewUser{})
	add(t, s, "stranger", idp.NewUser{EmailVerified: true})
	use(t, s, "soon", none, kept, ready, shaky, out, late)
	fatal(t, s.Provider.SetUserDisabled(t.Context(), idptest.Operator(), out.ID, true))
	fatal(t, s.Provider.SetRole(t.Context(), idptest.Operator(), kept.ID, idp.Admin, true))
	until := soonClient().Rules.EnforceFrom.Add(day)
	fatal(t, s.Provider.Extend(t.Context(), idptest.Operator(), late.ID, idp.Extension{ClientID: "soon", Until: until, Reason: "in hospital"}))

	got := map[string]string{}
	r, err := s.Provider.Preflight(t.Context(), idp.Preflight{ClientID: "soon"}, func(p idp.PreflightPerson) error {
		got[p.User.Name] = fmt.Sprint(p.Outcome, " ", p.Cohort, " ", p.Marks, " ", p.Reason, " ", p.Main, " ", p.Backup)
		return nil
	})
	fatal(t, err)
	want := map[string]string{
		"none":  "stopped no_method [] enforced  ",
		"kept":  "stopped methods_kept [staff] enforced sms app",
		"ready": "passes ready []  sms app",
		"shaky": "passes unverified_backup []  sms voice",
		"out":   "refused no_method [] disabled  ",
		"late":  "extended no_method [unverified_email]   ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("people (-want +got):\n%s", diff)
	}
	if r.People != 6 || r.ByOutcome[idp.OutcomeStopped] != 2 || r.ByCohort[idp.OutcomeStopped][idp.CohortKept] != 1 || r.ByMark[idp.OutcomeStopped][idp.MarkStaff] != 1 {
		t.Errorf("report %+v", r)
	}
	r, err = s.Provider.Preflight(t.Context(), idp.Preflight{ClientID: "soon", Everybody: true, On: until.Add(time.Second)}, nil)
	fatal(t, err)
	if r.People != 7 || r.ByOutcome[idp.OutcomeStopped] != 4 || r.ByMark[idp.OutcomeStopped][idp.MarkNever] != 1 {
		t.Errorf("report of everybody after the extension %+v", r)
	}
	_, err = s.Provider.Preflight(t.Context(), idp.Preflight{ClientID: "buyer"}, nil)
	wantErr(t, err, idp.ErrNoDate)
	_, err = s.Provider.Preflight(t.Context(), idp.Preflight{ClientID: "none"}, nil)
	wantErr(t, err, idp.ErrNotFound)
}

// What the report says of somebody is what they meet on the day.
func TestPreflightForecastsTheSignIn(t *testing.T) {
	t.Parallel()
	s := serve(t, idptest.Clients(soonClient()))
	u := s.AddUser(t, "hana@example.jp", password15)
	st := story{t, s, browser()}
	n := st.password(st.authorize("soon"), u.Email)
	want(t, n, signin.PageNotice)
	n, err := s.Provider.PutOff(t.Context(), st.b, n.SignInID)
	fatal(t, err)
	st.redeem(n, "soon")
	var people []idp.PreflightPerson
	_, err = s.Provider.Preflight(t.Context(), idp.Preflight{ClientID: "soon"}, func(p idp.PreflightPerson) error {
		people = append(people, p)
		return nil
	})
	fatal(t, err)
	if len(people) != 1 || people[0].User.ID != u.ID || people[0].Outcome != idp.OutcomeStopped {
		t.Fatalf("report of %+v", people)
	}
	s.Clock.Advance(10 * day)
	st.b = browser()
	n = st.authorize("soon")
	for _, step := range people[0].Steps {
		if n.Step.Page != step.Page || n.Step.Reason != step.Reason {
			t.Fatalf("the sign-in is at %s (%s), the report said %s (%s)", n.Step.Page, n.Step.Reason, step.Page, step.Reason)
		}
		if step.Page == signin.PageEnrol {
			return
		}
		n = st.password(n, u.Email)
	}
	t.Errorf("no set-up in %+v", people[0].Steps)
}

// A table of names that people typed must not run in a spreadsheet.
func TestPreflightTableRunsNoFormula(t *testing.T) {
	t.Parallel()
	var buf bytes.Buffer
	table, err := idp.NewPreflightCSV(&buf)
	fatal(t, err)
	for _, name := range []string{"=HYPERLINK(1)", "+1", "-1", "@x", "a,\"b\"\nc", "山田"} {
		fatal(t, table.Write(idp.PreflightPerson{User: idp.User{Name: name}}))
	}
	fatal(t, table.Close())
	rows, err := csv.NewReader(&buf).ReadAll()
	fatal(t, err)
	var names []string
	for _, r := range rows {
		if len(r) != len(idp.PreflightColumns) {
			t.Errorf("row %q", r)
		}
		names = append(names, r[2])
	}
	if diff := cmp.Diff([]string{"name", "'=HYPERLINK(1)", "'+1", "'-1", "'@x", "a,\"b\"\nc", "山田"}, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

// A large deployment is read in batches; nobody is lost or counted twice.
func TestPreflightOfManyPeople(t *testing.T) {
	t.Parallel()
	s := serve(t, idptest.Clients(soonClient()))
	fatal(t, s.Store.Update(t.Context(), idptest.Operator(), func(tx *store.Tx) error {
		for i := range 1203 {
			u := idp.User{ID: fmt.Sprintf("many%04d", i), Email: fmt.Sprintf("many%d@example.jp", i)}
			if err := tx.InsertUser(u); err != nil {
				return err
			}
			if err := tx.Used(u.ID, "soon"); err != nil {
				return err
			}
		}
		return nil
	}))
	seen := map[string]bool{}
	r, err := s.Provider.Preflight(t.Context(), idp.Preflight{ClientID: "soon"}, func(p idp.PreflightPerson) error {
		seen[p.User.ID] = true
		return nil
	})
	fatal(t, err)
	if r.People != 1203 || len(seen) != 1203 || r.ByOutcome[idp.OutcomeStopped] != 1203 {
		t.Errorf("%d people, %d seen, %+v", r.People, len(seen), r.ByOutcome)
	}
}
