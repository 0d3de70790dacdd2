package send

import (
	"strings"
	"unicode/utf16"
)

// The characters of a text message that take one and two places in the GSM 7-bit
// alphabet (3GPP TS 23.038). One character outside of it makes the whole message UCS-2.
const (
	gsmSingle = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmDouble = "\f^{}\\[~]|€"
)

// Segments counts the parts a text message is sent and charged in, and the
// places it takes: GSM 7-bit septets, 160 in one part and 153 in each of
// several, or else UTF-16 units, 70 and 67 (H-26). No pair is split between
// parts. An empty text has none of either.
func Segments(text string) (segments, chars int) {
	single, part, widths := 160, 153, make([]int, 0, len(text))
	for _, r := range text {
		switch {
		case strings.ContainsRune(gsmSingle, r):
			widths = append(widths, 1)
		case strings.ContainsRune(gsmDouble, r):
			widths = append(widths, 2)
		default:
			return count(70, 67, unicodeWidths(text))
		}
	}
	return count(single, part, widths)
}

func unicodeWidths(text string) []int {
	widths := make([]int, 0, len(text))
	for _, r := range text {
		widths = append(widths, max(1, utf16.RuneLen(r)))
	}
	return widths
}

func count(single, part int, widths []int) (segments, chars int) {
	for _, w := range widths {
		chars += w
	}
	if chars == 0 {
		return 0, 0
	}
	if chars <= single {
		return 1, chars
	}
	room := 0
	for _, w := range widths {
		if w > room {
			segments++
			room = part
		}
		room -= w
	}
	return segments, chars
}
