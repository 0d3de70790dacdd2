package web_test

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"testing"
)

// colours is how many colours a picture has: four bits for a pixel.
const colours = 16

// small is a picture of a page in few colours: a fraction of the bytes, and
// hardly an eye can tell.
func small(t *testing.T, raw []byte) []byte {
	t.Helper()
	full, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	rgba := image.NewRGBA(full.Bounds())
	draw.Draw(rgba, rgba.Bounds(), full, full.Bounds().Min, draw.Src)
	out := image.NewPaletted(rgba.Bounds(), palette(rgba))
	near := map[color.RGBA]uint8{}
	for i := range out.Pix {
		c := pixel(rgba, i)
		n, ok := near[c]
		if !ok {
			n = uint8(out.Palette.Index(c))
			near[c] = n
		}
		out.Pix[i] = n
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, out); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// palette takes the commonest colour first, then always the one that is missed
// most: often there, and far from all chosen so far.
func palette(m *image.RGBA) color.Palette {
	count := map[color.RGBA]int{}
	for i := range len(m.Pix) / 4 {
		count[pixel(m, i)]++
	}
	miss := map[color.RGBA]int{}
	for c := range count {
		miss[c] = 1 << 16
	}
	var chosen color.Palette
	for len(chosen) < min(colours, len(count)) {
		var worst color.RGBA
		most := -1
		for c, d := range miss {
			if w := d * int(math.Sqrt(float64(count[c]))); w > most || (w == most && value(c) < value(worst)) {
				worst, most = c, w
			}
		}
		chosen = append(chosen, worst)
		for c, d := range miss {
			miss[c] = min(d, distance(c, worst))
		}
	}
	return chosen
}

func pixel(m *image.RGBA, i int) color.RGBA {
	return color.RGBA{m.Pix[4*i], m.Pix[4*i+1], m.Pix[4*i+2], 0xff}
}

func value(c color.RGBA) int { return int(c.R)<<16 | int(c.G)<<8 | int(c.B) }

func distance(a, b color.RGBA) int {
	r, g, l := int(a.R)-int(b.R), int(a.G)-int(b.G), int(a.B)-int(b.B)
	return r*r + g*g + l*l
}
