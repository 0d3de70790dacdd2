package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// least is the shortest password that any rule admits (N-07).
const least = 8

// set collects passwords; add leaves out what is too short.
type set map[string]struct{}

func (s set) add(pw string) {
	if utf8.RuneCountInString(pw) >= least {
		s[pw] = struct{}{}
	}
}

// list is all patterns spelt out, sorted, in lower case.
func list() []string {
	s := set{}
	favourites := strings.Fields(favourites)
	for _, w := range favourites {
		s.decorate(w, slices.Concat(tails, years("%d", "%d!", "@%d"), pairs()))
		for _, l := range leet(w) {
			s.decorate(l, counts)
		}
		for _, v := range favourites {
			s.add(w + v)
			s.add(w + v + "1")
			s.add(w + v + "123")
		}
	}
	for _, w := range strings.Fields(words + " " + names) {
		s.decorate(w, slices.Concat(counts, years("%d")))
		s.add(w + w)
	}
	for p := range strings.Lines(phrases) {
		p = strings.TrimSpace(p)
		s.add(p)
		s.decorate(strings.ReplaceAll(p, " ", ""), counts)
	}
	s.walks()
	s.repetitions()
	s.dates()
	return slices.Sorted(maps.Keys(s))
}

// decorate adds a word with each tail, and with a count before it.
func (s set) decorate(word string, tails []string) {
	for _, t := range tails {
		s.add(word + t)
	}
	for _, head := range []string{"1", "12", "123", "1234", "my", "the"} {
		s.add(head + word)
	}
}

// years are those that a living person may choose, in each format.
func years(formats ...string) []string {
	var all []string
	for year := 1960; year <= 2030; year++ {
		for _, f := range formats {
			all = append(all, fmt.Sprintf(f, year))
		}
	}
	return all
}

// pairs are all tails of two digits.
func pairs() []string {
	var all []string
	for n := range 100 {
		all = append(all, fmt.Sprintf("%02d", n))
	}
	return all
}

// leet swaps letters for digits and signs: each swap alone, and all of them.
func leet(w string) []string {
	swaps := [][2]string{{"a", "@"}, {"a", "4"}, {"o", "0"}, {"i", "1"}, {"i", "!"}, {"l", "1"}, {"e", "3"}, {"s", "$"}, {"s", "5"}, {"t", "7"}}
	var out []string
	for i, x := range swaps {
		one := strings.ReplaceAll(w, x[0], x[1])
		out = append(out, one)
		for _, y := range swaps[i+1:] {
			out = append(out, strings.ReplaceAll(one, y[0], y[1]))
		}
	}
	return append(out,
		strings.NewReplacer("a", "@", "o", "0", "i", "1", "e", "3", "s", "$").Replace(w),
		strings.NewReplacer("a", "4", "o", "0", "i", "1", "e", "3", "s", "5", "t", "7").Replace(w))
}

// walks are runs over rows, columns and diagonals of the keyboard and over the
// alphabet, forwards and backwards, begun anywhere; those from the start of a
// row also doubled, there and back, and with a tail. Short runs are joined.
func (s set) walks() {
	for _, row := range strings.Fields(rows) {
		for _, way := range []string{row, backwards(row)} {
			round := way + way
			for from := range way {
				for n := least; n <= min(len(way), 20); n++ {
					s.add(round[from : from+n])
				}
			}
			for n := 3; n <= len(way); n++ {
				s.add(way[:n] + way[:n])
				s.add(way[:n] + backwards(way[:n]))
				s.decorate(way[:n], counts)
			}
		}
	}
	for _, a := range strings.Fields(runs) {
		for _, b := range strings.Fields(runs) {
			s.add(a + b)
			s.add(a + b + a)
			s.add(a + b + "123")
		}
	}
}

// repetitions are one to four characters again and again.
func (s set) repetitions() {
	const alphabet, signs = "abcdefghijklmnopqrstuvwxyz0123456789", "!@#$%^&*()-_=+.,:;?~/ "
	for _, c := range alphabet + signs {
		for n := least; n <= 24; n++ {
			s.add(strings.Repeat(string(c), n))
		}
	}
	for i, c := range alphabet {
		for j, d := range alphabet {
			pair := string([]rune{c, d})
			for n := 4; n <= 10; n++ {
				s.add(strings.Repeat(pair, n))
			}
			if (i < 26) == (j < 26) {
				s.add(strings.Repeat(string(c), 4) + strings.Repeat(string(d), 4))
			}
		}
	}
	for n := range 1000 {
		s.add(strings.Repeat(fmt.Sprintf("%03d", n), 3))
		s.add(strings.Repeat(fmt.Sprintf("%03d", n), 5))
	}
	for n := range 10_000 {
		s.add(strings.Repeat(fmt.Sprintf("%04d", n), 2))
	}
	for _, abc := range strings.Fields("abc asd qwe zxc qaz xyz aaa") {
		for n := range 100 {
			s.add(fmt.Sprintf("%s%02d%s%02d", abc, n, abc, n))
		}
		for n := range 1000 {
			s.add(fmt.Sprintf("%s%03d%s", abc, n, abc))
		}
	}
}

// dates are the days of the years that a living person may be born in, as
// people write them in Japan, and the days of each year as Europe does.
func (s set) dates() {
	for year := 1940; year <= 2030; year++ {
		for month := 1; month <= 12; month++ {
			for day := 1; day <= 31; day++ {
				s.add(fmt.Sprintf("%04d%02d%02d", year, month, day))
				s.add(fmt.Sprintf("%02d%02d%04d", day, month, year))
			}
		}
	}
}

func backwards(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}
