package signin_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
)

// with is plain with facts.
func with(all ...fact) signin.Facts {
	f := plain()
	for _, do := range all {
		do(&f)
	}
	return f
}

func page(f signin.Facts) signin.Page { return signin.Decide(f).Page }

// T-12: the code page can't be skipped, whatever is asked in between.
func TestPasswordAloneIsNeverEnoughWithTwoStepOn(t *testing.T) {
	t.Parallel()
	if got := page(with(on)); got != signin.PageCode {
		t.Errorf("got %s, want the code page", got)
	}
}

// T-13: a session of the buyer app does not open the seller app.
func TestSessionOfOneClientDoesNotSatisfyAnother(t *testing.T) {
	t.Parallel()
	buyer := with(on, device)
	if got := page(buyer); got != signin.PageDone {
		t.Fatalf("buyer app: got %s, want done", got)
	}
	seller := buyer
	seller.Rules.MinACR = signin.LevelTwoStep.ACR()
	if got := page(seller); got != signin.PageCode {
		t.Errorf("seller app: got %s, want the code page", got)
	}
}

// S-111: "later" is an answer before the date only.
func TestEnrolmentCannotBePutOffPastTheDate(t *testing.T) {
	t.Parallel()
	for _, f := range []signin.Facts{with(passed, putOff), with(passed, putOff, values(signin.LevelTwoStep))} {
		if s := signin.Decide(f); s.Page != signin.PageEnrol || s.PutOff {
			t.Errorf("got %+v, want a set-up that cannot be put off", s)
		}
	}
}

// S-101, N-56: a stolen trusted browser opens no step-up.
func TestTrustedDeviceDoesNotSatisfyStepUp(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]signin.Facts{
		"acr_values": with(on, device, values(signin.LevelTwoStep)),
		"essential":  with(on, device, essential(signin.LevelTwoStep)),
		"min_acr":    with(on, device, minACR(signin.LevelTwoStep.ACR())),
		"sudo":       with(on, device, sudo),
	} {
		s := signin.Decide(f)
		if s.Page != signin.PageCode || s.TrustOffered {
			t.Errorf("%s: got %+v, want the code page without an offer to trust", name, s)
		}
	}
}

// T-15: a single sign-on session can't pass for a fresh sign-in, even when it
// began in the very second of the request.
func TestSessionOfTheSameSecondIsNotALogin(t *testing.T) {
	t.Parallel()
	session := signin.Proofs{Subject: "hana", Session: true, PasswordAt: created, CodeAt: created, DeviceAt: created, Channel: mfa.SMS}
	for _, f := range []signin.Facts{with(login), with(maxAge(0))} {
		f.Proofs = signin.Gather(f.Request, session, signin.Proofs{})
		if s := signin.Decide(f); s.Page != signin.PagePassword || s.Reason != signin.ReasonLogin {
			t.Errorf("got %+v, want the password page by prompt_login", s)
		}
	}
}

