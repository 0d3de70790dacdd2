package mfa

import "github.com/nyaruka/phonenumbers"

// Example is a number of a country (ISO 3166) that codes over ch could go to,
// in its national form, to show how numbers are typed there (S-039). Nobody
// has it. It is empty for what is no country.
func Example(iso string, ch Channel) string {
	if iso == "JP" && ch == SMS {
		return "090-1234-5678" // the library's own is one of the rarer prefixes
	}
	kind := phonenumbers.MOBILE
	if ch == Voice {
		kind = phonenumbers.FIXED_LINE
	}
	n := phonenumbers.GetExampleNumberForType(iso, kind)
	if n == nil {
		return ""
	}
	return phonenumbers.Format(n, phonenumbers.NATIONAL)
}
