package idp_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/mfa"
)

const (
	otherMobile = "+819098765432"
	otherTyped  = "090-9876-5432"
)

// phone is the phone panel as somebody in Japan fills it in.
func phone(ch mfa.Channel, number string) idp.PhoneInput {
	return idp.PhoneInput{Channel: ch, Country: "JP", Number: number}
}

// methods are a person's factors, the main one first.
func (st story) methods(u idp.User) []mfa.Factor {
	st.t.Helper()
	list, err := st.s.Provider.UserMethods(st.t.Context(), u.ID)
	fatal(st.t, err)
	return list
}

// numbered is the person's method with a number.
func (st story) numbered(u idp.User, number string) mfa.Factor {
	st.t.Helper()
	list := st.methods(u)
	i := slices.IndexFunc(list, func(f mfa.Factor) bool { return f.Number == number })
	if i < 0 {
		st.t.Fatalf("%s is none of %+v", number, list)
	}
	return list[i]
}

// addNewPhone adds a phone by text message, or puts it in the place of a method.
func (st story) addNewPhone(replaces, typed, e164 string) error {
	st.t.Helper()
	ctx, p := st.t.Context(), st.s.Provider
	if err := p.AddPhone(ctx, st.b, replaces, phone(mfa.SMS, typed)); err != nil {
		return err
	}
	return p.VerifyAdding(ctx, st.b, replaces, mfa.SMS, st.s.Code(st.t, e164), false)
}

// addNewApp adds an app, or sets one up again, and answers with its key.
func (st story) addNewApp(replaces string) ([]byte, error) {
	st.t.Helper()
	ctx, p := st.t.Context(), st.s.Provider
	if err := p.AddApp(ctx, st.b, replaces); err != nil {
		return nil, err
	}
	v, err := p.Adding(ctx, st.b, replaces)
	fatal(st.t, err)
	return v.Secret, p.VerifyAdding(ctx, st.b, replaces, mfa.App, mfa.TOTPAt(v.Secret, st.s.Clock.Now()), false)
}

// prove proves it anew on the account pages: by the app where by is mfa.App,
// else by the code that is sent to a number. firm leaves held methods out.
func (st story) prove(by, number string, firm bool) {
	st.t.Helper()
	ctx, p := st.t.Context(), st.s.Provider
	n, err := p.AccountSignIn(ctx, st.b, "/account", true)
	if firm {
		n, err = p.FirmSignIn(ctx, st.b, "/account")
	}
	fatal(st.t, err)
	if n.Step.Page == "password" {
		v, err := p.SignIn(ctx, st.b, n.SignInID)
		fatal(st.t, err)
		n, err = p.SubmitPassword(ctx, st.b, n.SignInID, v.Email, password15)
		fatal(st.t, err)
	}
	if n.Reply != nil {
		return
	}
	v, err := p.SignIn(ctx, st.b, n.SignInID)
	fatal(st.t, err)
	for _, m := range v.Methods {
		if string(m.Channel) == by && m.Factor.Number == number && !m.Current {
			st.s.Clock.Advance(time.Minute)
			_, err = p.SendCode(ctx, st.b, n.SignInID, m.Factor.ID, m.Channel)
			fatal(st.t, err)
		}
	}
	code := st.app()
	if number != "" {
		code = st.s.Code(st.t, number)
	}
	_, err = p.SubmitCode(ctx, st.b, n.SignInID, code, false)
	fatal(st.t, err)
}

