package mfa_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/mfa"
)

// ux 2.3.4, S-028, S-055, H-23, H-24.
func TestParsePhoneTakesWhatPeopleType(t *testing.T) {
	t.Parallel()
	mobile := mfa.Phone{E164: "+819012345678", Country: "JP", Kind: mfa.Mobile, National: "090-1234-5678"}
	fixed := func(e164, national string) mfa.Phone {
		return mfa.Phone{E164: e164, Country: "JP", Kind: mfa.Fixed, National: national}
	}
	for _, tc := range []struct {
		name, in string
		ch       mfa.Channel
		want     mfa.Phone
	}{
		{"with hyphens", "090-1234-5678", mfa.SMS, mobile},
		{"full width with long vowel marks", "０９０ー１２３４ー５６７８", mfa.SMS, mobile},
		{"full width", "０９０１２３４５６７８", mfa.SMS, mobile},
		{"bare", "09012345678", mfa.SMS, mobile},
		{"international", "+81 90-1234-5678", mfa.SMS, mobile},
		{"full-width plus", "＋８１　９０　１２３４　５６７８", mfa.SMS, mobile},
		{"trunk zero in brackets", "+81 (0)90 1234 5678", mfa.SMS, mobile},
		{"trunk zero in full-width brackets", "+81（0）90-1234-5678", mfa.SMS, mobile},
		{"without the zero", "90-1234-5678", mfa.SMS, mobile},
		{"dialled from Japan", "０１０－８１－９０－１２３４－５６７８", mfa.SMS, mobile},
		{"dialled from Europe (H-24)", "0081 90 1234 5678", mfa.SMS, mobile},
		{"direction marks of a contact app", "\u202d090 1234 5678\u202c", mfa.SMS, mobile},
		{"a mobile number for voice", "090.1234.5678", mfa.Voice, mobile},
		{
			"060 is mobile (H-23)", "060-1234-5678", mfa.SMS,
			mfa.Phone{E164: "+816012345678", Country: "JP", Kind: mfa.Mobile, National: "060-1234-5678"},
		},
		{
			"070", "070-1234-5678", mfa.SMS,
			mfa.Phone{E164: "+817012345678", Country: "JP", Kind: mfa.Mobile, National: "070-1234-5678"},
		},
		{"Tokyo", "03-1234-5678", mfa.Voice, fixed("+81312345678", "03-1234-5678")},
		{"Yokohama", "(045) 555-0134", mfa.Voice, fixed("+81455550134", "045-555-0134")},
		{"Nago", "0980-52-1234", mfa.Voice, fixed("+81980521234", "0980-52-1234")},
		{"Hakone", "0460(85)1234", mfa.Voice, fixed("+81460851234", "0460-85-1234")},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := mfa.ParsePhone("JP", tc.in, tc.ch, mfa.DefaultLimits())
			if err != nil {
				t.Fatalf("ParsePhone(%q): %v", tc.in, err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("ParsePhone(%q): %s", tc.in, diff)
			}
		})
	}
}

func TestParsePhoneRefuses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, in string
		ch       mfa.Channel
		want     error
	}{
		{"nothing", "", mfa.SMS, mfa.ErrNumberEmpty},
		{"a dash", " ー ", mfa.SMS, mfa.ErrNumberEmpty},
		{"no area code (S-105)", "1234-5678", mfa.Voice, mfa.ErrNumberArea},
		{"no area code, short town", "52-1234", mfa.Voice, mfa.ErrNumberArea},
		{"toll-free 0120 (T-31)", "0120-123-456", mfa.Voice, mfa.ErrNumberSpecial},
		{"toll-free 0800", "0800-123-4567", mfa.Voice, mfa.ErrNumberSpecial},
		{"navigation dial 0570", "0570-000-000", mfa.Voice, mfa.ErrNumberSpecial},
		{"premium 0990", "0990-123-456", mfa.Voice, mfa.ErrNumberSpecial},
		{"machines 020", "020-1234-5678", mfa.SMS, mfa.ErrNumberSpecial},
		{"carrier prefix 0088", "0088-22-1234", mfa.Voice, mfa.ErrNumberSpecial},
		{"IP phone 050 by SMS", "050-1234-5678", mfa.SMS, mfa.ErrNumberVoIP},
		{"IP phone 050 by voice (C-20)", "050-1234-5678", mfa.Voice, mfa.ErrNumberVoIP},
		{"SMS to a landline (S-028)", "03-1234-5678", mfa.SMS, mfa.ErrNumberSMS},
		{"mobile with a zero", "060-0123-4567", mfa.SMS, mfa.ErrNumberBad},
		{"a digit missing", "090-1234-567", mfa.SMS, mfa.ErrNumberBad},
		{"a digit too many", "090-1234-56789", mfa.SMS, mfa.ErrNumberBad},
		{"a letter", "090-1234-567x", mfa.SMS, mfa.ErrNumberBad},
		{"emergency", "110", mfa.Voice, mfa.ErrNumberBad},
		{"extension (H-24)", "03-1234-5678;ext=3", mfa.Voice, mfa.ErrNumberBad},
		{"extension in words", "03-1234-5678 ext. 3", mfa.Voice, mfa.ErrNumberBad},
		{"dialling pauses (H-24)", "03-1234-5678,,99", mfa.Voice, mfa.ErrNumberBad},
		{"hash", "090-1234-5678#9", mfa.Voice, mfa.ErrNumberBad},
		{"a calling code nobody has", "+999 1234 5678", mfa.SMS, mfa.ErrNumberBad},
		{"a number without end", strings.Repeat("090", 1000), mfa.SMS, mfa.ErrNumberBad},
		{"two plus signs", "++819012345678", mfa.SMS, mfa.ErrNumberBad},
		{"another country's code (ux 2.3.6)", "+1 415 555 0100", mfa.SMS, mfa.ErrNumberCC},
		{"another country, dialled", "010 44 7400 123456", mfa.SMS, mfa.ErrNumberCC},
		{"premium rate +979 (T-31)", "+979 1 2345 6789", mfa.Voice, mfa.ErrNumberCC},
		{"premium rate +1 900 (T-31)", "+1 900 234 5678", mfa.Voice, mfa.ErrNumberCC},
		{"personal number +44 70 (T-31)", "+44 70 1234 5678", mfa.Voice, mfa.ErrNumberCC},
		{"not a channel of phones", "090-1234-5678", mfa.App, mfa.ErrChoice},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := mfa.ParsePhone("JP", tc.in, tc.ch, mfa.DefaultLimits())
			if !errors.Is(err, tc.want) || got != (mfa.Phone{}) {
				t.Errorf("ParsePhone(%q, %s) = %+v, %v; want %v", tc.in, tc.ch, got, err, tc.want)
			}
		})
	}
}

