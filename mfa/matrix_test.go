package mfa_test

import (
	"errors"
	"testing"

	"github.com/sekisho-id/sekisho/mfa"
)

// Requirements 1.B, with its negative rows.
func TestBackupMatrix(t *testing.T) {
	t.Parallel()
	const mine, other = "+819012345678", "+819087654321"
	main := func(ch mfa.Channel) mfa.Factor {
		f := mfa.Factor{ID: "m", Role: mfa.Primary, Channel: ch}
		if ch.Phone() {
			f.Number = mine
		}
		return f
	}
	for _, tc := range []struct {
		name    string
		primary mfa.Factor
		ch      mfa.Channel
		number  string
		want    error
	}{
		{"SMS, another mobile by SMS", main(mfa.SMS), mfa.SMS, other, nil},
		{"SMS, another phone by voice", main(mfa.SMS), mfa.Voice, other, nil},
		{"SMS, app", main(mfa.SMS), mfa.App, "", nil},
		{"voice, another mobile by SMS", main(mfa.Voice), mfa.SMS, other, nil},
		{"voice, another phone by voice", main(mfa.Voice), mfa.Voice, other, nil},
		{"voice, app", main(mfa.Voice), mfa.App, "", nil},
		{"app, SMS", main(mfa.App), mfa.SMS, mine, nil},
		{"app, voice", main(mfa.App), mfa.Voice, mine, nil},
		{"app, app", main(mfa.App), mfa.App, "", mfa.ErrAppTwice},
		{"SMS, same number by SMS", main(mfa.SMS), mfa.SMS, mine, mfa.ErrNumberSame},
		{"SMS, same number by voice", main(mfa.SMS), mfa.Voice, mine, mfa.ErrNumberSame},
		{"voice, same number by SMS", main(mfa.Voice), mfa.SMS, mine, mfa.ErrNumberSame},
		{"voice, same number by voice", main(mfa.Voice), mfa.Voice, mine, mfa.ErrNumberSame},
		{"backup before main", mfa.Factor{}, mfa.SMS, other, mfa.ErrNoPrimary},
		{"app before main", mfa.Factor{}, mfa.App, "", mfa.ErrNoPrimary},
		{"recovery code as main", main(mfa.RecoveryCode), mfa.SMS, other, mfa.ErrNoPrimary},
		{"recovery code as backup", main(mfa.SMS), mfa.RecoveryCode, "", mfa.ErrChoice},
		{"nothing chosen", main(mfa.SMS), "", other, mfa.ErrChoice},
		{"phone without number", main(mfa.SMS), mfa.SMS, "", mfa.ErrNumberEmpty},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if err := mfa.CheckBackup(tc.primary, tc.ch, tc.number); !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}