// S-099: the number changes directly. Nothing changes before the code from the
// new number; then the old one gets no code, trusted devices end, every address
// and the old number are told.
func TestNumberChangesByACodeFromTheNewOne(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	st := kenji(t, s, true)
	p, ctx := s.Provider, t.Context()
	main := st.methods(u)[0]
	other := story{t, s, browser()}
	other.redeem(other.sms(other.password(other.authorize("buyer"), "kenji@example.jp"), mobile, false), "buyer")
	asked := story{t, s, browser()} // a sign-in that waits with a code to the old number
	n := asked.password(asked.authorize("buyer"), "kenji@example.jp")
	old := s.Code(t, mobile)

	fatal(t, p.AddPhone(ctx, st.b, main.ID, phone(mfa.SMS, otherTyped)))
	code := s.Code(t, otherMobile)
	wantErr(t, p.VerifyAdding(ctx, st.b, main.ID, mfa.SMS, wrong(code), true), mfa.ErrWrongCode)
	if got := st.methods(u)[0].Number; got != mobile {
		t.Fatalf("before the code the number is %s", got)
	}
	fatal(t, p.VerifyAdding(ctx, st.b, main.ID, mfa.SMS, code, true))
	got := st.methods(u)
	if len(got) != 2 || got[0].Number != otherMobile || got[0].Role != mfa.Primary || !got[0].Verified() || got[0].HeldUntil.IsZero() {
		t.Fatalf("after the code: %+v", got)
	}
	if text := s.Message(t, mfa.Text, mobile).Body; !strings.Contains(text, "外れました") && !strings.Contains(text, "removed") {
		t.Errorf("the old number reads %q", text)
	}
	mail := s.Message(t, mfa.Mail, "kenji@example.jp")
	for _, word := range []string{"090-••••-5678", "090-••••-5432", "/report?token="} {
		if !strings.Contains(mail.Body, word) {
			t.Errorf("the mail lacks %q:\n%s", word, mail.Body)
		}
	}
	if _, err := p.Account(ctx, other.b); !errors.Is(err, idp.ErrSignedOut) {
		t.Errorf("the other session: %v, want it ended (A-7.4.3)", err)
	}
	if a, err := p.Account(ctx, st.b); err != nil || len(a.Devices) != 0 {
		t.Errorf("%d trusted devices, %v (S-126)", len(a.Devices), err)
	}
	if _, err := p.SubmitCode(ctx, asked.b, n.SignInID, old, false); err == nil {
		t.Error("a code that went to the old number still signs in")
	}
	fresh := story{t, s, browser()}
	s.Clock.Advance(time.Minute)
	fresh.redeem(fresh.sms(fresh.password(fresh.authorize("buyer"), "kenji@example.jp"), otherMobile, false), "buyer")
}

