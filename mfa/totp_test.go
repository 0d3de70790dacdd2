package mfa_test

import (
	"encoding/base32"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sekisho-id/sekisho/mfa"
)

var rfcSecret = []byte("12345678901234567890") // RFC 6238, appendix B

// The last six digits of the RFC's eight.
func TestTOTPVectors(t *testing.T) {
	t.Parallel()
	for unix, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471",
		1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		at := time.Unix(unix, 0)
		if got := mfa.TOTPAt(rfcSecret, at); got != want {
			t.Errorf("TOTPAt(%d) = %s, want %s", unix, got, want)
		}
		step, drift, err := mfa.VerifyTOTP(rfcSecret, want, at, unix/30-2, 0)
		if step != unix/30 || drift != 0 || err != nil {
			t.Errorf("VerifyTOTP at %d = %d, %d, %v", unix, step, drift, err)
		}
	}
}

// C-03: which step is accepted, by what was learned before, and what it teaches.
func TestTOTPWindow(t *testing.T) {
	t.Parallel()
	now := noon.Unix() / 30
	for _, tc := range []struct {
		name                string
		offset, drift, want int
		enrolling           bool
		err                 error
	}{
		{"this step", 0, 0, 0, false, nil},
		{"the step before", -1, 0, -1, false, nil},
		{"two steps before", -2, 0, 0, false, mfa.ErrWrongCode},
		{"the step after", 1, 0, 0, false, mfa.ErrWrongCode},
		{"the step after, clock known to be fast", 1, 1, 1, false, nil},
		{"this step, clock known to be fast", 0, 1, 1, false, nil},
		{"the step before, clock no longer fast", -1, 1, -1, false, nil},
		{"two steps after, clock known to be fast", 2, 1, 1, false, mfa.ErrWrongCode},
		{"the step before, clock known to be slow", -1, -1, -1, false, nil},
		{"two steps before, clock known to be slow", -2, -1, -1, false, mfa.ErrWrongCode},
		{"this step, clock known to be slow", 0, -1, -1, false, nil},
		{"enrolment learns a fast clock", 1, 0, 1, true, nil},
		{"enrolment learns a slow clock", -1, 0, -1, true, nil},
		{"enrolment refuses more (O-45)", 2, 0, 0, true, mfa.ErrWrongCode},
		{"a drift out of range widens nothing", 2, 7, 7, false, mfa.ErrWrongCode},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			last := now - 10
			if tc.enrolling {
				last = 0
			}
			code := mfa.TOTPAt(rfcSecret, noon.Add(time.Duration(tc.offset)*30*time.Second))
			step, drift, err := mfa.VerifyTOTP(rfcSecret, code, noon, last, tc.drift)
			if !errors.Is(err, tc.err) || drift != tc.want {
				t.Fatalf("got step %d, drift %d, %v; want drift %d, %v", step, drift, err, tc.want, tc.err)
			}
			if err == nil && step != now+int64(tc.offset) {
				t.Errorf("got step %d, want %d", step, now+int64(tc.offset))
			}
		})
	}
}

