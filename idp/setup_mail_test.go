package idp_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
)

// setupPage is the page of the wizard that is true in a sign-in.
func (st story) setupPage(flow string) idp.SetupView {
	st.t.Helper()
	v, err := st.s.Provider.Setup(st.t.Context(), st.b, flow)
	fatal(st.t, err)
	return v
}

// bind sets the main method up: a text message to a number.
func (st story) bind(flow, number string) error {
	return st.s.Provider.SetupPhone(st.t.Context(), st.b, flow, idp.PhoneInput{Role: mfa.Primary, Channel: mfa.SMS, Country: "JP", Number: number})
}

// S-122, T-41: on the day, the holder of a password alone binds nothing; the
// owner, who reads the mail, does.
func TestPasswordThiefBindsNoMethodAfterTheDate(t *testing.T) {
	t.Parallel()
	s := serve(t)
	u := s.AddUser(t, "hana@example.jp", password15)
	s.Clock.Advance(time.Hour)
	p, ctx := s.Provider, t.Context()
	thief := story{t, s, browser()}
	n := thief.password(thief.authorize("seller"), u.Email)
	want(t, n, signin.PageEnrol)
	fatal(t, p.SetupStart(ctx, thief.b, n.SignInID))
	if v := thief.setupPage(n.SignInID); v.Page != idp.SetupMail || v.Mail == nil || v.Mail.To != "h•••@example.jp" || len(v.Secret) != 0 {
		t.Fatalf("the wizard shows %+v", v)
	}
	wantErr(t, thief.bind(n.SignInID, mobile), idp.ErrStep)
	wantErr(t, p.SetupVerify(ctx, thief.b, n.SignInID, mfa.Primary, mfa.App, "123456"), idp.ErrStep)
	_, err := p.SetupFinish(ctx, thief.b, n.SignInID, false)
	wantErr(t, err, mfa.ErrNoBackup)
	m := s.Message(t, mfa.Mail, u.Email)
	if !strings.Contains(m.Subject, "2段階認証を設定するコード") || !strings.Contains(m.Body, "パスワードを知っています") {
		t.Errorf("the owner reads %q: %s", m.Subject, m.Body)
	}
	code := code6(t, m.Body)
	for range 5 {
		wantErr(t, p.SetupProveMail(ctx, thief.b, n.SignInID, wrong(code)), mfa.ErrWrongCode)
	}
	wantErr(t, p.SetupProveMail(ctx, thief.b, n.SignInID, code), mfa.ErrNoChallenge) // the tries are spent, a right code is too late
	wantErr(t, thief.bind(n.SignInID, mobile), idp.ErrStep)

	owner := story{t, s, browser()}
	mine := owner.password(owner.authorize("seller"), u.Email)
	fatal(t, p.SetupStart(ctx, owner.b, mine.SignInID))
	code = s.MailCode(t, u.Email)
	wantErr(t, p.SetupProveMail(ctx, thief.b, n.SignInID, code), idp.ErrStep) // it is the owner's set-up's
	fatal(t, p.SetupProveMail(ctx, owner.b, mine.SignInID, code))
	if v := owner.setupPage(mine.SignInID); v.Page != 1 || len(v.Secret) == 0 {
		t.Fatalf("the wizard shows %+v", v)
	}
	wantErr(t, thief.bind(n.SignInID, mobile), idp.ErrStep) // T-58: nor is what the owner proved the thief's
	fatal(t, owner.bind(mine.SignInID, mobile))
	last(t, s, "setup.mail_proved")
	last(t, s, "setup.mail_wrong")
}

// The account pages are no way around it, before the sign-in at the client or
// after, and neither is another client.
func TestAccountPagesBindNothingWithThePasswordAloneAfterTheDate(t *testing.T) {
	t.Parallel()
	s := serve(t)
	u := s.AddUser(t, "hana@example.jp", password15)
	s.Clock.Advance(time.Hour)
	thief := story{t, s, browser()}
	n, err := s.Provider.AccountSignIn(t.Context(), thief.b, "/account", true)
	fatal(t, err)
	thief.password(n, u.Email)
	fatal(t, s.Provider.SetupStart(t.Context(), thief.b, ""))
	if v := thief.setupPage(""); v.Page != idp.SetupMail {
		t.Errorf("the account pages show %+v", v)
	}
	wantErr(t, thief.bind("", mobile), idp.ErrStep)
	thief.b = browser()
	n = thief.password(thief.authorize("vault"), u.Email)
	want(t, n, signin.PageEnrol)
	fatal(t, s.Provider.SetupStart(t.Context(), thief.b, n.SignInID))
	wantErr(t, thief.bind(n.SignInID, mobile), idp.ErrStep)
}

