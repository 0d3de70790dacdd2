package passkey_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/mfa/passkey"
)

var (
	challenge = bytes.Repeat([]byte{7}, passkey.ChallengeSize)
	other     = bytes.Repeat([]byte{8}, passkey.ChallengeSize)
	hana      = passkey.Person{ID: "hana", Email: "hana@example.jp", Name: "Hana"}
)

const issuer = "http://localhost:9000"

func site(t *testing.T) passkey.Site {
	t.Helper()
	s, ok := passkey.NewSite(issuer, "Sekisho")
	if !ok {
		t.Fatalf("%s makes no passkeys", issuer)
	}
	return s
}

// device is an authenticator in front of the issuer.
func device(t *testing.T) *idptest.Authenticator {
	t.Helper()
	return (&idptest.Server{URL: issuer}).Authenticator(t)
}

// enrolled makes a passkey on a device.
func enrolled(t *testing.T, a *idptest.Authenticator) mfa.Passkey {
	t.Helper()
	s := site(t)
	k, _, err := s.Create(challenge, a.Create(s.Creation(challenge, hana, nil)))
	if err != nil {
		t.Fatal(err)
	}
	k.UserID = hana.ID
	return k
}

func use(t *testing.T, a *idptest.Authenticator, k mfa.Passkey, verify bool) (passkey.Use, error) {
	t.Helper()
	s := site(t)
	answer, err := passkey.Read(a.Use(s.Request(challenge, verify, nil)))
	if err != nil {
		return passkey.Use{}, err
	}
	return s.Check(answer, challenge, verify, k)
}

func TestPasskeyIsMadeAndUsed(t *testing.T) {
	t.Parallel()
	for _, synced := range []bool{false, true} {
		a := device(t)
		a.Synced = synced
		k := enrolled(t, a)
		if k.Synced != synced || k.BackedUp != synced || !bytes.Equal(k.Credential, a.Credential()) {
			t.Errorf("synced %t: got %+v", synced, k)
		}
		got, err := use(t, a, k, true)
		want := passkey.Use{Verified: true, BackedUp: synced, SignCount: 1}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("synced %t: %v (-want +got):\n%s", synced, err, diff)
		}
	}
}

// An authenticator without a counter always says 0.
func TestPasskeyWithoutACounterIsNoCopy(t *testing.T) {
	t.Parallel()
	a := device(t)
	a.Counts = false
	k := enrolled(t, a)
	for range 2 {
		if _, err := use(t, a, k, true); err != nil {
			t.Errorf("got %v", err)
		}
	}
}

