package recovery_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"testing"

	"github.com/sekisho-id/sekisho/idp/recovery"
)

func picture(t *testing.T, write func(*bytes.Buffer, image.Image) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t *testing.T) []byte {
	return picture(t, func(b *bytes.Buffer, m image.Image) error { return png.Encode(b, m) })
}

func jpegOf(t *testing.T) []byte {
	return picture(t, func(b *bytes.Buffer, m image.Image) error { return jpeg.Encode(b, m, nil) })
}

// bomb is a PNG of a few bytes that claims to be enormous.
func bomb(t *testing.T, width, height uint32) []byte {
	raw := pngOf(t)
	binary.BigEndian.PutUint32(raw[16:], width)
	binary.BigEndian.PutUint32(raw[20:], height)
	binary.BigEndian.PutUint32(raw[29:], crc32.ChecksumIEEE(raw[12:29]))
	return raw
}

// T-42: the content says what a file is; what is neither picture nor PDF is refused.
func TestEvidenceIsKnownByItsContent(t *testing.T) {
	t.Parallel()
	pdf := []byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj")
	svg := []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`)
	for _, c := range []struct {
		name string
		head []byte
		want recovery.Kind
		err  error
	}{
		{"a photograph", jpegOf(t), recovery.JPEG, nil},
		{"a screenshot", pngOf(t), recovery.PNG, nil},
		{"a scan", pdf, recovery.PDF, nil},
		{"a photograph with a page after it", append(jpegOf(t), "<script>alert(1)</script>"...), recovery.JPEG, nil},
		{"a page", []byte("<!doctype html><script>alert(1)</script>"), "", recovery.ErrKind},
		{"an SVG", svg, "", recovery.ErrKind},
		{"an SVG that says it is XML", append([]byte("<?xml version=\"1.0\"?>"), svg...), "", recovery.ErrKind},
		{"a page before a PDF", append([]byte("<html>"), pdf...), "", recovery.ErrKind},
		{"a GIF that is a script", []byte("GIF89a/*...*/=alert(1)//"), "", recovery.ErrKind},
		{"a zip bomb", []byte("PK\x03\x04\x14\x00\x00\x00\x08\x00"), "", recovery.ErrKind},
		{"a gzip", []byte("\x1f\x8b\x08\x00"), "", recovery.ErrKind},
		{"an archive with a picture's name", []byte("\x89PNG\r\n"), "", recovery.ErrKind},
		{"the first bytes of a photograph", jpegOf(t)[:20], "", recovery.ErrKind},
		{"nothing", nil, "", recovery.ErrKind},
		{"a picture of 2,500,000,000 pixels", bomb(t, 50_000, 50_000), "", recovery.ErrPixels},
		{"a picture whose pixels overflow", bomb(t, 1<<31-1, 1<<31-1), "", nil},
	} {
		got, err := recovery.Sniff(c.head, limits)
		if c.want == "" && c.err == nil { // any refusal will do
			if err == nil {
				t.Errorf("%s: taken as %s", c.name, got)
			}
			continue
		}
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: got %q, %v; want %q, %v", c.name, got, err, c.want, c.err)
		}
	}
}

func FuzzSniffTakesNothingElse(f *testing.F) {
	f.Add([]byte("%PDF-1.4"))
	f.Add([]byte("\x89PNG\r\n\x1a\n"))
	f.Add([]byte("\xff\xd8\xff\xe0"))
	f.Add([]byte("<svg/>"))
	heads := map[recovery.Kind]string{recovery.PDF: "%PDF-", recovery.PNG: "\x89PNG\r\n\x1a\n", recovery.JPEG: "\xff\xd8"}
	f.Fuzz(func(t *testing.T, head []byte) {
		kind, err := recovery.Sniff(head, recovery.DefaultLimits())
		if err == nil && (heads[kind] == "" || !bytes.HasPrefix(head, []byte(heads[kind]))) {
			t.Errorf("%q is taken as %q", head, kind)
		}
	})
}