// S-055, S-105, T-31: what no method may be, however it is typed.
func TestNumberThatCannotBeTakenIsRefused(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	st := kenji(t, s, false)
	fatal(t, st.addNewPhone("", otherTyped, otherMobile))
	st.prove("sms", mobile, true)
	main, backup := st.methods(u)[0].ID, st.numbered(u, otherMobile).ID
	for _, c := range []struct {
		name, replaces string
		ch             mfa.Channel
		typed          string
		want           error
	}{
		{"the main method's, added", "", mfa.Voice, "０９０ー１２３４ー５６７８", mfa.ErrNumberSame},
		{"a backup's, added", "", mfa.Voice, "+81 (0)90 9876 5432", mfa.ErrNumberExists},
		{"a backup's, for the main method", main, mfa.SMS, "０９０９８７６５４３２", mfa.ErrNumberExists},
		{"the main method's, for a backup", backup, mfa.Voice, "+819012345678", mfa.ErrNumberSame},
		{"its own", main, mfa.SMS, "090 1234 5678", mfa.ErrNumberExists},
		{"a landline for text messages", main, mfa.SMS, "03-1234-5678", mfa.ErrNumberSMS},
		{"premium", main, mfa.Voice, "0990-123-456", mfa.ErrNumberSpecial},
		{"with an extension", main, mfa.Voice, "03-1234-5678,,99", mfa.ErrNumberBad},
		{"without an area code", main, mfa.Voice, "1234-5678", mfa.ErrNumberArea},
		{"an app for a phone", main, mfa.App, "", mfa.ErrChoice},
		{"nothing", main, mfa.SMS, "", mfa.ErrNumberEmpty},
	} {
		if err := s.Provider.AddPhone(t.Context(), st.b, c.replaces, phone(c.ch, c.typed)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	in := phone(mfa.SMS, "090-2222-3333")
	in.Unverified = true
	wantErr(t, s.Provider.AddPhone(t.Context(), st.b, main, in), mfa.ErrMustVerify) // S-061
	wantErr(t, s.Provider.AddApp(t.Context(), st.b, main), mfa.ErrChoice)
}

// N-02, C-15: others may have the number, but not too many of them; and nobody
// has more methods than there is room for.
func TestMethodsAreCapped(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t, idptest.Limits(func(l *idp.Limits) { l.MFA.AccountsPerNumber, l.MFA.PhonesPerAccount, l.MFA.AppsPerAccount = 1, 2, 2 }))
	s.AddUserWith(t, "hanako@example.jp", password15, "+819033334444", base32Key)
	st := kenji(t, s, false)
	wantErr(t, s.Provider.AddPhone(t.Context(), st.b, "", phone(mfa.SMS, "090-3333-4444")), mfa.ErrNumberShared)
	fatal(t, st.addNewPhone("", otherTyped, otherMobile))
	_, err := st.addNewApp("")
	fatal(t, err)
	wantErr(t, s.Provider.AddPhone(t.Context(), st.b, "", phone(mfa.SMS, "090-5555-6666")), mfa.ErrTooManyFactors)
	wantErr(t, s.Provider.AddApp(t.Context(), st.b, ""), mfa.ErrTooManyFactors)
	if n := len(st.methods(u)); n != 4 {
		t.Errorf("%d methods, want 4", n)
	}
}

// A new phone: the app is set up again, and codes of the key before are refused (S-094).
func TestAppIsSetUpAgain(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	st := kenji(t, s, false)
	app := st.methods(u)[1]
	fatal(t, s.Provider.RenameMethod(t.Context(), st.b, app.ID, "old phone"))
	key, err := st.addNewApp(app.ID)
	fatal(t, err)
	got := st.methods(u)
	if len(got) != 2 || got[1].Channel != mfa.App || got[1].Role != mfa.Backup || got[1].Name != "old phone" || string(got[1].Secret) != string(key) {
		t.Fatalf("methods are %+v", got)
	}
	s.Clock.Advance(time.Minute)
	other := story{t, s, browser()}
	n := other.password(other.authorize("buyer"), "kenji@example.jp")
	_, err = s.Provider.SendCode(t.Context(), other.b, n.SignInID, got[1].ID, mfa.App)
	fatal(t, err)
	_, err = s.Provider.SubmitCode(t.Context(), other.b, n.SignInID, st.app(), false)
	wantErr(t, err, mfa.ErrWrongCode)
	n, err = s.Provider.SubmitCode(t.Context(), other.b, n.SignInID, mfa.TOTPAt(key, s.Clock.Now()), false)
	fatal(t, err)
	other.redeem(n, "buyer")
}

// S-124: main and backup change places, by the matrix and only when proved.
func TestBackupBecomesTheMainMethod(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	st := kenji(t, s, true)
	list := st.methods(u)
	wantErr(t, s.Provider.MakeMain(t.Context(), st.b, list[0].ID), mfa.ErrChoice)
	fatal(t, s.Provider.MakeMain(t.Context(), st.b, list[1].ID))
	if got := st.methods(u); got[0].Channel != mfa.App || got[1].Number != mobile || got[1].Role != mfa.Backup {
		t.Fatalf("methods are %+v", got)
	}
	_, err := st.addNewApp("")
	wantErr(t, err, mfa.ErrAppTwice)
	in := phone(mfa.SMS, otherTyped)
	in.Unverified = true
	fatal(t, s.Provider.AddPhone(t.Context(), st.b, "", in))
	wantErr(t, s.Provider.MakeMain(t.Context(), st.b, st.numbered(u, otherMobile).ID), mfa.ErrMustVerify)
}

// S-060, S-061: an unverified backup is proved from the settings; that is told.
func TestUnverifiedBackupIsVerified(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	st := kenji(t, s, false)
	in := phone(mfa.Voice, "03-1234-5678")
	in.Unverified = true
	fatal(t, s.Provider.AddPhone(t.Context(), st.b, "", in))
	id := st.numbered(u, landline).ID
	fatal(t, s.Provider.SendMethodCode(t.Context(), st.b, id, ""))
	code := s.Spoken(t, landline)
	wantErr(t, s.Provider.VerifyMethod(t.Context(), st.b, id, wrong(code)), mfa.ErrWrongCode)
	fatal(t, s.Provider.VerifyMethod(t.Context(), st.b, id, code))
	wantErr(t, s.Provider.VerifyMethod(t.Context(), st.b, id, code), mfa.ErrNoChallenge)
	if !st.numbered(u, landline).Verified() {
		t.Error("it is not verified")
	}
	if m := s.Message(t, mfa.Mail, "kenji@example.jp"); !strings.Contains(m.Subject, "確認されました") && !strings.Contains(m.Subject, "verified") {
		t.Errorf("the mail says %q", m.Subject)
	}
}

// N-40: a method that was guessed at is bound anew, by another method and a code of its own.
func TestStoppedMethodIsBoundAnew(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t, idptest.Limits(func(l *idp.Limits) {
		l.MFA.MethodFailuresMax, l.MFA.CodeTries, l.MFA.MethodFailuresHour, l.MFA.AccountFailuresDay = 5, 10, 100, 100
	}))
	thief := story{t, s, browser()}
	n := thief.password(thief.authorize("buyer"), "kenji@example.jp")
	code := s.Code(t, mobile)
	for range 5 {
		_, err := s.Provider.SubmitCode(t.Context(), thief.b, n.SignInID, wrong(code), false)
		wantErr(t, err, mfa.ErrWrongCode)
	}
	_, err := s.Provider.SubmitCode(t.Context(), thief.b, n.SignInID, code, false)
	wantErr(t, err, mfa.ErrFactorDisabled)

	s.Clock.Advance(time.Hour)
	st := story{t, s, browser()}
	n = st.password(st.authorize("buyer"), "kenji@example.jp")
	n, err = s.Provider.SubmitCode(t.Context(), st.b, n.SignInID, st.app(), false)
	fatal(t, err)
	st.redeem(n, "buyer")
	main := st.methods(u)[0]
	wantErr(t, s.Provider.SendMethodCode(t.Context(), st.b, main.ID, ""), mfa.ErrFactorDisabled)
	fatal(t, st.addNewPhone(main.ID, "090-1234-5678", mobile))
	if f := st.methods(u)[0]; !f.Usable() || f.Role != mfa.Primary || f.Number != mobile || f.Failures != 0 {
		t.Errorf("bound anew it is %+v", f)
	}
}

