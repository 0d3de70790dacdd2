package mfa

import (
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Country is one that codes are sent to.
type Country struct {
	// ISO is the ISO 3166 code, Prefix the calling code with its plus.
	ISO, Prefix string
}

// Countries are the countries one may choose (C-18, S-031), in the order configured.
// Codes that are no country's are left out.
func Countries(l Limits) []Country {
	out := make([]Country, 0, len(l.Countries))
	for _, iso := range l.Countries {
		if cc := phonenumbers.GetCountryCodeForRegion(iso); cc != 0 {
			out = append(out, Country{ISO: iso, Prefix: "+" + itoa(cc)})
		}
	}
	return out
}

// SameNumber reports whether two E.164 numbers are one (S-055). How a number
// was typed does not matter, since [ParsePhone] made both. No number equals
// the empty one.
func SameNumber(a, b string) bool { return a != "" && a == b }

// Prefix is an E.164 number without its last four digits: sends are counted
// by it, because pumping fraud walks through neighbouring numbers (C-17, T-31).
func Prefix(e164 string) string { return e164[:max(0, len(e164)-4)] }

// CountryOf is the ISO 3166 code of an E.164 number, empty for one of no country.
func CountryOf(e164 string) string {
	n, err := phonenumbers.Parse(e164, "")
	if err != nil {
		return ""
	}
	return phonenumbers.GetRegionCodeForNumber(n)
}

// Tail is the last n digits of an E.164 number: two before the second step,
// four after (ux 2.6).
func Tail(e164 string, n int) string {
	digits := strings.TrimPrefix(e164, "+")
	return digits[max(0, len(digits)-n):]
}

// National is an E.164 number in the form its owner knows: "090-1234-5678".
// What is no number stays as it is.
func National(e164 string) string {
	n, err := phonenumbers.Parse(e164, "")
	if err != nil {
		return e164
	}
	return phonenumbers.Format(n, phonenumbers.NATIONAL)
}

// Masked is an E.164 number in its national form with the middle hidden:
// "090-••••-5678", "045-•••-0134". Its first group and its last four digits
// stay, unless that would hide fewer than two digits: then only the last two stay.
func Masked(e164 string) string {
	national := []rune(National(e164))
	var digits, first int
	for i, inFirst := 0, true; i < len(national); i++ {
		switch {
		case isDigit(national[i]):
			digits++
			if inFirst {
				first++
			}
		case digits > 0:
			inFirst = false
		}
	}
	last := 4
	if digits-first-last < 2 {
		first, last = 0, 2
	}
	seen := 0
	for i, r := range national {
		if isDigit(r) {
			if seen >= first && seen < digits-last {
				national[i] = '•'
			}
			seen++
		}
	}
	return string(national)
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

func itoa(n int) string { return strconv.Itoa(n) }
