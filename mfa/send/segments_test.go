package send_test

import (
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/mfa/send"
)

func TestSegments(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, text      string
		segments, chars int
	}{
		{"nothing", "", 0, 0},
		{"GSM, full", strings.Repeat("a", 160), 1, 160},
		{"GSM, one too many", strings.Repeat("a", 161), 2, 161},
		{"GSM, two full", strings.Repeat("a", 306), 2, 306},
		{"GSM, three", strings.Repeat("a", 307), 3, 307},
		{"an escaped character takes two", "€", 1, 2},
		{"a pair is not split", strings.Repeat("a", 152) + "€" + strings.Repeat("a", 152), 3, 306},
		{"UCS-2, full", strings.Repeat("あ", 70), 1, 70},
		{"UCS-2, one too many", strings.Repeat("あ", 71), 2, 71},
		{"UCS-2, two full", strings.Repeat("あ", 134), 2, 134},
		{"a surrogate pair takes two", "😀", 1, 2},
		{"a surrogate pair is not split", strings.Repeat("あ", 66) + "😀" + strings.Repeat("あ", 66), 3, 134},
		{"the English code", "482913 is your Sekisho code (10 min). Never share it.\n@id.example.jp #482913", 1, 76},
		{"the Japanese code (H-26)", "【Sekisho】認証コード 482913（10分間有効）\nだれにも教えないでください\n@id.example.jp #482913", 1, 66},
		{"broken text", "\xff", 1, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if segments, chars := send.Segments(tc.text); segments != tc.segments || chars != tc.chars {
				t.Errorf("got %d of %d chars, want %d of %d", segments, chars, tc.segments, tc.chars)
			}
		})
	}
}
