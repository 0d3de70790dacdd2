package mfa_test

import (
	"fmt"
	"image/color"
	"regexp"
	"strings"
	"testing"

	"github.com/boombuler/barcode/qr"

	"github.com/sekisho-id/sekisho/mfa"
)

// S-048: the path, drawn again module by module, is the QR code of the same text.
func TestQRDrawsEveryModule(t *testing.T) {
	t.Parallel()
	text := mfa.KeyURI("Sekisho", "hanako@example.jp", rfcSecret)
	path, size, err := mfa.QR(text)
	if err != nil {
		t.Fatal(err)
	}
	want, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		t.Fatal(err)
	}
	if size != want.Bounds().Dx() || !strings.HasPrefix(path, "M0 0h7v1h-7z") {
		t.Fatalf("size %d, path %.20s", size, path)
	}
	dark := map[[2]int]bool{}
	for _, run := range regexp.MustCompile(`M[^M]+`).FindAllString(path, -1) {
		var x, y, w, back int
		if _, err := fmt.Sscanf(run, "M%d %dh%dv1h-%dz", &x, &y, &w, &back); err != nil || w != back {
			t.Fatalf("run %q: %v", run, err)
		}
		for i := range w {
			dark[[2]int{x + i, y}] = true
		}
	}
	for x := range size {
		for y := range size {
			if got := dark[[2]int{x, y}]; got != (want.At(x, y) == color.Black) {
				t.Fatalf("module %d,%d dark: %t", x, y, got)
			}
		}
	}
}

func TestQRRefusesALongText(t *testing.T) {
	t.Parallel()
	if _, _, err := mfa.QR(strings.Repeat("長い", 2000)); err == nil {
		t.Error("a text of 12000 bytes became a QR code")
	}
}