// Before any date has come there is nothing to be hurried into: no mail is asked for.
func TestMailboxIsNotAskedForBeforeAnyDate(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.DSN(database(t)), idptest.Clients(buyer(), soonClient()))
	u := s.AddUser(t, "hana@example.jp", password15)
	s.Clock.Advance(time.Hour)
	st := story{t, s, browser()}
	n := st.password(st.authorize("soon"), u.Email)
	want(t, n, signin.PageNotice)
	fatal(t, s.Provider.SetupStart(t.Context(), st.b, n.SignInID))
	if v := st.setupPage(n.SignInID); v.Page != 1 {
		t.Errorf("the wizard shows %+v", v)
	}
	fatal(t, st.bind(n.SignInID, mobile))
}

// A thief who first moves the address to a mailbox of theirs gains nothing: as
// long as the change can be taken back, the code goes where the owner reads.
func TestChangedAddressProvesNoMailbox(t *testing.T) {
	t.Parallel()
	s := serve(t)
	u := s.AddUser(t, "hana@example.jp", password15)
	s.Clock.Advance(time.Hour)
	p, ctx := s.Provider, t.Context()
	thief := story{t, s, browser()}
	n, err := p.AccountSignIn(ctx, thief.b, "/account", true)
	fatal(t, err)
	thief.password(n, u.Email)
	ref, err := p.ChangeEmail(ctx, thief.b, "thief@example.jp")
	fatal(t, err)
	_, err = p.VerifyAddress(ctx, thief.b, ref, s.MailCode(t, "thief@example.jp"))
	fatal(t, err)
	s.Message(t, mfa.Mail, u.Email) // the owner is told
	fatal(t, p.SetupStart(ctx, thief.b, ""))
	if v := thief.setupPage(""); v.Page != idp.SetupMail || v.Mail.To != "h•••@example.jp" {
		t.Fatalf("the wizard shows %+v with %+v", v, v.Mail)
	}
	if m := s.Message(t, mfa.Mail, u.Email); !strings.Contains(m.Subject, "設定するコード") {
		t.Errorf("the owner reads %q", m.Subject)
	}
	wantErr(t, thief.bind("", mobile), idp.ErrStep)
}

// S-093: who kept their methods needs no mail, and nobody drops them without it.
func TestKeptMethodsNeedNoMailboxAndAreNotDropped(t *testing.T) {
	t.Parallel()
	s := serve(t)
	main := idp.NewMethod{Channel: mfa.SMS, Role: mfa.Primary, Number: mobile, Verified: true}
	app := idp.NewMethod{Channel: mfa.App, Role: mfa.Backup, Secret: base32Key, Verified: true}
	u := add(t, s, "kept", idp.NewUser{EmailVerified: true, Methods: []idp.NewMethod{main, app}})
	s.Clock.Advance(time.Hour)
	p, ctx := s.Provider, t.Context()
	st := story{t, s, browser()}
	n := st.password(st.authorize("seller"), u.Email)
	fatal(t, p.SetupStart(ctx, st.b, n.SignInID))
	if v := st.setupPage(n.SignInID); v.Page != 3 {
		t.Fatalf("the wizard shows %+v", v)
	}
	fatal(t, p.SetupRedo(ctx, st.b, n.SignInID, mfa.Primary))
	if v := st.setupPage(n.SignInID); v.Page != idp.SetupMail {
		t.Errorf("the wizard shows %+v", v)
	}
	if kept, err := p.UserMethods(ctx, u.ID); len(kept) != 2 || err != nil {
		t.Errorf("methods are %+v, %v", kept, err)
	}
	fatal(t, p.SetupDiscard(ctx, st.b, n.SignInID))
	fatal(t, p.SetupStart(ctx, st.b, n.SignInID))
	n, err := p.SetupFinish(ctx, st.b, n.SignInID, false)
	fatal(t, err)
	n = st.sms(n, mobile, false) // a code of the method that was kept
	st.redeem(n, "seller")
}

// A sign-up has proved the mailbox a moment ago.
func TestSignUpProvesTheMailbox(t *testing.T) {
	t.Parallel()
	s := serve(t)
	u := s.AddUser(t, "hana@example.jp", password15)
	st := story{t, s, browser()}
	n := st.password(st.authorize("seller"), u.Email)
	fatal(t, s.Provider.SetupStart(t.Context(), st.b, n.SignInID))
	if v := st.setupPage(n.SignInID); v.Page != 1 {
		t.Errorf("the wizard shows %+v", v)
	}
}

// code6 is the code in a mail.
func code6(t *testing.T, body string) string {
	t.Helper()
	m := regexp.MustCompile(`(?:^|\D)(\d{6})(?:\D|$)`).FindStringSubmatch(body)
	if m == nil {
		t.Fatalf("no code in %q", body)
	}
	return m[1]
}
