package idp_test

import (
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

const (
	newEmail = "kenji@new.example"
	second   = "home@example.jp"
)

// addAddress proves a further address.
func (st story) addAddress(email string) {
	st.t.Helper()
	ref, err := st.s.Provider.AddAddress(st.t.Context(), st.b, email)
	fatal(st.t, err)
	_, err = st.s.Provider.VerifyAddress(st.t.Context(), st.b, ref, st.s.MailCode(st.t, email))
	fatal(st.t, err)
}

// moveTo changes the address that signs in.
func (st story) moveTo(email string) {
	st.t.Helper()
	ref, err := st.s.Provider.ChangeEmail(st.t.Context(), st.b, email)
	fatal(st.t, err)
	_, err = st.s.Provider.VerifyAddress(st.t.Context(), st.b, ref, st.s.MailCode(st.t, email))
	fatal(st.t, err)
}

// mailIn is the newest mail to an address whose subject has a word.
func mailIn(t *testing.T, s *idptest.Server, to, word string) mfa.Message {
	t.Helper()
	fatal(t, s.Provider.Deliver(t.Context()))
	for _, m := range s.Inbox.Messages(mfa.Mail) {
		if m.To == to && strings.Contains(m.Subject, word) {
			return m.Message
		}
	}
	t.Fatalf("no mail to %s about %q", to, word)
	return mfa.Message{}
}

// N-17, N-51: an address counts once its code came back, and all are told, the
// new and the removed one too.
func TestAddressCountsAfterItsCode(t *testing.T) {
	t.Parallel()
	s, _ := withKenji(t)
	p, ctx := s.Provider, t.Context()
	st := kenji(t, s, false)
	ref, err := p.AddAddress(ctx, st.b, " Home@Example.JP ")
	fatal(t, err)
	code := s.MailCode(t, second)
	_, err = p.VerifyAddress(ctx, st.b, ref, wrong(code))
	wantErr(t, err, mfa.ErrWrongCode)
	if list, err := p.Addresses(ctx, st.b); err != nil || len(list) != 0 {
		t.Fatalf("%v, %v before the code", list, err)
	}
	signIn, err := p.VerifyAddress(ctx, st.b, ref, code)
	fatal(t, err)
	if signIn {
		t.Error("an address for notices became the one that signs in")
	}
	_, err = p.VerifyAddress(ctx, st.b, ref, code)
	wantErr(t, err, idp.ErrLink)
	for _, to := range []string{"kenji@example.jp", second} {
		if n := mailsTo(t, s, to, "宛先を追加"); n != 1 {
			t.Errorf("%d mails to %s, want 1", n, to)
		}
	}
	_, err = p.AddAddress(ctx, st.b, second)
	wantErr(t, err, idp.ErrAddressYours)
	_, err = p.AddAddress(ctx, st.b, "kenji@example.jp")
	wantErr(t, err, idp.ErrAddressYours)
	_, err = p.AddAddress(ctx, st.b, "nonsense")
	wantErr(t, err, idp.ErrEmail)

	list, err := p.Addresses(ctx, st.b)
	fatal(t, err)
	fatal(t, p.RemoveAddress(ctx, st.b, list[0].ID))
	wantErr(t, p.RemoveAddress(ctx, st.b, list[0].ID), idp.ErrNotFound)
	removed := mailIn(t, s, second, "宛先を削除")
	mailIn(t, s, "kenji@example.jp", "宛先を削除")
	if strings.Contains(removed.Body, second) {
		t.Errorf("the mail shows the whole address:\n%s", removed.Body)
	}
	fatal(t, p.Report(ctx, browser(), reportIn(t, removed))) // the owner wants it back
	fatal(t, s.Store.View(ctx, func(tx *store.Tx) error {
		back, err := tx.NoticeAddresses(list[0].UserID)
		if len(back) != 1 || back[0].Email != second {
			t.Errorf("after the report the addresses are %v", back)
		}
		return err
	}))
}

func TestAddressesAreBounded(t *testing.T) {
	t.Parallel()
	s := serve(t, idptest.Limits(func(l *idp.Limits) { l.Account.Addresses = 2 }))
	s.AddUser(t, "sakura@example.jp", password15)
	st := story{t, s, browser()}
	st.password(st.authorize("buyer"), "sakura@example.jp")
	st.addAddress("a@example.jp")
	st.addAddress("b@example.jp")
	_, err := s.Provider.AddAddress(t.Context(), st.b, "c@example.jp")
	wantErr(t, err, idp.ErrTooMany)
}

// T-40: a stolen session alone, another session, or a session whose
// password changed since, moves nothing.
func TestStolenSessionCannotMoveTheAccount(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	p, ctx := s.Provider, t.Context()
	st := kenji(t, s, true)
	ref, err := p.ChangeEmail(ctx, st.b, newEmail)
	fatal(t, err)
	code := s.MailCode(t, newEmail)
	s.Clock.Advance(time.Minute)
	other := kenji(t, s, false)
	_, err = p.VerifyAddress(ctx, other.b, ref, code)
	wantErr(t, err, idp.ErrLink)
	s.Clock.Advance(11 * time.Minute)
	_, err = p.ChangeEmail(ctx, st.b, newEmail)
	wantErr(t, err, idp.ErrSudo)
	_, err = p.AddAddress(ctx, st.b, second)
	wantErr(t, err, idp.ErrSudo)
	s.Clock.Advance(time.Minute)
	token := resetToken(t, s, "kenji@example.jp")
	wantErr(t, p.ResetPassword(ctx, browser(), token, "another long phrase", false), idp.ErrCodeNeeded)
	fatal(t, p.ResetCode(ctx, browser(), token, s.Code(t, mobile)))
	_, err = p.VerifyAddress(ctx, st.b, ref, code)
	wantErr(t, err, idp.ErrLink)
	if got, err := p.FindUser(ctx, u.ID); err != nil || got.Email != "kenji@example.jp" {
		t.Errorf("the account moved to %s, %v", got.Email, err)
	}
}

func TestChangedEmailSignsInAndTheOldOneIsTold(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	p, ctx := s.Provider, t.Context()
	st := kenji(t, s, false)
	st.addAddress(second)
	st.addAddress(newEmail) // it becomes the one that signs in, and stands in one place then
	old := resetToken(t, s, "kenji@example.jp")
	s.Clock.Advance(time.Minute)
	st.moveTo(newEmail)
	if list, err := p.Addresses(ctx, st.b); err != nil || len(list) != 1 || list[0].Email != second {
		t.Errorf("addresses %v, %v", list, err)
	}
	for _, to := range []string{"kenji@example.jp", newEmail, second} {
		m := mailIn(t, s, to, "メールアドレスを変更しました")
		for _, want := range []string{"k•••@example.jp", "k•••@new.example"} {
			if !strings.Contains(m.Body, want) {
				t.Errorf("mail to %s lacks %s:\n%s", to, want, m.Body)
			}
		}
	}
	wantErr(t, p.ResetCheck(ctx, st.b, old), idp.ErrLink) // a link that went to the old mailbox
	s.Clock.Advance(time.Minute)
	fresh := story{t, s, browser()}
	_, err := p.SubmitPassword(ctx, fresh.b, fresh.authorize("buyer").SignInID, "kenji@example.jp", password15)
	wantErr(t, err, idp.ErrBadCredentials)
	want(t, fresh.password(fresh.authorize("buyer"), newEmail), signin.PageCode)
	if got := events(t, s, u.ID, "email.changed"); len(got) != 1 || strings.Contains(got[0].Details["to"], "kenji") {
		t.Errorf("events %+v", got)
	}
}

// T-02: whose an address is, is not told; its owner hears of the attempt.
func TestChangeOfEmailDoesNotTellWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	s, _ := withKenji(t)
	s.AddUser(t, "sakura@example.jp", password15)
	p, ctx := s.Provider, t.Context()
	st := kenji(t, s, false)
	ref, err := p.ChangeEmail(ctx, st.b, "sakura@example.jp")
	fatal(t, err)
	if a, err := p.PendingAddress(ctx, st.b, ref); err != nil || a.Email != "sakura@example.jp" || !a.SignIn {
		t.Errorf("pending %+v, %v", a, err)
	}
	m := s.Message(t, mfa.Mail, "sakura@example.jp")
	if regexp.MustCompile(`\d{6}`).MatchString(m.Body) {
		t.Errorf("the owner got a code:\n%s", m.Body)
	}
	for _, guess := range []string{"000000", "123456"} {
		_, err = p.VerifyAddress(ctx, st.b, ref, guess)
		wantErr(t, err, mfa.ErrWrongCode)
	}
}