func TestParsePhoneAbroad(t *testing.T) {
	t.Parallel()
	l := mfa.DefaultLimits()
	l.Countries = []string{"JP", "US", "GB", "FR"}
	for _, tc := range []struct {
		name, country, in string
		ch                mfa.Channel
		want              string
		err               error
	}{
		{"British mobile", "GB", "07400 123456", mfa.SMS, "+447400123456", nil},
		{"British landline by SMS", "GB", "020 7946 0018", mfa.SMS, "", mfa.ErrNumberSMS},
		{"French mobile", "FR", "06 12 34 56 78", mfa.SMS, "+33612345678", nil},
		{"American number, of either kind", "US", "(415) 555-2671", mfa.SMS, "+14155552671", nil},
		{"American number without area code", "US", "555-2671", mfa.SMS, "", mfa.ErrNumberArea},
		{"premium rate +1 900 (T-31)", "US", "+1 900 234 5678", mfa.Voice, "", mfa.ErrNumberSpecial},
		{"toll-free", "US", "+1 800 234 5678", mfa.Voice, "", mfa.ErrNumberSpecial},
		{"personal number +44 70 (T-31)", "GB", "+44 70 1234 5678", mfa.Voice, "", mfa.ErrNumberSpecial},
		{"another country under +1 (T-31)", "US", "+1 809 555 1234", mfa.SMS, "", mfa.ErrNumberCountry},
		{"an island under +44", "GB", "+44 7797 712345", mfa.SMS, "", mfa.ErrNumberCountry},
		{"a country not allowed (C-18)", "NG", "0802 123 4567", mfa.SMS, "", mfa.ErrNumberCountry},
		{"no country", "", "090-1234-5678", mfa.SMS, "", mfa.ErrNumberCountry},
		{"Japanese number, France chosen", "FR", "+81 90 1234 5678", mfa.SMS, "", mfa.ErrNumberCC},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := mfa.ParsePhone(tc.country, tc.in, tc.ch, l)
			if got.E164 != tc.want || !errors.Is(err, tc.err) {
				t.Errorf("ParsePhone(%s, %q) = %q, %v; want %q, %v", tc.country, tc.in, got.E164, err, tc.want, tc.err)
			}
		})
	}
}

// C-20, N-26: IP phones only by voice, and only where the operator allows them.
func TestIPPhoneByVoiceWhenAllowed(t *testing.T) {
	t.Parallel()
	l := mfa.DefaultLimits()
	l.AllowVoIP = true
	got, err := mfa.ParsePhone("JP", "050-1234-5678", mfa.Voice, l)
	if err != nil || got.Kind != mfa.VoIP {
		t.Errorf("by voice: %+v, %v", got, err)
	}
	if _, err := mfa.ParsePhone("JP", "050-1234-5678", mfa.SMS, l); !errors.Is(err, mfa.ErrNumberSMS) {
		t.Errorf("by SMS: %v", err)
	}
}

func FuzzParsePhone(f *testing.F) {
	for _, s := range []string{"090-1234-5678", "+81 (0)90 1234 5678", "0081312345678", "1234-5678", "0120", ";ext=1", "+979123456789", "060１２３４５６７８"} {
		f.Add("JP", s)
		f.Add("US", s)
	}
	l := mfa.DefaultLimits()
	l.Countries = []string{"JP", "US", "GB", "IT"}
	f.Fuzz(func(t *testing.T, country, in string) {
		got, err := mfa.ParsePhone(country, in, mfa.Voice, l)
		if err != nil {
			return
		}
		if len(got.E164) > 16 || !strings.HasPrefix(got.E164, "+") || strings.Trim(got.E164[1:], "0123456789") != "" {
			t.Fatalf("ParsePhone(%q) = %q, not E.164", in, got.E164)
		}
		if got.Kind == mfa.VoIP {
			t.Fatalf("ParsePhone(%q) is an IP phone", in)
		}
		// What is kept and what is shown name the same number.
		for _, again := range []string{got.E164, got.National} {
			if p, err := mfa.ParsePhone(got.Country, again, mfa.Voice, l); err != nil || p.E164 != got.E164 {
				t.Fatalf("%q became %q, and %q again %q, %v", in, got.E164, again, p.E164, err)
			}
		}
	})
}
