package recovery

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"image/png"
	"regexp"
)

// Kind is a media type that evidence may have.
type Kind string

// The kinds. What a file is called, and what its sender says it is, counts for nothing.
const (
	JPEG Kind = "image/jpeg"
	PNG  Kind = "image/png"
	PDF  Kind = "application/pdf"
)

// Kinds are all there are.
var Kinds = []Kind{JPEG, PNG, PDF}

// Image reports whether a browser may draw it.
func (k Kind) Image() bool { return k == JPEG || k == PNG }

// HeadSize is how many bytes of a file tell what it is.
const HeadSize = 256 << 10

var (
	// ErrKind: the file is neither a picture nor a PDF that can be read.
	ErrKind = errors.New("not a picture or PDF")
	// ErrPixels: the picture is larger than anybody needs; opening it would cost
	// more memory than its bytes promise.
	ErrPixels = errors.New("picture has too many pixels")
)

var pdfHead = regexp.MustCompile(`^%PDF-[12]\.[0-9]`)

// Sniff tells the kind of a file from its first [HeadSize] bytes, or all of them
// if it is shorter. Only the header is read: nothing is decompressed.
func Sniff(head []byte, l Limits) (Kind, error) {
	if pdfHead.Match(head) {
		return PDF, nil
	}
	for kind, read := range map[Kind]func([]byte) (image.Config, error){
		JPEG: func(b []byte) (image.Config, error) { return jpeg.DecodeConfig(bytes.NewReader(b)) },
		PNG:  func(b []byte) (image.Config, error) { return png.DecodeConfig(bytes.NewReader(b)) },
	} {
		c, err := read(head)
		if err != nil {
			continue
		}
		if c.Width <= 0 || c.Height <= 0 || int64(c.Width)*int64(c.Height) > int64(l.Megapixels)*1_000_000 {
			return "", ErrPixels
		}
		return kind, nil
	}
	return "", ErrKind
}