// C-06: a mailed code allows few tries, over all resends.
func TestAddressCodeCannotBeGuessed(t *testing.T) {
	t.Parallel()
	s, _ := withKenji(t)
	p, ctx := s.Provider, t.Context()
	st := kenji(t, s, false)
	ref, err := p.ChangeEmail(ctx, st.b, newEmail)
	fatal(t, err)
	code := s.MailCode(t, newEmail)
	for i := range 5 {
		if i == 3 {
			fatal(t, p.ResendAddressCode(ctx, st.b, ref))
			next := s.MailCode(t, newEmail)
			_, err = p.VerifyAddress(ctx, st.b, ref, code)
			wantErr(t, err, mfa.ErrWrongCode) // the code before
			code = next
			continue
		}
		_, err = p.VerifyAddress(ctx, st.b, ref, wrong(code))
		wantErr(t, err, mfa.ErrWrongCode)
	}
	_, err = p.VerifyAddress(ctx, st.b, ref, code)
	wantErr(t, err, idp.ErrLink)
	wantErr(t, p.ResendAddressCode(ctx, st.b, ref), idp.ErrLink)
}

// Two people reach for one free address: one gets it, and the other nothing.
func TestAddressIsTakenOnce(t *testing.T) {
	t.Parallel()
	s := serve(t)
	var stories []story
	var refs, codes []string
	for _, email := range []string{"a@example.jp", "b@example.jp"} {
		s.AddUser(t, email, password15)
		st := story{t, s, browser()}
		st.password(st.authorize("buyer"), email)
		ref, err := s.Provider.ChangeEmail(t.Context(), st.b, newEmail)
		fatal(t, err)
		stories, refs, codes = append(stories, st), append(refs, ref), append(codes, s.MailCode(t, newEmail))
	}
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i := range stories {
		wg.Go(func() { _, errs[i] = s.Provider.VerifyAddress(t.Context(), stories[i].b, refs[i], codes[i]) })
	}
	wg.Wait()
	if won := (errs[0] == nil) != (errs[1] == nil); !won || !errors.Is(errors.Join(errs...), idp.ErrLink) {
		t.Errorf("got %v, want one to win and ErrLink for the other", errs)
	}
}

