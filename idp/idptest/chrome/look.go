package chrome

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Size sets the width of the window and the colour scheme the person prefers.
func (b *Tab) Size(width int, dark bool) {
	b.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	b.call(func(ctx context.Context) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			// Without motion there is no moment at which colours are on their way.
			Features: []*emulation.MediaFeature{
				{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
			},
		})
		return err
	})
	b.do(chromedp.EmulateViewport(int64(width), 900))
}

// Screenshot is a picture (PNG) of the whole page.
func (b *Tab) Screenshot(width int, dark bool) []byte {
	b.t.Helper()
	b.Size(width, dark)
	return read(b, chromedp.FullScreenshot(100))
}

// Overflows reports whether the page is wider than its window (WCAG 1.4.10).
func (b *Tab) Overflows() bool {
	b.t.Helper()
	return read(b, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`))
}

// Axe checks the page with axe-core: WCAG 2.0 to 2.2 A and AA, and best
// practice. It answers with one line for each violation; none is the wish.
func (b *Tab) Axe() []string {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](b.axeScript()))
	// Style sheets are loaded a second time for a rule that is not among them: experimental ones are off.
	const run = `axe.run(document, {resultTypes: ["violations"], preload: {assets: ["media"]}}).then(r => JSON.stringify(r.violations.map(v =>
		({id: v.id, help: v.help, nodes: v.nodes.map(n => n.html)}))))`
	var found []struct {
		ID, Help string
		Nodes    []string
	}
	out := read(b, chromedp.Evaluate[string](run, chromedp.EvalAwaitPromise))
	if err := json.Unmarshal([]byte(out), &found); err != nil {
		b.t.Fatalf("read the answer of axe: %v", err)
	}
	var lines []string
	for _, v := range found {
		lines = append(lines, fmt.Sprintf("%s: %s: %s", v.ID, v.Help, strings.Join(v.Nodes, " | ")))
	}
	return lines
}

func (b *Tab) axeScript() string {
	b.t.Helper()
	path := filepath.Join(moduleRoot(), ".bin", "axe", "node_modules", "axe-core", "axe.min.js")
	script, err := os.ReadFile(path)
	if err != nil {
		b.t.Fatalf("axe-core is not installed: run `make test`, which installs it below .bin/axe (%v)", err)
	}
	// A script's last value would be sent back; the library's is large.
	return string(bytes.TrimSpace(script)) + ";undefined"
}

// moduleRoot is the nearest folder above with a go.mod: tests run in their package's folder.
func moduleRoot() string {
	dir, err := os.Getwd()
	for err == nil && dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		dir = filepath.Dir(dir)
	}
	return ""
}

func quote(s string) string { return strconv.Quote(s) }
