package idp_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

func TestImportBringsPeopleWithForeignHashesAndMethods(t *testing.T) {
	t.Parallel()
	s := serve(t)
	hash, err := bcrypt.GenerateFromPassword([]byte(password15), bcrypt.MinCost)
	fatal(t, err)
	in := fmt.Sprintf(`{"email":"kenji@example.jp","name":"鈴木 健司","password_hash":%q,"email_verified":true,"language":"ja","two_step":true,"methods":[{"channel":"sms","role":"primary","number":"090-1234-5678","verified":true},{"channel":"app","role":"backup","secret":%q,"verified":true}]}

{"email":"sakura@example.jp","name":"田中 さくら","password":%q}
`, hash, base32Key, password15)
	report, err := s.Provider.ImportUsers(t.Context(), idptest.Operator(), strings.NewReader(in))
	fatal(t, err)
	if report.Added != 2 || len(report.Faults) != 0 {
		t.Fatalf("report %+v", report)
	}
	st := kenji(t, s, false)
	u, err := s.Provider.FindUser(t.Context(), "Kenji@example.jp")
	fatal(t, err)
	if !strings.HasPrefix(u.Password, "$argon2id$") { // N-12
		t.Errorf("bcrypt hash was not upgraded at sign-in: %.12s", u.Password)
	}
	if a, err := s.Provider.Account(t.Context(), st.b); err != nil || a.State != idp.StateOn {
		t.Errorf("state %s, %v", a.State, err)
	}
}

func TestImportWithAFaultAddsNobody(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.AddUser(t, "taken@example.jp", password15)
	cases := map[string]struct {
		in   string
		line int
		text string
	}{
		"unknown key":     {`{"email":"a@example.jp","name":"A"}` + "\n" + `{"email":"b@example.jp","nickname":"B"}`, 2, "nickname"},
		"not JSON":        {`{"email":`, 1, "JSON"},
		"no backup":       {`{"email":"a@example.jp","name":"A","two_step":true}`, 1, "backup"},
		"twice":           {`{"email":"a@example.jp","name":"A"}` + "\n" + `{"email":"A@example.jp","name":"A"}`, 2, "line 1"},
		"taken":           {`{"email":"a@example.jp","name":"A"}` + "\n" + `{"email":"taken@example.jp","name":"A"}`, 2, "taken"},
		"unverified main": {`{"email":"a@example.jp","name":"A","methods":[{"channel":"sms","role":"primary","number":"09012345678"}]}`, 1, "verified"},
		"same number":     {`{"email":"a@example.jp","name":"A","methods":[{"channel":"sms","role":"primary","number":"09012345678","verified":true},{"channel":"voice","role":"backup","number":"+819012345678"}]}`, 1, "number"},
		"bad hash":        {`{"email":"a@example.jp","name":"A","password_hash":"md5:abc"}`, 1, "hash"},
	}
	for name, c := range cases {
		report, err := s.Provider.ImportUsers(t.Context(), idptest.Operator(), strings.NewReader(c.in))
		fatal(t, err)
		if report.Added != 0 || len(report.Faults) != 1 || report.Faults[0].Line != c.line || !strings.Contains(report.Faults[0].Err.Error(), c.text) {
			t.Errorf("%s: report %+v", name, report)
		}
		if _, err := s.Provider.FindUser(t.Context(), "a@example.jp"); !errors.Is(err, idp.ErrNotFound) {
			t.Errorf("%s: somebody was added although a line was faulty", name)
		}
	}
}

// a suspended person is out everywhere at once.
func TestSuspensionEndsEverything(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	st := kenji(t, s, true)
	issue := st.redeem(st.authorize("buyer"), "buyer")
	fatal(t, s.Provider.SetUserDisabled(t.Context(), idptest.Operator(), u.ID, true))
	_, err := s.Provider.Account(t.Context(), st.b)
	wantErr(t, err, idp.ErrSignedOut)
	_, err = s.Provider.Refresh(t.Context(), st.b, client(t, s, "buyer"), idp.Renewal{Token: issue.RefreshToken})
	wantErr(t, err, idp.ErrInvalidGrant)
	n := st.authorize("buyer")
	n, err = s.Provider.SubmitPassword(t.Context(), st.b, n.SignInID, "kenji@example.jp", password15)
	fatal(t, err)
	want(t, n, signin.PageRefuse)
	fatal(t, s.Provider.SetUserDisabled(t.Context(), idptest.Operator(), u.ID, false))
	kenji2 := story{t, s, browser()}
	want(t, kenji2.password(kenji2.authorize("buyer"), "kenji@example.jp"), signin.PageCode)
}

