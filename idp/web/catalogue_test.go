package web_test

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
	"golang.org/x/net/html"

	"github.com/sekisho-id/sekisho/idp/web"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/mfa/send"
	"github.com/sekisho-id/sekisho/templates"
)

// postbox is a mail server that keeps what it gets.
type postbox struct {
	mu   sync.Mutex
	last []byte
}

func (p *postbox) NewSession(*smtp.Conn) (smtp.Session, error) { return p, nil }
func (p *postbox) Mail(string, *smtp.MailOptions) error        { return nil }
func (p *postbox) Rcpt(string, *smtp.RcptOptions) error        { return nil }
func (p *postbox) Reset()                                      {}
func (p *postbox) Logout() error                               { return nil }
func (p *postbox) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = raw
	return err
}

// listen starts the server and answers with a sender to it.
func (p *postbox) listen(t *testing.T) *send.SMTP {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, done := smtp.NewServer(p), make(chan struct{})
	s.Domain = "mail.example.jp"
	go func() { defer close(done); _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close(); _ = l.Close(); <-done })
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatal("no port")
	}
	out, err := send.NewSMTP(send.SMTPConfig{Host: "127.0.0.1", Port: addr.Port, From: "Mon <no-reply@id.example.jp>", TLS: send.TLSNone})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// parts are the headers, the text and the HTML of the mail that came.
func (p *postbox) parts(t *testing.T) (mail.Header, string, string) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	m, err := mail.ReadMessage(bytes.NewReader(p.last))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("the mail is %s, %v", kind, err)
	}
	var texts []string
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		part, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		body := io.Reader(part)
		if part.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
			body = quotedprintable.NewReader(part)
		}
		raw, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, strings.ReplaceAll(string(raw), "\r\n", "\n"))
	}
	if len(texts) != 2 {
		t.Fatalf("the mail has %d parts, want text and HTML", len(texts))
	}
	return m.Header, texts[0], texts[1]
}

var hole = regexp.MustCompile(`\{([a-z0-9_]+)\}`)

// ux 8.3: every message there is, in both languages, as it arrives: who does
// not read HTML reads the same; facts are in the reader's words and zone;
// nothing that is for machines or for somebody else is in it; no holiday
// answer comes back (RFC 3834).
func TestEveryMailAsItArrives(t *testing.T) {
	t.Parallel()
	set, err := templates.New(templates.Options{Name: "Mon", Market: "Minato", IssuerHost: "id.example.jp"})
	if err != nil {
		t.Fatal(err)
	}
	render, box := web.Messages(set), &postbox{}
	out := box.listen(t)
	when := map[string]string{"ja": "2026年11月22日 00:30 EST", "en": "22 November 2026 00:30 EST"}
	device := map[string]string{"ja": "Mac ・ Safari", "en": "Mac, Safari"}
	for _, name := range templates.Mails() {
		for _, lang := range templates.Languages {
			params := map[string]string{
				"name": "Sakura", "time": "2026-11-22T05:30:00Z", "zone": "America/New_York", "domain": "id.example.jp", "place": "Yokohama, Japan",
				"device": "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15",
				"ip":     "203.0.113.*", "channel": "sms", "detail": "090-••••-5678", "until": "2026-12-01T00:00:00Z", "days": "7", "minutes": "30",
				"code": "482913", "link": "https://id.example.jp/x?token=LINKSECRET", "report": "https://id.example.jp/report?token=REPORTSECRET",
				"ref": "REFSECRET", "from": "2026-12-01T00:00:00Z",
			}
			for _, key := range []string{name + ".s", name + ".b"} {
				for _, m := range hole.FindAllStringSubmatch(set.Text(lang, key), -1) {
					if params[m[1]] == "" {
						params[m[1]] = "«" + m[1] + "»"
					}
				}
			}
			m, err := render(lang, name, params)
			if err != nil {
				t.Fatalf("%s in %s: %v", name, lang, err)
			}
			m.ID, m.Kind, m.To, m.Lang = "id", mfa.Mail, "sakura@example.jp", lang
			if err := out.Send(t.Context(), m); err != nil {
				t.Fatalf("%s in %s: %v", name, lang, err)
			}
			head, text, page := box.parts(t)
			if head.Get("Auto-Submitted") != "auto-generated" || head.Get("Content-Language") != lang {
				t.Errorf("%s in %s: headers %v", name, lang, head)
			}
			subject, err := new(mime.WordDecoder).DecodeHeader(head.Get("Subject"))
			if err != nil || subject != m.Subject || !strings.Contains(subject, "Mon") {
				t.Errorf("%s in %s: subject %q, %v", name, lang, subject, err)
			}
			sameWords(t, name+" in "+lang, text, page)
			said := subject + "\n" + text
			for _, never := range []string{"Mozilla", "REFSECRET", "203.0.113", "05:30", "{", "<no value>"} {
				if strings.Contains(said+page[strings.Index(page, "<body"):], never) {
					t.Errorf("%s in %s says %q:\n%s", name, lang, never, text)
				}
			}
			for label, fact := range map[string]string{"mail.f.time": when[lang], "mail.f.device": device[lang], "mail.f.place": "Yokohama, Japan"} {
				if line := "  " + set.Text(lang, label) + ": "; strings.Contains(text, line) && !strings.Contains(text, line+fact+"\n") {
					t.Errorf("%s in %s lacks the fact %q:\n%s", name, lang, fact, text)
				}
			}
			asks := slices.Contains([]string{"mail.verify", "mail.addr_code"}, name) || strings.Contains(text, set.Text(lang, "mail.f.code"))
			if strings.Contains(said, "482913") && !asks {
				t.Errorf("%s in %s holds a code:\n%s", name, lang, text)
			}
			if strings.Contains(text, "LINKSECRET") && strings.Contains(text, "REPORTSECRET") {
				t.Errorf("%s in %s has two links:\n%s", name, lang, text)
			}
		}
	}
}

// sameWords fails unless every line of the text can be read in the HTML.
func sameWords(t *testing.T, what, text, page string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range doc.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "title" && n.Parent.Data != "style" {
			b.WriteString(n.Data)
		}
	}
	squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
	shown, read := squeeze(b.String()), 0
	for line := range strings.Lines(text) {
		if label, value, ok := strings.Cut(line, ": "); ok && strings.HasPrefix(line, "  ") {
			line = label + value
		}
		line = squeeze(line)
		if read += len(line); !strings.Contains(shown, line) {
			t.Errorf("%s: %q is only in the text", what, line)
		}
	}
	if service := len("Mon"); len(shown) != read+service {
		t.Errorf("%s: the HTML says more than the text:\n%s\n%s", what, text, b.String())
	}
}
