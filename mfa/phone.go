package mfa

import (
	"regexp"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// LineKind says what is at the other end of a number.
type LineKind string

// The kinds of line. A number that may be either mobile or fixed, as in North
// America, counts as mobile (C-19).
const (
	Mobile LineKind = "mobile"
	Fixed  LineKind = "fixed"
	VoIP   LineKind = "voip"
)

// Phone is a number that codes may be sent to.
type Phone struct {
	// E164 is the form that is kept and compared: "+819012345678".
	E164 string
	// Country is the ISO 3166 code of the number itself: "JP".
	Country string
	Kind    LineKind
	// National is the form its owner knows: "090-1234-5678" (ux 2.3).
	National string
}

// japaneseMobile and japaneseSpecial are about national significant numbers,
// without the leading zero.
var (
	// H-23: 060 mobile numbers are in service but not yet in the library's tables.
	japaneseMobile = regexp.MustCompile(`^60[1-9][0-9]{7}$`)
	// Toll-free, shared-cost, premium, pager and machine numbers, and carrier
	// prefixes. A fourth digit 0 sets 0800 apart from mobile numbers (T-31).
	japaneseSpecial = regexp.MustCompile(`^(0|120|170|180|20|570|800|990)`)
)

// japan is Japan's calling code.
const japan = 81

// ParsePhone reads a number as its owner types it, in a country chosen from
// the list, for codes over ch. Punctuation and full-width forms do not matter;
// extensions and pauses are refused (H-24). The errors are the ErrNumber ones,
// except those about other people's and other methods' numbers.
func ParsePhone(country, in string, ch Channel, l Limits) (Phone, error) {
	s := strings.NewReplacer("-", "", "(", "", ")", "", ".", "", "/", "").Replace(Fold(in))
	cc := phonenumbers.GetCountryCodeForRegion(country)
	switch {
	case s == "":
		return Phone{}, ErrNumberEmpty
	case cc == 0 || !slices.Contains(l.Countries, country):
		return Phone{}, ErrNumberCountry
	case !onlyDigits(strings.TrimPrefix(s, "+")):
		return Phone{}, ErrNumberBad // also ";ext=" and dialling pauses, which the library would read (H-24, T-31)
	}
	// H-24: from abroad 0081 is typed for +81, which the library takes for a national number.
	if rest, ok := strings.CutPrefix(s, "00"+itoa(cc)); ok {
		s = "+" + itoa(cc) + rest
	}
	n, err := phonenumbers.Parse(s, country)
	switch {
	case err != nil:
		return Phone{}, ErrNumberBad
	case int(n.GetCountryCode()) != cc:
		return Phone{}, ErrNumberCC
	case lacksArea(s, n):
		return Phone{}, ErrNumberArea
	}
	kind, err := lineKind(n)
	if err != nil {
		return Phone{}, err
	}
	region := phonenumbers.GetRegionCodeForNumber(n)
	// One calling code serves many countries: +1 809 is not the United States (T-31, C-18).
	if !slices.Contains(l.Countries, region) {
		return Phone{}, ErrNumberCountry
	}
	if err := reachable(kind, ch, l); err != nil {
		return Phone{}, err
	}
	e164 := phonenumbers.Format(n, phonenumbers.E164)
	return Phone{E164: e164, Country: region, Kind: kind, National: National(e164)}, nil
}

// lacksArea reports whether a number was typed as one dials it within the town (S-105).
// The library finds "1234-5678" possible in Japan, so its length decides there.
func lacksArea(typed string, n *phonenumbers.PhoneNumber) bool {
	if n.GetCountryCode() == japan {
		return typed[0] != '+' && typed[0] != '0' && len(typed) >= 5 && len(typed) <= 8
	}
	return phonenumbers.IsPossibleNumberWithReason(n) == phonenumbers.IS_POSSIBLE_LOCAL_ONLY
}

// lineKind refuses what is no number or a special one, and sorts the others.
func lineKind(n *phonenumbers.PhoneNumber) (LineKind, error) {
	if n.GetCountryCode() == japan {
		switch national := phonenumbers.GetNationalSignificantNumber(n); {
		case japaneseMobile.MatchString(national):
			return Mobile, nil
		case japaneseSpecial.MatchString(national):
			return "", ErrNumberSpecial
		}
	}
	switch phonenumbers.GetNumberType(n) {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE:
		return Mobile, nil
	case phonenumbers.FIXED_LINE:
		return Fixed, nil
	case phonenumbers.VOIP:
		return VoIP, nil
	case phonenumbers.TOLL_FREE, phonenumbers.PREMIUM_RATE, phonenumbers.SHARED_COST, phonenumbers.PERSONAL_NUMBER,
		phonenumbers.PAGER, phonenumbers.UAN, phonenumbers.VOICEMAIL:
		return "", ErrNumberSpecial // T-31
	case phonenumbers.UNKNOWN:
	}
	return "", ErrNumberBad
}

// reachable reports whether codes over ch may go to such a line (S-028, C-19, C-20).
func reachable(kind LineKind, ch Channel, l Limits) error {
	switch {
	case !ch.Phone():
		return ErrChoice
	case kind == VoIP && !l.AllowVoIP:
		return ErrNumberVoIP // N-26: not even by voice, so that must not be suggested
	case ch == SMS && kind != Mobile:
		return ErrNumberSMS
	}
	return nil
}