// T-64: who moved somebody's account loses it by one click of the owner, and
// nobody can take the old address in the meantime.
func TestMovedAccountComesBack(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	p, ctx := s.Provider, t.Context()
	thief := kenji(t, s, false)
	thief.moveTo("evil@example.com")
	undo := reportIn(t, mailIn(t, s, "kenji@example.jp", "メールアドレスを変更しました"))
	thief.moveTo("evil2@example.com")

	taker := browser()
	in := form
	in.Email = "kenji@example.jp"
	ref, err := p.SignUp(ctx, taker, "", in)
	fatal(t, err)
	if held := mailIn(t, s, "kenji@example.jp", "can't be used yet"); regexp.MustCompile(`\D\d{6}\D`).MatchString(held.Body) {
		t.Errorf("the address can be signed up with:\n%s", held.Body)
	}
	_, err = p.SignUpVerify(ctx, taker, ref, "123456")
	wantErr(t, err, mfa.ErrWrongCode)

	fatal(t, p.Report(ctx, browser(), undo))
	if got, err := p.FindUser(ctx, u.ID); err != nil || got.Email != "kenji@example.jp" {
		t.Fatalf("the account is at %s, %v", got.Email, err)
	}
	_, err = p.Account(ctx, thief.b)
	wantErr(t, err, idp.ErrSignedOut)
	s.Clock.Advance(time.Minute)
	fatal(t, p.Forgot(ctx, browser(), "evil2@example.com"))
	if mailsTo(t, s, "evil2@example.com", "再設定") != 0 {
		t.Error("the thief's address still resets the password")
	}
	resetToken(t, s, "kenji@example.jp")
}

// After its time the old address is free, and the link gives nothing back.
func TestFormerAddressIsFreeAfterItsTime(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	p, ctx := s.Provider, t.Context()
	st := kenji(t, s, false)
	st.moveTo(newEmail)
	undo := reportIn(t, mailIn(t, s, "kenji@example.jp", "メールアドレスを変更しました"))
	s.Clock.Advance(7*24*time.Hour + time.Second)
	b := browser()
	in := form
	in.Email = "kenji@example.jp"
	ref, err := p.SignUp(ctx, b, "", in)
	fatal(t, err)
	_, err = p.SignUpVerify(ctx, b, ref, s.MailCode(t, "kenji@example.jp"))
	fatal(t, err)
	wantErr(t, p.Report(ctx, browser(), undo), idp.ErrLink)
	fatal(t, p.Expire(ctx))
	fatal(t, s.Store.View(ctx, func(tx *store.Tx) error {
		list, err := tx.FormerEmails(u.ID)
		if len(list) != 0 {
			t.Errorf("%d former addresses are kept", len(list))
		}
		return err
	}))
}
