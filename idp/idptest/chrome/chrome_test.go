package chrome_test

import (
	"bytes"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/idp/idptest/chrome"
)

const page = `<!doctype html><html lang="%[1]s"><head><meta charset="utf-8"><title>Page</title></head><body><main><h1>Title</h1>
<form method="post"><label for="code">Code</label><input id="code" name="code" value="before" autofocus><button name="do" value="go">Go</button></form>
<p id="got">%[2]s</p>%[3]s<p id="script"></p></main><script>document.getElementById("script").textContent = "on"</script></body></html>`

func serve(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lang := r.Header.Get("Accept-Language")
		fault := ""
		if r.URL.Path == "/fault" {
			fault = `<img src="x.png">`
		}
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusUnprocessableEntity)
		}
		fmt.Fprintf(w, page, lang, html.EscapeString(r.FormValue("code")+" "+r.FormValue("do")), fault)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestTab(t *testing.T) {
	b, url := chrome.Start(t), serve(t)

	t.Run("a form is filled and sent", func(t *testing.T) {
		t.Parallel()
		tab := b.New(t, url).Language("ja")
		if got := tab.Open("/"); got != http.StatusOK {
			t.Errorf("status %d, want 200", got)
		}
		if got := tab.Focused(); got != "code" {
			t.Errorf("focus is on %q, want code", got)
		}
		tab.Fill("#code", "４８２９１３")
		if got := tab.Press("button[value=go]"); got != http.StatusUnprocessableEntity {
			t.Errorf("status %d, want 422", got)
		}
		if got := tab.Text("#got"); got != "４８２９１３ go" {
			t.Errorf("the server got %q, want what was filled in and the button", got)
		}
		if got := tab.Attr("html", "lang"); got != "ja" {
			t.Errorf("language %q, want ja", got)
		}
		tab.Fill("#code", "1")
		tab.Enter("#code")
		if got := tab.Text("#got"); got != "1 go" {
			t.Errorf("the server got %q after Enter, want %q", got, "1 go")
		}
	})
	t.Run("scripts can be switched off", func(t *testing.T) {
		t.Parallel()
		tab := b.New(t, url)
		tab.Open("/")
		if got := tab.Text("#script"); got != "on" {
			t.Errorf("script says %q, want on", got)
		}
		tab.WithoutScripts().Open("/")
		if got := tab.Text("#script"); got != "" {
			t.Errorf("script says %q, want nothing", got)
		}
		tab.Fill("#code", "2")
		tab.Press("button")
		if got := tab.Text("#got"); got != "2 go" {
			t.Errorf("the server got %q, want %q", got, "2 go")
		}
	})
	t.Run("axe finds a planted fault and nothing else", func(t *testing.T) {
		t.Parallel()
		tab := b.New(t, url).Language("en")
		tab.Open("/")
		if got := tab.Axe(); len(got) != 0 {
			t.Errorf("axe found %q on a good page", got)
		}
		tab.Open("/fault")
		if got := tab.Axe(); len(got) != 1 || !strings.HasPrefix(got[0], "image-alt:") {
			t.Errorf("axe found %q, want image-alt", got)
		}
	})
	t.Run("a screenshot is a picture", func(t *testing.T) {
		t.Parallel()
		tab := b.New(t, url)
		tab.Open("/")
		if got := tab.Screenshot(390, true); !bytes.HasPrefix(got, []byte("\x89PNG")) {
			t.Errorf("the screenshot begins with %q, want a PNG", got[:min(8, len(got))])
		}
		if tab.Overflows() {
			t.Error("the page overflows its window")
		}
	})
}
