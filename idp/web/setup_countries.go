package web

import (
	"slices"
	"strings"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/templates"
)

// firstCountry is on top of the list and chosen (S-031).
const firstCountry = "JP"

// countryRows names countries in the page's language, Japan first, then by name (ux 2.2).
func countryRows(lang string, list []mfa.Country) []templates.CountryRow {
	tag := language.Make(lang)
	names := display.Regions(tag)
	rows := make([]templates.CountryRow, 0, len(list))
	for _, c := range list {
		region, err := language.ParseRegion(c.ISO)
		if err != nil {
			continue
		}
		rows = append(rows, templates.CountryRow{ISO: c.ISO, Name: names.Name(region), Prefix: c.Prefix, Example: mfa.Example(c.ISO, mfa.SMS)})
	}
	order := collate.New(tag)
	slices.SortStableFunc(rows, func(a, b templates.CountryRow) int {
		switch firstCountry {
		case a.ISO:
			return -1
		case b.ISO:
			return 1
		}
		return order.CompareString(a.Name, b.Name)
	})
	return rows
}

// example is the example number of the country that is chosen (S-039).
func example(p templates.SetupPage) string {
	for _, row := range p.Countries {
		if row.ISO == p.Country {
			return row.Example
		}
	}
	if len(p.Countries) > 0 {
		return p.Countries[0].Example
	}
	return ""
}

// countryOf is the country a number of ours was accepted for.
func countryOf(e164 string, list []mfa.Country) string {
	for _, c := range list {
		if strings.HasPrefix(e164, c.Prefix) {
			return c.ISO
		}
	}
	return firstCountry
}