// O-44, N-30, T-25.
func TestAppCodeCannotBeUsedTwice(t *testing.T) {
	t.Parallel()
	code := mfa.TOTPAt(rfcSecret, noon)
	step, drift, err := mfa.VerifyTOTP(rfcSecret, code, noon, noon.Unix()/30-5, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, later := range []time.Duration{0, time.Second, 29 * time.Second, 31 * time.Second} {
		if _, _, err := mfa.VerifyTOTP(rfcSecret, code, noon.Add(later), step, drift); !errors.Is(err, mfa.ErrUsedCode) {
			t.Errorf("again after %v: %v", later, err)
		}
	}
}

// O-47: the code that proved the app cannot sign in.
func TestEnrolmentCodeCannotSignIn(t *testing.T) {
	t.Parallel()
	for _, offset := range []time.Duration{-30 * time.Second, 0, 30 * time.Second} {
		code := mfa.TOTPAt(rfcSecret, noon.Add(offset))
		step, drift, err := mfa.VerifyTOTP(rfcSecret, code, noon, 0, 0)
		if err != nil {
			t.Fatalf("enrolment at %v: %v", offset, err)
		}
		if _, _, err := mfa.VerifyTOTP(rfcSecret, code, noon, step, drift); !errors.Is(err, mfa.ErrUsedCode) {
			t.Errorf("sign-in with the enrolment's code at %v: %v", offset, err)
		}
	}
}

// O-44: a code seen over a shoulder is worthless once a later one was used.
func TestOlderCodeFailsAfterNewerOne(t *testing.T) {
	t.Parallel()
	older, newer := mfa.TOTPAt(rfcSecret, noon.Add(-30*time.Second)), mfa.TOTPAt(rfcSecret, noon)
	step, drift, err := mfa.VerifyTOTP(rfcSecret, newer, noon, noon.Unix()/30-5, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := mfa.VerifyTOTP(rfcSecret, older, noon, step, drift); !errors.Is(err, mfa.ErrUsedCode) {
		t.Errorf("got %v", err)
	}
}

func TestMissingSecretAcceptsNothing(t *testing.T) {
	t.Parallel()
	for _, secret := range [][]byte{nil, {}, []byte("short")} {
		if _, _, err := mfa.VerifyTOTP(secret, mfa.TOTPAt(secret, noon), noon, 0, 0); !errors.Is(err, mfa.ErrWrongCode) {
			t.Errorf("secret of %d bytes: %v", len(secret), err)
		}
	}
	for _, code := range []string{"", "1", "0000000"} {
		if _, _, err := mfa.VerifyTOTP(rfcSecret, code, noon, 0, 0); !errors.Is(err, mfa.ErrWrongCode) {
			t.Errorf("code %q: %v", code, err)
		}
	}
}

// However clocks and people behave, accepted steps only grow and stay within one of the clock's.
func TestAcceptedStepsOnlyGrow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret, at := mfa.NewSecret(), noon
		var last int64
		drift := 0
		for range rapid.IntRange(1, 30).Draw(t, "sign-ins") {
			at = at.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "wait")) * time.Second)
			shown := at.Add(time.Duration(rapid.IntRange(-90, 90).Draw(t, "phone's clock")) * time.Second)
			step, learned, err := mfa.VerifyTOTP(secret, mfa.TOTPAt(secret, shown), at, last, drift)
			if err != nil {
				if step != 0 || learned != drift {
					t.Fatalf("%v, yet step %d and drift %d", err, step, learned)
				}
				continue
			}
			if now := at.Unix() / 30; step <= last || step < now-1 || step > now+1 || learned < -1 || learned > 1 {
				t.Fatalf("step %d after %d at %d, drift %d", step, last, now, learned)
			}
			last, drift = step, learned
		}
	})
}

// S-014, S-015: the app learns issuer, label, key and the three parameters, and nothing else.
func TestKeyURI(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(mfa.KeyURI("Sekisho: 関所 & Co", "hanako+1@example.jp", rfcSecret))
	if err != nil {
		t.Fatal(err)
	}
	if u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/Sekisho 関所 & Co:hanako+1@example.jp" {
		t.Errorf("got %s://%s%s", u.Scheme, u.Host, u.Path)
	}
	if strings.Contains(u.RawQuery, "+") {
		t.Errorf("a space as plus in %q", u.RawQuery)
	}
	want := url.Values{
		"secret": {"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}, "issuer": {"Sekisho 関所 & Co"},
		"algorithm": {"SHA1"}, "digits": {"6"}, "period": {"30"},
	}
	if diff := cmp.Diff(want, u.Query()); diff != "" {
		t.Error(diff)
	}
}

// S-052: the typed key is the scanned one.
func TestKeyText(t *testing.T) {
	t.Parallel()
	if got := mfa.KeyText(rfcSecret); got != "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ" {
		t.Error(got)
	}
	secret := mfa.NewSecret()
	got, err := base32.StdEncoding.DecodeString(strings.ReplaceAll(mfa.KeyText(secret), " ", ""))
	if err != nil || string(got) != string(secret) || len(secret) != 20 {
		t.Errorf("%d bytes came back as %x, %v", len(secret), got, err)
	}
}
