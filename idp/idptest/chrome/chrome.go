package chrome

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// patience is how long one action may take on a busy machine.
const patience = 30 * time.Second

// Browser is one running Chromium.
type Browser struct{ ctx context.Context }

// Option changes how [Start] starts Chromium.
type Option = chromedp.ExecAllocatorOption

// Trust makes the browser accept a certificate that no authority signed.
func Trust(cert *x509.Certificate) Option {
	key := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	return chromedp.Flag("ignore-certificate-errors-spki-list", base64.StdEncoding.EncodeToString(key[:]))
}

// Start starts a Chromium that ends with the test.
func Start(t testing.TB, more ...Option) *Browser {
	t.Helper()
	path := os.Getenv("SEKISHO_CHROMIUM")
	if path == "" {
		path = "/usr/bin/chromium"
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("browser tests need Chromium: %v (install it, or name it in SEKISHO_CHROMIUM)", err)
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		// Tests stay on this machine.
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"),
		// A page brought back from that cache never loads, and Back would wait for it.
		// A renderer in reserve costs as much as one that is used.
		chromedp.Flag("disable-features", "Translate,BackForwardCache,SpareRendererForSitePerProcess"))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), append(opts, more...)...)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // the test is over; a browser that died before is no fault of it
		cancel()
		stop()
	})
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	return &Browser{ctx: ctx}
}

// Tab is a window with its own cookie jar. Its methods fail the test when the
// page does not do what they ask.
type Tab struct {
	t   testing.TB
	ctx context.Context
	// base is put before paths in Open.
	base string
}

// New opens a tab whose paths are below base, such as "http://localhost:1234".
func (b *Browser) New(t testing.TB, base string) *Tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	tab := &Tab{t: t, ctx: ctx, base: strings.TrimSuffix(base, "/")}
	// The context of the first action is the tab's life, so it has no time limit.
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	return tab
}

// Language makes the tab ask for pages in a language, "ja" or "en".
func (b *Tab) Language(lang string) *Tab {
	b.t.Helper()
	b.call(func(ctx context.Context) error {
		_, err := chromedp.Call(ctx, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{
			Headers: network.Headers{"Accept-Language": lang},
		})
		return err
	})
	return b
}

// WithoutScripts switches JavaScript off, as some people do.
func (b *Tab) WithoutScripts() *Tab { b.t.Helper(); return b.scripts(false) }

// WithScripts switches JavaScript on again; a page that is shown already stays as it is.
func (b *Tab) WithScripts() *Tab { b.t.Helper(); return b.scripts(true) }

func (b *Tab) scripts(on bool) *Tab {
	b.t.Helper()
	b.call(func(ctx context.Context) error {
		_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled,
			emulation.SetScriptExecutionDisabledParams{Value: !on})
		return err
	})
	return b
}

// Open loads a path below the base, or a whole URL, and answers with its status.
func (b *Tab) Open(path string) int {
	b.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = b.base + path
	}
	return b.load(chromedp.Navigate(path))
}

// Press clicks what leads to another page, waits for it and answers with its status.
func (b *Tab) Press(sel string) int {
	b.t.Helper()
	return b.load(chromedp.Click(chromedp.CSS(sel), chromedp.NodeVisible))
}

// Leave clicks what leads out of the provider and answers with the address the
// browser was sent to. Nobody answers there: other hosts cannot be found.
func (b *Tab) Leave(sel string) string {
	b.t.Helper()
	return b.leave(func(ctx context.Context) error {
		_, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(sel), chromedp.NodeVisible))
		if _, ok := errors.AsType[*chromedp.LoadError](err); !ok {
			return fmt.Errorf("the browser did not leave: %w", err)
		}
		return nil
	})
}

// leave is Leave for whatever leads out.
func (b *Tab) leave(act func(context.Context) error) string {
	b.t.Helper()
	var to string
	b.call(func(ctx context.Context) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		requests := chromedp.Events(ctx, network.RequestWillBeSent)
		if err := act(ctx); err != nil {
			return err
		}
		for r, err := range requests {
			if err != nil {
				return err
			}
			if r.Type == network.ResourceTypeDocument && !strings.HasPrefix(r.Request.URL, b.base) {
				to = r.Request.URL
				return nil
			}
		}
		return nil
	})
	return to
}

// Enter presses the Enter key in a field, waits for the next page and answers with its status.
func (b *Tab) Enter(sel string) int {
	b.t.Helper()
	return b.load(chromedp.SendKeys(chromedp.CSS(sel), "\n", chromedp.NodeVisible))
}

// Click clicks what stays on the page: a radio button, a checkbox, a summary.
func (b *Tab) Click(sel string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(sel), chromedp.NodeVisible))
}

// Fill replaces a field's content, the way a paste or an input method does.
func (b *Tab) Fill(sel, text string) {
	b.t.Helper()
	field := chromedp.CSS(sel)
	b.do(chromedp.WaitVisible(field), chromedp.Clear(field))
	b.Write(sel, text)
}