// O-27: somebody else's sign-in inherits nothing from the session before it.
func TestProofsOfTwoPeopleAreNotMerged(t *testing.T) {
	t.Parallel()
	session := signin.Proofs{
		Subject: "hana", Session: true, PasswordAt: ago(time.Hour), CodeAt: ago(time.Hour), Channel: mfa.App, SeenAt: now,
	}
	here := signin.Proofs{Subject: "jiro", PasswordAt: now}
	got := signin.Gather(signin.Request{}, session, here)
	want := signin.Proofs{Subject: "jiro", PasswordAt: now, Selected: true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// S-103, S-126: a device that was trusted before is asked for anew with each password.
func TestTrustedDeviceDoesNotOutliveItsPassword(t *testing.T) {
	t.Parallel()
	session := signin.Proofs{Subject: "hana", Session: true, PasswordAt: ago(time.Hour), DeviceAt: ago(time.Hour), SeenAt: now}
	f := with(on)
	f.Proofs = signin.Gather(f.Request, session, signin.Proofs{Subject: "hana", PasswordAt: now})
	if got := page(f); got != signin.PageCode {
		t.Errorf("got %s, want the code page", got)
	}
}

// T-40: a stolen session cookie binds no factor, not even through a client that asks for one.
func TestStolenSessionCannotSetUpAFactor(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]signin.Facts{
		"date passed": with(passed, password(11*time.Minute)),
		"acr_values":  with(values(signin.LevelTwoStep), password(11*time.Minute)),
		"no backup":   with(noBackup, password(11*time.Minute), code(11*time.Minute)),
	} {
		if got := page(f); got != signin.PagePassword {
			t.Errorf("%s: got %s, want the password page", name, got)
		}
	}
}

// A passkey that verified the person is a sign-in of its own: it reports no
// password that was typed before it, and its moment is auth_time (O-25).
func TestPasskeyReplacesWhatWasProvedBefore(t *testing.T) {
	t.Parallel()
	session := signin.Proofs{
		Subject: "hana", Session: true, SeenAt: now, PasswordAt: ago(time.Hour), CodeAt: ago(time.Hour), Channel: mfa.SMS, DeviceAt: ago(time.Hour),
	}
	key := signin.Passkey{At: now, Verified: true, Synced: true}
	got := signin.Gather(signin.Request{}, session, signin.Proofs{Subject: "hana", Passkey: key})
	want := signin.Proofs{Subject: "hana", Session: true, SeenAt: now, Passkey: key, Selected: true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !got.AuthTime().Equal(now) {
		t.Errorf("auth_time %s, want %s", got.AuthTime(), now)
	}
	second := signin.Gather(signin.Request{}, session, signin.Proofs{Subject: "hana", Passkey: signin.Passkey{At: now}})
	if !second.PasswordAt.Equal(ago(time.Hour)) || !second.AuthTime().Equal(ago(time.Hour)) {
		t.Errorf("a touched key moved the password: %+v", second)
	}
}

// T-40, N-46: whoever knows only the password makes no passkey for somebody who has a second step.
func TestPasswordAloneMakesNoPasskey(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]signin.Facts{
		"essential, 2SV on":    with(essential(signin.LevelPhishingResistant), on),
		"offered before codes": with(able, on),
		"offered, trusted":     with(able, on, device),
	} {
		if s := signin.Decide(f); s.Page == signin.PageNewPasskey || s.Page == signin.PageOffer {
			t.Errorf("%s: got %+v", name, s)
		}
	}
}

func TestGatherUnitesSessionAndSignIn(t *testing.T) {
	t.Parallel()
	session := signin.Proofs{
		Subject: "hana", Session: true, SeenAt: now, PasswordAt: ago(time.Hour),
		CodeAt: ago(2 * time.Hour), Channel: mfa.SMS, DeviceAt: ago(time.Hour), Selected: true, PutOff: true, Consented: true,
	}
	tests := []struct {
		name    string
		request signin.Request
		here    signin.Proofs
		want    signin.Proofs
	}{
		{
			name: "answers come from the sign-in only",
			want: signin.Proofs{
				Subject: "hana", Session: true, SeenAt: now, PasswordAt: ago(time.Hour),
				CodeAt: ago(2 * time.Hour), Channel: mfa.SMS, DeviceAt: ago(time.Hour),
			},
		},
		{
			name: "a code in the sign-in leaves the password of the session",
			here: signin.Proofs{Subject: "hana", CodeAt: now, Channel: mfa.App, PutOff: true},
			want: signin.Proofs{
				Subject: "hana", Session: true, SeenAt: now, PasswordAt: ago(time.Hour),
				CodeAt: now, Channel: mfa.App, DeviceAt: ago(time.Hour), PutOff: true,
			},
		},
		{
			name: "a password in the sign-in leaves the code of the session (N-54)",
			here: signin.Proofs{Subject: "hana", PasswordAt: now, Consented: true},
			want: signin.Proofs{
				Subject: "hana", Session: true, SeenAt: now, PasswordAt: now,
				CodeAt: ago(2 * time.Hour), Channel: mfa.SMS, Selected: true, Consented: true,
			},
		},
		{
			name:    "prompt=login takes the person from the session and no proof",
			request: signin.Request{Login: true},
			here:    signin.Proofs{Subject: "hana", PasswordAt: now, DeviceAt: now},
			want:    signin.Proofs{Subject: "hana", Session: true, SeenAt: now, PasswordAt: now, DeviceAt: now, Selected: true},
		},
		{
			name: "another account was chosen and has proved nothing yet",
			here: signin.Proofs{Subject: "jiro", Selected: true},
			want: signin.Proofs{Subject: "jiro", Selected: true},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, signin.Gather(tt.request, session, tt.here)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
