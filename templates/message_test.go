package templates_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/net/html"

	"github.com/sekisho-id/sekisho/templates"
)

// parameters are those that any message may get.
func parameters() map[string]string {
	return map[string]string{
		"name": "田中 <さくら>", "time": "2026-11-22T05:30:00Z", "device": "Mac, Safari", "place": "Yokohama", "domain": "id.example.jp",
		"code": "482913", "n": "1", "first": "four, eight, two", "second": "nine, one, three",
		"method": "SMS 090-••••-5678", "passkey": "iCloud Keychain", "link": "https://id.example.jp/password/reset?token=ABC",
		"report": "https://id.example.jp/report?token=DEF", "days": "7", "hours": "24", "due": "2026-11-23T05:30:00Z", "until": "2026-12-22T05:30:00Z", "ip": "192.0.2.*",
		"role": "admin", "shop": "Minato Books", "by": "Kenji", "tool": "Stock (tool-abc)", "member": "Sakura (sakura@example.jp)", "from": "2026-12-01T00:00:00Z",
		"asked": "Osaka", "user_code": "BCDF-GHJK",
		"client": "Minato Books", "address": "h•••@example.jp", "old": "a•••@example.jp", "new": "b•••@example.jp",
	}
}

func message(t *testing.T, lang, name string, change ...string) templates.Message {
	t.Helper()
	p := parameters()
	for i := 0; i+1 < len(change); i += 2 {
		p[change[i]] = change[i+1]
	}
	m, err := newSet(t).Message(lang, name, p)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// H-26, ux 8.1: one segment in Japanese, the code bound to our origin on the
// last line, and nothing after it.
func TestCodeByTextFitsOneSegmentAndIsBoundToOurOrigin(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		service, host, n string
	}{
		{"Sekisho", "id.example.jp", "1"},
		{"Sekisho", "sign.example.co.jp"[:17], "1"},
		{"Sekisho", "id.example.jp", "2"},
		{"Sekisho", "id.example.jp", "5"},
	} {
		s, err := templates.New(templates.Options{Name: test.service, IssuerHost: test.host})
		if err != nil {
			t.Fatal(err)
		}
		for _, lang := range templates.Languages {
			m, err := s.Message(lang, "sms.code", map[string]string{"code": "482913", "n": test.n, "domain": test.host})
			if err != nil {
				t.Fatal(err)
			}
			limit := 160
			if lang == "ja" {
				limit = 70
			}
			if n := len(utf16.Encode([]rune(m.Body))); n > limit {
				t.Errorf("%s, host %s, send %s: %d units, want at most %d: %q", lang, test.host, test.n, n, limit, m.Body)
			}
			if want := fmt.Sprintf("\n@%s #482913", test.host); !strings.HasSuffix(m.Body, want) {
				t.Errorf("%s: %q does not end with %q", lang, m.Body, want)
			}
		}
	}
}

func TestTextsAfterTheFirstSayWhichTheyAre(t *testing.T) {
	t.Parallel()
	if m := message(t, "ja", "sms.code", "n", "3"); !strings.Contains(m.Body, "3回目") {
		t.Errorf("the third text does not say so: %q", m.Body)
	}
}

// T-32, C-16: an answering machine must not hear the code.
func TestCallSaysNothingOfTheCodeBeforeAKeyIsPressed(t *testing.T) {
	t.Parallel()
	for _, lang := range templates.Languages {
		s := message(t, lang, "voice.code").Script
		if s == nil {
			t.Fatal("a call without a script")
		}
		if early := s.Hello + s.Gate; strings.Contains(early, "four") || strings.Contains(early, "482913") {
			t.Errorf("%s: the code is said before a key is pressed: %q", lang, early)
		}
		for _, line := range []string{s.Code, s.Again} {
			if !strings.Contains(line, "four, eight, two") || !strings.Contains(line, "nine, one, three") {
				t.Errorf("%s: the code is missing in %q", lang, line)
			}
		}
		for _, line := range []string{s.Menu, s.Warn, s.NotYou, s.Stopped} {
			if line == "" {
				t.Errorf("%s: the script has a hole: %+v", lang, s)
			}
		}
	}
}