// Write adds text to a field, such as an empty text area, which has nothing to replace.
func (b *Tab) Write(sel, text string) {
	b.t.Helper()
	field := chromedp.CSS(sel)
	b.do(chromedp.WaitVisible(field), chromedp.Focus(field))
	b.call(func(ctx context.Context) error {
		_, err := chromedp.Call(ctx, input.InsertText, input.InsertTextParams{Text: text})
		return err
	})
}

// Upload puts a file into a field.
func (b *Tab) Upload(sel, path string) {
	b.t.Helper()
	b.do(chromedp.SetUploadFiles(chromedp.CSS(sel), []string{path}))
}

// Select chooses the option of a list that has the value.
func (b *Tab) Select(sel, value string) {
	b.t.Helper()
	b.do(chromedp.SetValue(chromedp.CSS(sel), value, chromedp.NodeVisible))
}

// Text is the visible text of the first element that matches.
func (b *Tab) Text(sel string) string {
	b.t.Helper()
	return strings.TrimSpace(read(b, chromedp.Text(chromedp.CSS(sel), chromedp.NodeReady)))
}

// Attr is an attribute of the first element that matches; empty when it has none.
func (b *Tab) Attr(sel, name string) string {
	b.t.Helper()
	return read(b, chromedp.AttributeValue(chromedp.CSS(sel), name)).Value
}

// Has reports whether an element that matches is on the page and visible.
func (b *Tab) Has(sel string) bool {
	b.t.Helper()
	return read(b, chromedp.Evaluate[bool](`(s => [...document.querySelectorAll(s)].some(e => e.checkVisibility()))(`+quote(sel)+`)`))
}

// Count is how many elements match, visible or not.
func (b *Tab) Count(sel string) int {
	b.t.Helper()
	return read(b, chromedp.Evaluate[int](`document.querySelectorAll(`+quote(sel)+`).length`))
}

// Focused is the id of the element that has the focus, once the page is drawn:
// browsers give autofocus its field with the first picture, after loading.
func (b *Tab) Focused() string {
	b.t.Helper()
	return read(b, chromedp.Evaluate[string](`new Promise(done => {
		const tell = () => done(document.activeElement ? document.activeElement.id : "");
		requestAnimationFrame(() => requestAnimationFrame(tell));
		setTimeout(tell, 2000);
	})`, chromedp.EvalAwaitPromise))
}

// Title is the page's title.
func (b *Tab) Title() string { b.t.Helper(); return read(b, chromedp.Title()) }

// Path is the address without scheme and host.
func (b *Tab) Path() string {
	b.t.Helper()
	return read(b, chromedp.Evaluate[string](`location.pathname + location.search`))
}

// Address is the whole address.
func (b *Tab) Address() string { b.t.Helper(); return read(b, chromedp.Location()) }

// Arrive waits until a page below an address has loaded: some pages send the
// browser on by themselves.
func (b *Tab) Arrive(prefix string) {
	b.t.Helper()
	b.await(`location.href.startsWith(`+quote(prefix)+`) ? "yes" : ""`, "the browser did not come to "+prefix)
}

// Content is the text of the page, once there is any: some pages write it after
// they have loaded.
func (b *Tab) Content() string {
	b.t.Helper()
	return b.await(`document.body.innerText.trim()`, "the page stays empty")
}

// await waits until a loaded page answers an expression with more than nothing.
func (b *Tab) await(js, fault string) string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		// An error means that one page is being left and the next not there yet.
		got, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.readyState === "complete" ? (`+js+`) : ""`))
		if err == nil && got != "" {
			return got
		}
		select {
		case <-ctx.Done():
			b.t.Fatalf("%s%s", fault, b.where())
		case <-tick.C:
		}
	}
}

// Back presses the browser's back button.
func (b *Tab) Back() { b.t.Helper(); b.do(chromedp.NavigateBack()) }

// Reload presses the browser's reload button.
func (b *Tab) Reload() { b.t.Helper(); b.do(chromedp.Reload()) }

func (b *Tab) load(a chromedp.Action[chromedp.Void]) int {
	b.t.Helper()
	var status int
	b.call(func(ctx context.Context) error {
		res, err := chromedp.RunResponse(ctx, a)
		if res != nil {
			status = int(res.Status)
		}
		return err
	})
	return status
}

func (b *Tab) do(a ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	b.call(func(ctx context.Context) error { return chromedp.Do(ctx, a...) })
}

func (b *Tab) call(f func(context.Context) error) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := f(ctx); err != nil {
		b.t.Fatalf("browser: %v%s", err, b.where())
	}
}

func read[T any](b *Tab, a chromedp.Action[T]) T {
	b.t.Helper()
	var v T
	b.call(func(ctx context.Context) (err error) {
		v, err = chromedp.Run(ctx, a)
		return err
	})
	return v
}

// where describes the page a step failed on.
func (b *Tab) where() string {
	ctx, cancel := context.WithTimeout(b.ctx, patience/6)
	defer cancel()
	at, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" + document.title + "\n" + (document.querySelector("main") || document.body).innerText`))
	if err != nil {
		return ""
	}
	return "\nat " + at
}
