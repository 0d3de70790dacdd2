package send_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"net"
	"net/mail"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/mfa/send"
)

// mailServer is a real SMTP server on this machine that refuses what it is told to.
type mailServer struct {
	config send.SMTPConfig
	roots  *x509.CertPool

	refuse map[string]*smtp.SMTPError // by command

	mu    sync.Mutex
	mails []string
}

func (m *mailServer) received() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mails
}

type mailSession struct{ s *mailServer }

func (m *mailServer) NewSession(*smtp.Conn) (smtp.Session, error) { return mailSession{m}, nil }

func (s mailSession) answer(command string) error {
	if err := s.s.refuse[command]; err != nil {
		return err
	}
	return nil
}
func (s mailSession) Mail(string, *smtp.MailOptions) error { return s.answer("MAIL") }
func (s mailSession) Rcpt(string, *smtp.RcptOptions) error { return s.answer("RCPT") }
func (s mailSession) Reset()                               {}
func (s mailSession) Logout() error                        { return nil }
func (s mailSession) AuthMechanisms() []string             { return []string{sasl.Plain} }

func (s mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "me" || password != "hunter2" {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

func (s mailSession) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.answer("DATA"); err != nil {
		return err
	}
	s.s.mu.Lock()
	defer s.s.mu.Unlock()
	s.s.mails = append(s.s.mails, string(b))
	return nil
}

func newMailServer(t *testing.T, way send.TLS, refuse map[string]*smtp.SMTPError) *mailServer {
	t.Helper()
	m := &mailServer{refuse: refuse, roots: x509.NewCertPool()}
	s := smtp.NewServer(m)
	s.Domain, s.ErrorLog = "mail.example.jp", discard{}
	s.AllowInsecureAuth = way == send.TLSNone
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if way != send.TLSNone {
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{m.certificate(t)}, MinVersion: tls.VersionTLS12}
	}
	if way == send.TLSImplicit {
		l = tls.NewListener(l, s.TLSConfig)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	t.Cleanup(func() {
		_ = s.Close()
		_ = l.Close() // where Serve came after Close
		<-done
	})
	m.config = send.SMTPConfig{
		Host: "127.0.0.1", Port: portOf(l), User: "me", Password: "hunter2",
		From: "Sekisho <no-reply@id.example.jp>", TLS: way, RootCAs: m.roots,
	}
	return m
}

func portOf(l net.Listener) int { return int(netip.MustParseAddrPort(l.Addr().String()).Port()) }

type discard struct{}

func (discard) Printf(string, ...any) {}
func (discard) Println(...any)        {}

func (m *mailServer) certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	m.roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func letter() mfa.Message {
	return mfa.Message{
		ID: "m1", Kind: mfa.Mail, To: "hanako@example.jp", Lang: "ja", Subject: "新しい端末からのサインイン",
		Body: "サインインがありました。\n", HTML: "<p>サインインがありました。</p>", Headers: map[string]string{"x-mailtype": "notice"},
	}
}

func sendMail(t *testing.T, c send.SMTPConfig, m mfa.Message) error {
	t.Helper()
	s, err := send.NewSMTP(c)
	if err != nil {
		t.Fatal(err)
	}
	return s.Send(t.Context(), m)
}

func TestMailArrivesHoweverProtected(t *testing.T) {
	t.Parallel()
	for _, way := range []send.TLS{send.TLSMandatory, send.TLSImplicit, send.TLSOpportunistic, send.TLSNone} {
		t.Run(string(way), func(t *testing.T) {
			t.Parallel()
			server := newMailServer(t, way, nil)
			if way == send.TLSOpportunistic {
				server.config.User, server.config.Password = "", ""
			}
			if err := sendMail(t, server.config, letter()); err != nil {
				t.Fatal(err)
			}
			mails := server.received()
			if len(mails) != 1 {
				t.Fatalf("%d mails", len(mails))
			}
			checkLetter(t, mails[0])
		})
	}
}

func checkLetter(t *testing.T, raw string) {
	t.Helper()
	got, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	headers := []string{
		subject, got.Header.Get("To"), got.Header.Get("From"), got.Header.Get("Message-Id"), got.Header.Get("Auto-Submitted"),
		got.Header.Get("Content-Language"), got.Header.Get("X-Mailtype"), got.Header.Get("X-Mailer"), got.Header.Get("User-Agent"),
	}
	want := []string{
		letter().Subject, "<hanako@example.jp>", `"Sekisho" <no-reply@id.example.jp>`, "<m1@id.example.jp>", "auto-generated",
		"ja", "notice", "", "",
	}
	if diff := cmp.Diff(want, headers); diff != "" {
		t.Error(diff)
	}
	kind, params, err := mime.ParseMediaType(got.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s, %v", kind, err)
	}
	var bodies []string
	for parts := multipart.NewReader(got.Body, params["boundary"]); ; {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, part.Header.Get("Content-Type")+": "+strings.TrimSpace(string(b)))
	}
	wantBodies := []string{
		"text/plain; charset=UTF-8: サインインがありました。", "text/html; charset=UTF-8: <p>サインインがありました。</p>",
	}
	if diff := cmp.Diff(wantBodies, bodies); diff != "" {
		t.Error(diff)
	}
}