// T-26, S-123: at once, one of many wins and a pair of the matrix stays.
func TestParallelChangesKeepAPair(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	st := kenji(t, s, false)
	p, ctx := s.Provider, t.Context()
	at := func(n int, f func(b *idp.Browser) error) (won int) {
		var wg sync.WaitGroup
		errs := make([]error, n)
		for i := range n {
			b := *st.b
			wg.Go(func() { errs[i] = f(&b) })
		}
		wg.Wait()
		for _, err := range errs {
			if err == nil {
				won++
			}
		}
		return won
	}
	main := st.methods(u)[0]
	fatal(t, p.AddPhone(ctx, st.b, main.ID, phone(mfa.SMS, otherTyped)))
	code := s.Code(t, otherMobile)
	if won := at(16, func(b *idp.Browser) error { return p.VerifyAdding(ctx, b, main.ID, mfa.SMS, code, false) }); won != 1 {
		t.Errorf("%d of 16 changed the number, want 1", won)
	}
	if n := len(st.methods(u)); n != 2 {
		t.Fatalf("%d methods, want 2", n)
	}
	st.prove("app", "", true)
	key := func() []byte {
		fatal(t, p.AddApp(ctx, st.b, ""))
		v, err := p.Adding(ctx, st.b, "")
		fatal(t, err)
		return v.Secret
	}()
	if won := at(16, func(b *idp.Browser) error {
		return p.VerifyAdding(ctx, b, "", mfa.App, mfa.TOTPAt(key, s.Clock.Now()), false)
	}); won != 1 {
		t.Errorf("%d of 16 added the app, want 1", won)
	}
	list := st.methods(u)
	var mu sync.Mutex
	next := 0
	won := at(3, func(b *idp.Browser) error {
		mu.Lock()
		id := list[next].ID
		next++
		mu.Unlock()
		return p.RemoveMethod(ctx, b, id, false)
	})
	if left := st.methods(u); won != 1 || !mfa.HasPair(left) {
		t.Errorf("%d of 3 removals went through, left are %+v", won, left)
	}
}