// S-133: a reset by an operator leaves nothing and signs nobody in.
func TestOperatorsResetErasesEverything(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	st := kenji(t, s, true)
	fatal(t, s.Provider.ResetTwoStep(t.Context(), idptest.Operator(), u.ID))
	methods, err := s.Provider.UserMethods(t.Context(), u.ID)
	fatal(t, err)
	_, err = s.Provider.Account(t.Context(), st.b)
	if len(methods) != 0 || !errors.Is(err, idp.ErrSignedOut) {
		t.Errorf("%d methods left, account %v", len(methods), err)
	}
	n := story{t, s, browser()}
	want(t, n.password(n.authorize("seller"), "kenji@example.jp"), signin.PageEnrol)
	s.Message(t, mfa.Mail, "kenji@example.jp")
}

// C-52: two secrets live side by side, the third ends the first.
func TestClientSecretRotation(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := clients.Client{ID: "tool", Name: "Tool", Grants: []clients.GrantType{clients.GrantClientCredentials}, Scopes: []string{"orders"}}
	secrets := []string{s.AddClient(t, c)}
	for range 2 {
		next, err := s.Provider.RotateClientSecret(t.Context(), idptest.Operator(), "tool")
		fatal(t, err)
		secrets = append(secrets, next)
	}
	now := client(t, s, "tool")
	for i, wantOK := range []bool{false, true, true} {
		if got := now.VerifySecret(secrets[i]); got != wantOK {
			t.Errorf("secret %d of 3 verifies: %v, want %v", i+1, got, wantOK)
		}
	}
	_, err := s.Provider.AddClient(t.Context(), idptest.Operator(), c)
	wantErr(t, err, store.ErrExists)
	_, err = s.Provider.RotateClientSecret(t.Context(), idptest.Operator(), "buyer")
	wantErr(t, err, idp.ErrFileClient)
	fatal(t, s.Provider.SetClientDisabled(t.Context(), idptest.Operator(), "tool", true))
	if _, ok := s.Provider.Config().Clients.Lookup("tool"); ok {
		t.Error("a disabled client is still served")
	}
}

// H-08, O-50: without a fitting hint the person is asked; with one, not.
func TestLogoutAsksUnlessHinted(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	st := kenji(t, s, false)
	p, ctx := s.Provider, t.Context()
	n, err := p.Logout(ctx, st.b, idp.LogoutRequest{ClientID: "buyer", To: "https://rp.example/bye", State: "x"})
	fatal(t, err)
	if n.Confirm == "" || n.Location != "" || st.b.Session == "" {
		t.Fatalf("without a hint: %+v", n)
	}
	v, err := p.LogoutView(ctx, st.b, n.Confirm)
	fatal(t, err)
	if v.Client == nil || v.Client.ID != "buyer" {
		t.Errorf("view %+v", v)
	}
	to, err := p.LogoutConfirm(ctx, st.b, n.Confirm, false)
	fatal(t, err)
	if to != "https://rp.example/bye?state=x" || st.b.Session != "" {
		t.Errorf("confirmed: %s, session %q", to, st.b.Session)
	}
	st = kenji(t, s, false)
	n, err = p.Logout(ctx, st.b, idp.LogoutRequest{Hinted: true, Subject: "somebody else"})
	fatal(t, err)
	if n.Confirm == "" {
		t.Error("a hint about somebody else signed the person out")
	}
	n, err = p.Logout(ctx, st.b, idp.LogoutRequest{Hinted: true, Subject: u.ID})
	fatal(t, err)
	if n.Location != "/signout/done" || st.b.Session != "" {
		t.Errorf("with a hint: %+v", n)
	}
}
