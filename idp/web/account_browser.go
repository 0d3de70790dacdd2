package web

import "strings"

// deviceOf reads from a User-Agent header which machine and which browser it
// speaks of; either is empty when it does not say. It is for people's eyes only.
func deviceOf(userAgent string) (os, browser string) {
	return firstOf(userAgent, machines), firstOf(userAgent, browsers)
}

// mark is a word in the header and what it means; the first that is found counts.
type mark struct{ word, name string }

var (
	machines = []mark{
		{"iPhone", "iPhone"},
		{"iPad", "iPad"},
		{"Android", "Android"},
		{"CrOS", "Chromebook"},
		{"Windows", "Windows"},
		{"Macintosh", "Mac"},
		{"Linux", "Linux"},
	}
	// Most browsers also name the ones they descend from, so the order matters.
	browsers = []mark{
		{"Edg", "Edge"},
		{"OPR/", "Opera"},
		{"SamsungBrowser", "Samsung Internet"},
		{"FxiOS", "Firefox"},
		{"Firefox/", "Firefox"},
		{"CriOS", "Chrome"},
		{"HeadlessChrome", "Chrome"},
		{"Chrome/", "Chrome"},
		{"Safari/", "Safari"},
	}
)

func firstOf(s string, marks []mark) string {
	for _, m := range marks {
		if strings.Contains(s, m.word) {
			return m.name
		}
	}
	return ""
}