// What must be refused, by what was done.
func TestBadAnswersAreRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		// before changes the device or the passkey before it is used, after the judge.
		device func(*idptest.Authenticator)
		key    func(*mfa.Passkey)
		verify bool
		want   error
	}{
		{"a phishing site's origin", func(a *idptest.Authenticator) { a.Origin = "http://localhost.evil.example" }, nil, true, passkey.ErrRefused},
		{"the same host on another port", func(a *idptest.Authenticator) { a.Origin = "http://localhost:9001" }, nil, true, passkey.ErrRefused},
		{"another site's id", func(a *idptest.Authenticator) { a.ID = "evil.example" }, nil, true, passkey.ErrRefused},
		{"somebody else's public key", nil, func(k *mfa.Passkey) { k.PublicKey = enrolled(t, device(t)).PublicKey }, true, passkey.ErrRefused},
		{"somebody else's user handle", nil, func(k *mfa.Passkey) { k.UserID = "jiro" }, true, passkey.ErrRefused},
		{"another passkey's id", nil, func(k *mfa.Passkey) { k.Credential = []byte("another") }, true, passkey.ErrRefused},
		{"the person was not verified", func(a *idptest.Authenticator) { a.Verifies = false }, nil, true, passkey.ErrUnverified},
		{"a key that may not be copied says it may", func(a *idptest.Authenticator) { a.Synced = true }, nil, true, passkey.ErrRefused},
		{"the counter stands still", func(a *idptest.Authenticator) { a.Counts = false; a.Count = 5 }, func(k *mfa.Passkey) { k.SignCount = 5 }, true, passkey.ErrCloned},
		{"the counter went backwards", nil, func(k *mfa.Passkey) { k.SignCount = 9 }, true, passkey.ErrCloned},
		{"not verified, where that is not demanded", func(a *idptest.Authenticator) { a.Verifies = false }, nil, false, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := device(t)
			k := enrolled(t, a)
			if tt.device != nil {
				tt.device(a)
			}
			if tt.key != nil {
				tt.key(&k)
			}
			if _, err := use(t, a, k, tt.verify); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestAnswerToAnotherChallengeIsRefused(t *testing.T) {
	t.Parallel()
	s, a := site(t), device(t)
	k := enrolled(t, a)
	answer, err := passkey.Read(a.Use(s.Request(other, true, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Check(answer, challenge, true, k); !errors.Is(err, passkey.ErrRefused) {
		t.Errorf("use: got %v", err)
	}
	if _, _, err := s.Create(challenge, a.Create(s.Creation(other, hana, nil))); !errors.Is(err, passkey.ErrRefused) {
		t.Errorf("creation: got %v", err)
	}
	// A creation is no use, and the other way round.
	if _, err := passkey.Read(a.Create(s.Creation(challenge, hana, nil))); err == nil {
		t.Error("a creation was read as a use")
	}
	if _, _, err := s.Create(challenge, a.Use(s.Request(challenge, true, nil))); !errors.Is(err, passkey.ErrAnswer) {
		t.Errorf("a use as a creation: got %v", err)
	}
}

func TestCreationOnAPhishingSiteIsRefused(t *testing.T) {
	t.Parallel()
	s := site(t)
	for name, change := range map[string]func(*idptest.Authenticator){
		"origin": func(a *idptest.Authenticator) { a.Origin = "https://evil.example" },
		"id":     func(a *idptest.Authenticator) { a.ID = "evil.example" },
	} {
		a := device(t)
		change(a)
		if _, _, err := s.Create(challenge, a.Create(s.Creation(challenge, hana, nil))); !errors.Is(err, passkey.ErrRefused) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// The options are what WebAuthn wants: the challenge whole, the person's own
// passkeys named, and nobody's where nobody is known.
func TestOptions(t *testing.T) {
	t.Parallel()
	s := site(t)
	var creation struct {
		RP   struct{ ID string }
		User struct{ ID, Name string }
		Challenge,
		Attestation string
		ExcludeCredentials []struct{ ID string }
	}
	decode(t, s.Creation(challenge, hana, []mfa.Passkey{{Credential: []byte("own")}}), &creation)
	if creation.RP.ID != "localhost" || creation.User.Name != hana.Email || len(creation.ExcludeCredentials) != 1 || creation.Attestation != "none" || len(creation.Challenge) < 43 {
		t.Errorf("creation: %+v", creation)
	}
	var request struct {
		RPID             string
		UserVerification string
		AllowCredentials []any
	}
	decode(t, s.Request(challenge, true, nil), &request)
	if request.RPID != "localhost" || request.UserVerification != "required" || len(request.AllowCredentials) != 0 {
		t.Errorf("request: %+v", request)
	}
}

func decode(t *testing.T, raw []byte, to any) {
	t.Helper()
	if err := json.Unmarshal(raw, to); err != nil {
		t.Fatal(err)
	}
}

func TestSiteNeedsANameAndTLS(t *testing.T) {
	t.Parallel()
	for issuer, want := range map[string]bool{
		"https://id.example.jp": true, "https://id.example.jp:8443": true, "http://localhost:9000": true, "http://id.localhost": true,
		"http://id.example.jp": false, "https://192.0.2.1": false, "https://[2001:db8::1]": false, "": false,
	} {
		if s, ok := passkey.NewSite(issuer, ""); ok != want {
			t.Errorf("%q: got %+v %t", issuer, s, ok)
		}
	}
}

func TestMakeIsNamed(t *testing.T) {
	t.Parallel()
	a := device(t)
	a.AAGUID = [16]byte{0xfb, 0xfc, 0x30, 0x07, 0x15, 0x4e, 0x4e, 0xcc, 0x8c, 0x0b, 0x6e, 0x02, 0x05, 0x57, 0xd7, 0xbd}
	if got := passkey.Make(enrolled(t, a)); got != "iCloud Keychain" {
		t.Errorf("got %q", got)
	}
	if got := passkey.Make(enrolled(t, device(t))); got != "" {
		t.Errorf("a make that says nothing is called %q", got)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"id":"AA","rawId":"AA","type":"public-key","response":{}}`))
	f.Fuzz(func(_ *testing.T, b []byte) {
		if a, err := passkey.Read(b); err == nil {
			s, _ := passkey.NewSite(issuer, "")
			_, _ = s.Check(a, challenge, true, mfa.Passkey{Credential: a.Credential})
		}
	})
}