// ux 8.3: text and HTML are of the same words, and nothing is left to fill in.
func TestMailsSayTheSameInTextAndHTML(t *testing.T) {
	t.Parallel()
	for _, name := range templates.Mails() {
		for _, lang := range templates.Languages {
			m := message(t, lang, name)
			if m.Subject == "" || !strings.Contains(m.Subject, "Mon") {
				t.Errorf("%s %s: subject %q does not name the service", lang, name, m.Subject)
			}
			if hole := regexp.MustCompile(`\{[a-z]+\}`).FindString(m.Subject + m.Body + m.HTML); hole != "" {
				t.Errorf("%s %s: nothing was filled in for %s", lang, name, hole)
			}
			shown := squeeze(visible(t, m.HTML))
			for _, line := range strings.Split(m.Body, "\n") {
				label, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
				if strings.HasPrefix(line, "  ") {
					line = label + value
				}
				if !strings.Contains(shown, squeeze(line)) {
					t.Errorf("%s %s: %q is only in the text:\n%s", lang, name, line, shown)
				}
			}
		}
	}
}

// ux 0.12, T-64: a mail that teaches to press links is the phisher's template.
// What happened is told with one link, which takes access away and says so.
func TestMailsHaveNoLinkButTheirOwn(t *testing.T) {
	t.Parallel()
	own := map[string]string{}
	for _, name := range []string{"reset", "paused", "shop_invite", "mustchange", "rec_in", "rec_ask", "rec_ok", "rec_soon", "rec_new"} {
		own["mail."+name] = "/password/reset?token=ABC"
	}
	for _, name := range templates.Mails() {
		for _, lang := range templates.Languages {
			m := message(t, lang, name)
			want := own[name]
			if says := map[string]string{"ja": "心当たりがない場合は、次のページで報告", "en": "report it on the page below"}[lang]; want == "" && strings.Contains(m.Body, says) {
				want = "/report?token=DEF"
				if safe := map[string]string{"ja": "サインインすることはありません", "en": "can't sign anybody in"}[lang]; !strings.Contains(m.Body, safe) {
					t.Errorf("%s %s does not say what its link is:\n%s", lang, name, m.Body)
				}
			}
			links := regexp.MustCompile(`https?://\S+`).FindAllString(m.Body, -1)
			if want == "" && len(links) > 0 || want != "" && (len(links) != 1 || !strings.HasSuffix(links[0], want)) {
				t.Errorf("%s %s: links %q, want %q", lang, name, links, want)
			}
			if n := strings.Count(m.HTML, "<a "); n != len(links) {
				t.Errorf("%s %s: %d links in the HTML, %d in the text", lang, name, n, len(links))
			}
			for _, loads := range []string{"<img", "src=", "url(", "<script", "<link"} {
				if strings.Contains(m.HTML, loads) {
					t.Errorf("%s %s: the HTML loads something: %s", lang, name, loads)
				}
			}
		}
	}
}

// N-51: a mail tells the time where its reader lives, and the place or what is known of it.
func TestFactsAreInTheReadersZoneAndWords(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		lang, zone, place string
		want              []string
	}{
		{"en", "America/New_York", "Yokohama", []string{"When: 22 November 2026 00:30 EST", "Place (approximate): Yokohama", "Device: Mac, Safari"}},
		{"ja", "", "", []string{"日時: 2026年11月22日 14:30 JST", "接続元: 192.0.2.*"}},
		{"en", "Nowhere/Land", "", []string{"22 November 2026 14:30 JST", "Network: 192.0.2.*"}},
	} {
		m := message(t, test.lang, "mail.newdevice", "zone", test.zone, "place", test.place)
		for _, want := range test.want {
			if !strings.Contains(m.Body, want) {
				t.Errorf("%s in %q lacks %q:\n%s", test.lang, test.zone, want, m.Body)
			}
		}
		if test.place != "" && strings.Contains(m.Body, "192.0.2") {
			t.Errorf("the network is told beside the place:\n%s", m.Body)
		}
	}
	if m := message(t, "ja", "mail.dev_add"); !strings.Contains(m.Body, "2026年12月22日まで") {
		t.Errorf("the end is not told as a date:\n%s", m.Body)
	}
}

// T-56: a name cannot end a header or bring markup.
func TestNamesCannotForgeMail(t *testing.T) {
	t.Parallel()
	m := message(t, "en", "mail.m_add", "method", "x\r\nBcc: a@b.example", "name", "<b>Eve</b>")
	if strings.ContainsAny(m.Subject, "\r\n") {
		t.Errorf("line break in subject %q", m.Subject)
	}
	if strings.Contains(m.HTML, "<b>Eve") {
		t.Error("markup of a name reached the mail")
	}
}

func TestUnknownMessageIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := newSet(t).Message("en", "mail.nothing", nil); err == nil {
		t.Error("no error for a message that does not exist")
	}
}

func visible(t *testing.T, page string) string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range doc.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "title" {
			b.WriteString(n.Data)
		}
	}
	return b.String()
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), "") }
