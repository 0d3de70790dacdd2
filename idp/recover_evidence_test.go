package idp_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/recovery"
)

// T-42: the content says what it is; what is more than a picture is not taken.
func TestEvidenceThatIsNoPictureIsRefused(t *testing.T) {
	t.Parallel()
	s, _ := withKenji(t, idptest.Limits(func(l *idp.Limits) { l.Recovery.FileKiB, l.Recovery.Files = 512, 2 }))
	p, ctx := s.Provider, t.Context()
	st := passerby(t, s)
	secret := st.begin(st.lost(), "", contact)
	attach := func(name string, from io.Reader) error { return p.Attach(ctx, st.b, secret, name, from) }
	for name, c := range map[string]struct {
		body string
		want error
	}{
		"page.jpg":   {"<!doctype html><script>alert(1)</script>", recovery.ErrKind},
		"vector.png": {`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`, recovery.ErrKind},
		"bomb.zip":   {"PK\x03\x04" + strings.Repeat("\x00", 400_000), recovery.ErrKind},
		"empty.jpg":  {"", idp.ErrEvidence},
		"large.pdf":  {"%PDF-1.7\n" + strings.Repeat("x", 512<<10), idp.ErrEvidenceSize},
	} {
		if err := attach(name, strings.NewReader(c.body)); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	if err := attach("endless.pdf", endless{}); !errors.Is(err, idp.ErrEvidenceSize) {
		t.Errorf("an endless file: %v", err)
	}
	if err := attach("cut.jpg", io.MultiReader(bytes.NewReader(photo(t)), broken{})); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a sender that goes away: %v", err)
	}
	exact := append([]byte("%PDF-1.7\n"), bytes.Repeat([]byte{'x'}, 512<<10-9)...) // as large as it may be, whole pieces
	fatal(t, attach("../../etc/passwd\r\n.pdf", bytes.NewReader(exact)))
	polyglot := append(photo(t), "<script>alert(1)</script>"...)
	fatal(t, attach("polyglot.html", bytes.NewReader(polyglot)))
	wantErr(t, attach("third.jpg", bytes.NewReader(photo(t))), idp.ErrTooMany)
	fatal(t, p.SendRecovery(ctx, st.b, secret, ""))
	wantErr(t, attach("late.jpg", bytes.NewReader(photo(t))), idp.ErrStep)
	one, _ := reviewers(t, s)
	id := one.queued()
	v, err := p.ReviewRecovery(ctx, one.b, id)
	fatal(t, err)
	if len(v.Files) != 2 {
		t.Fatalf("evidence: %+v", v.Files)
	}
	for _, f := range v.Files {
		got, err := p.ReviewEvidence(ctx, one.b, id, f.ID)
		fatal(t, err)
		if want := map[recovery.Kind][]byte{recovery.PDF: exact, recovery.JPEG: polyglot}[got.Kind]; !bytes.Equal(got.Data, want) {
			t.Errorf("%s came back as %d bytes of %s", f.Name, len(got.Data), got.Kind)
		}
	}
}

// endless is a PDF without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	copy(p, "%PDF-1.7")
	return len(p), nil
}

// broken is a sender that goes away.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrNoProgress }

// T-43: a file is opened through its own request only.
func TestEvidenceOfAnotherRequestIsNotShown(t *testing.T) {
	t.Parallel()
	s, _ := withKenji(t)
	p, ctx := s.Provider, t.Context()
	one, _ := reviewers(t, s)
	first, other := passerby(t, s), passerby(t, s)
	first.apply(first.lost(), "", contact)
	other.apply(other.lostElsewhere(), "", "hana.new@example.net")
	desk, err := p.ReviewRecoveries(ctx, one.b)
	fatal(t, err)
	a, err := p.ReviewRecovery(ctx, one.b, desk.Review[0].ID)
	fatal(t, err)
	b, err := p.ReviewRecovery(ctx, one.b, desk.Review[1].ID)
	fatal(t, err)
	for _, try := range [][2]string{{a.ID, b.Files[0].ID}, {b.ID, a.Files[0].ID}, {a.ID, "x"}, {"x", a.Files[0].ID}} {
		_, err = p.ReviewEvidence(ctx, one.b, try[0], try[1])
		wantErr(t, err, idp.ErrNotFound)
	}
	raw, err := json.Marshal(a)
	fatal(t, err)
	for _, secret := range []string{mobile, base32Key, "argon2id"} {
		if strings.Contains(string(raw), secret) {
			t.Errorf("the reviewer sees %q", secret)
		}
	}
}

// T-42, C-42: so many requests a day about one account, from one network and in
// one browser; strangers cannot use up the owner's.
func TestRequestsAreLimited(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t, idptest.Limits(func(l *idp.Limits) { l.SignIn.Mails, l.Password.PerIPMinute = 1000, 1000 }))
	p, ctx := s.Provider, t.Context()
	in := idp.RecoveryInput{Email: u.Email, Cause: "phone", Contact: contact}
	for i := range 2 {
		st := passerby(t, s)
		st.b.IP = "198.51.100.1"
		st.apply("", in.Email, "c"+string(rune('0'+i))+"@example.net")
	}
	for _, email := range []string{u.Email, "nobody@example.jp"} {
		st := passerby(t, s)
		st.b.IP = "198.51.100.2"
		in.Email = email
		_, err := p.BeginRecovery(ctx, st.b, "", in)
		if email == u.Email {
			soon(t, err, "recovery")
		} else {
			fatal(t, err)
		}
	}
	fatal(t, p.CancelRecovery(ctx, passerby(t, s).b, linkIn(t, s, u.Email, "リセットが申請"), false))
	st := passerby(t, s)
	st.b.IP = "198.51.100.3"
	secret := st.apply(st.lost(), "", contact) // T-04: the owner's budget is whole
	_, err := p.BeginRecovery(ctx, st.b, st.lost(), in)
	wantErr(t, err, idp.ErrRecoveryOpen)
	fatal(t, p.CancelRecovery(ctx, st.b, secret, false))
	in.Email = "nobody@example.jp"
	for range 4 {
		_, err = p.BeginRecovery(ctx, st.b, "", in)
		fatal(t, err)
	}
	_, err = p.BeginRecovery(ctx, st.b, "", in) // the sixth in this browser
	soon(t, err, "recovery")
	for i := range 30 {
		fresh := passerby(t, s)
		fresh.b.IP = "2001:db8::" + string(rune('1'+i%9))
		if _, err = p.BeginRecovery(ctx, fresh.b, "", in); err != nil {
			break
		}
	}
	soon(t, err, "recovery")
}

// T-05: adding and removing files goes on for a while, not for ever.
func TestEvidenceIsNotAddedForEver(t *testing.T) {
	t.Parallel()
	s, _ := withKenji(t, idptest.Limits(func(l *idp.Limits) { l.Recovery.Files = 1 }))
	p, ctx := s.Provider, t.Context()
	st := passerby(t, s)
	secret := st.begin(st.lost(), "", contact)
	for range 10 {
		fatal(t, p.Attach(ctx, st.b, secret, "a.jpg", bytes.NewReader(photo(t))))
		v, err := p.RecoveryStatus(ctx, secret)
		fatal(t, err)
		fatal(t, p.Detach(ctx, st.b, secret, v.Files[0].ID))
	}
	soon(t, p.Attach(ctx, st.b, secret, "a.jpg", bytes.NewReader(photo(t))), "recovery")
}
