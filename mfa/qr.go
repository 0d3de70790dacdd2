package mfa

import (
	"fmt"
	"image/color"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// QR draws a text as a QR code, error correction M: an SVG path in a square of
// size modules a side, dark modules filled. The quiet zone of four modules
// around it is the page's to leave. It fails when the text is too long for one.
func QR(text string) (path string, size int, err error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", 0, fmt.Errorf("encode QR code: %w", err)
	}
	size = code.Bounds().Dx()
	dark := func(x, y int) bool { return x < size && code.At(x, y) == color.Black }
	var b strings.Builder
	for y := range size {
		for x := 0; x < size; x++ {
			start := x
			for dark(x, y) {
				x++
			}
			if width := x - start; width > 0 {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", start, y, width, width)
			}
		}
	}
	return b.String(), size, nil
}
