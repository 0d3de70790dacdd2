package password

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// mostTail is how many digits and signs around a word are taken for
// decoration: enough for a date or a service's name with its year.
const mostTail = 8

// spell reports whether pw, as a whole, is made of the words: one or two of
// them with a few digits and signs around, or one or two numbers alone.
func (w Words) spell(pw string) bool {
	text := fold(pw)
	core := strings.TrimFunc(text, notLetter)
	if core == "" {
		return pair(digits(text), w.numbers())
	}
	if len([]rune(text))-len([]rune(core)) > mostTail {
		return false
	}
	return pair(squeeze(core), w.names())
}

// names are the words as letters and digits: the address, its parts, the parts
// of the name, the service.
func (w Words) names() []string {
	texts := append([]string{w.Email, w.Name, w.Service}, w.Others...)
	if local, _, ok := strings.Cut(w.Email, "@"); ok {
		texts = append(texts, local)
	}
	var names []string
	for _, t := range texts {
		t = fold(t)
		names = append(names, squeeze(t), strings.TrimFunc(squeeze(t), notLetter))
		for _, part := range strings.FieldsFunc(t, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }) {
			names = append(names, part, strings.TrimFunc(part, notLetter))
		}
	}
	return slices.DeleteFunc(names, func(s string) bool { return len(s) < 2 })
}

// numbers are the ways people write their birthdays and telephone numbers.
func (w Words) numbers() []string {
	var numbers []string
	for _, p := range w.Phones {
		all := digits(p)
		numbers = append(numbers, all)
		if national, ok := strings.CutPrefix(all, "81"); ok {
			numbers = append(numbers, national, "0"+national)
		}
	}
	if !w.Birthday.IsZero() {
		for _, layout := range []string{"20060102", "060102", "02012006", "020106", "01022006", "010206", "2006", "0102"} {
			numbers = append(numbers, w.Birthday.Format(layout))
		}
	}
	return numbers
}

// pair reports whether s is one of the words or two of them in a row.
func pair(s string, words []string) bool {
	for _, a := range words {
		rest, ok := strings.CutPrefix(s, a)
		if ok && a != "" && (rest == "" || slices.Contains(words, rest)) {
			return true
		}
	}
	return false
}

// fold makes spellings alike for comparison: case, width, compatibility forms.
func fold(s string) string { return strings.ToLower(norm.NFKC.String(s)) }

func squeeze(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			return c
		}
		return -1
	}, s)
}

func digits(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsDigit(c) {
			return c
		}
		return -1
	}, s)
}

func notLetter(c rune) bool { return !unicode.IsLetter(c) }