func TestMailErrors(t *testing.T) {
	t.Parallel()
	later := &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "later, hanako@example.jp"}
	never := &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no hanako@example.jp here"}
	for name, tc := range map[string]struct {
		refuse    map[string]*smtp.SMTPError
		change    func(*send.SMTPConfig, *mfa.Message)
		permanent bool
		want      string
	}{
		"sender refused":        {refuse: map[string]*smtp.SMTPError{"MAIL": never}, permanent: true, want: "550 5.1.1"},
		"receiver refused":      {refuse: map[string]*smtp.SMTPError{"RCPT": never}, permanent: true, want: "550 5.1.1"},
		"content refused":       {refuse: map[string]*smtp.SMTPError{"DATA": never}, permanent: true, want: "550"},
		"receiver later":        {refuse: map[string]*smtp.SMTPError{"RCPT": later}, want: "451 4.3.0"},
		"content later":         {refuse: map[string]*smtp.SMTPError{"DATA": later}, want: "451"},
		"wrong password":        {change: func(c *send.SMTPConfig, _ *mfa.Message) { c.Password = "wrong-password" }, want: "535"},
		"unknown certificate":   {change: func(c *send.SMTPConfig, _ *mfa.Message) { c.RootCAs = x509.NewCertPool() }, want: "certificate"},
		"a text message":        {change: func(_ *send.SMTPConfig, m *mfa.Message) { m.Kind = mfa.Text }, permanent: true},
		"no address":            {change: func(_ *send.SMTPConfig, m *mfa.Message) { m.To = "hanako" }, permanent: true},
		"two addresses":         {change: func(_ *send.SMTPConfig, m *mfa.Message) { m.To += ", taro@example.jp" }, permanent: true},
		"subject adds a header": {change: func(_ *send.SMTPConfig, m *mfa.Message) { m.Subject = "a\r\nBcc: taro@example.jp" }, permanent: true},
		"header adds a header": {change: func(_ *send.SMTPConfig, m *mfa.Message) {
			m.Headers = map[string]string{"X-A": "a\nBcc: taro@example.jp"}
		}, permanent: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newMailServer(t, send.TLSMandatory, tc.refuse)
			m := letter()
			if tc.change != nil {
				tc.change(&server.config, &m)
			}
			err := sendMail(t, server.config, m)
			if err == nil || errors.Is(err, mfa.ErrUndeliverable) != tc.permanent || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("got %v, want %q, permanent %t", err, tc.want, tc.permanent)
			}
			for _, secret := range []string{"hanako", "hunter2", "wrong-password", m.Body} { // T-36
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%q in %v", secret, err)
				}
			}
			if mails := server.received(); len(mails) != 0 {
				t.Errorf("mails arrived: %q", mails)
			}
		})
	}
}

// An attacker in between takes STARTTLS away from the server's offer.
func TestPasswordDoesNotTravelInClear(t *testing.T) {
	t.Parallel()
	server := newMailServer(t, send.TLSNone, nil)
	server.config.TLS = send.TLSMandatory
	if err := sendMail(t, server.config, letter()); err == nil || errors.Is(err, mfa.ErrUndeliverable) {
		t.Errorf("got %v", err)
	}
	server.config.TLS = send.TLSOpportunistic
	if _, err := send.NewSMTP(server.config); err == nil {
		t.Error("opportunistic TLS with a password is taken")
	}
}

func TestMailServerIsDown(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := send.SMTPConfig{Host: "127.0.0.1", Port: portOf(l), From: "a@example.jp"}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := sendMail(t, c, letter()); err == nil || errors.Is(err, mfa.ErrUndeliverable) {
		t.Errorf("got %v", err)
	}
}

func TestSMTPConfigFaults(t *testing.T) {
	t.Parallel()
	_, err := send.NewSMTP(send.SMTPConfig{Port: 70000, From: "nobody", Password: "x", TLS: "perhaps"})
	if err == nil {
		t.Fatal("it is taken")
	}
	for _, want := range []string{"host", "port", "from", "password", "tls"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no word about %s in %v", want, err)
		}
	}
	if _, err := send.NewSMTP(send.SMTPConfig{Host: "mail.example.jp", From: "a@example.jp", TLS: send.TLSNone}); err == nil {
		t.Error("a far server without TLS is taken")
	}
}
