package send

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/sekisho-id/sekisho/mfa"
)

// TLS says how mail is protected on its way to the server.
type TLS string

// The ways. The empty one is [TLSMandatory].
const (
	// TLSMandatory is STARTTLS or nothing.
	TLSMandatory TLS = "mandatory"
	// TLSImplicit is TLS from the first byte (RFC 8314), usually on port 465.
	TLSImplicit TLS = "implicit"
	// TLSOpportunistic is STARTTLS where offered. Whoever sits between can
	// take the offer away, so it is refused together with a password.
	TLSOpportunistic TLS = "opportunistic"
	// TLSNone is for a server on this machine only.
	TLSNone TLS = "none"
)

const smtpTimeout = 15 * time.Second

// SMTPConfig says which server takes our mail.
type SMTPConfig struct {
	// Host is the server's name or address.
	Host string `yaml:"host"`
	// Port is 0 for the usual one: 587, or 465 with implicit TLS.
	Port int `yaml:"port"`
	// User and Password are for AUTH; without a user there is none.
	User     string `yaml:"user"`
	Password string `yaml:"password"`
	// From is the sender: "Sekisho <no-reply@example.jp>".
	From string `yaml:"from"`
	TLS  TLS    `yaml:"tls"`
	// RootCAs are who may vouch for the server; nil means the system's.
	RootCAs *x509.CertPool `yaml:"-"`
}

// Validate reports all faults at once.
func (c SMTPConfig) Validate() error {
	var errs []error
	if c.Host == "" {
		errs = append(errs, errors.New("smtp: host is missing"))
	}
	if c.Port < 0 || c.Port > 65535 {
		errs = append(errs, errors.New("smtp: port is out of range"))
	}
	if err := mail.NewMsg().From(c.From); err != nil {
		errs = append(errs, errors.New("smtp: from is not a mail address"))
	}
	if c.User == "" && c.Password != "" {
		errs = append(errs, errors.New("smtp: password without a user"))
	}
	switch c.TLS {
	case "", TLSMandatory, TLSImplicit:
	case TLSOpportunistic:
		if c.User != "" {
			errs = append(errs, errors.New("smtp: opportunistic TLS would give the password to whoever strips it"))
		}
	case TLSNone:
		if !loopback(c.Host) {
			errs = append(errs, errors.New("smtp: no TLS is for a server on this machine only"))
		}
	default:
		errs = append(errs, fmt.Errorf("smtp: unknown tls %q", c.TLS))
	}
	return errors.Join(errs...)
}

// SMTP sends mails, each over a connection of its own.
type SMTP struct {
	config  SMTPConfig
	options []mail.Option
}

// NewSMTP returns a sender of mails, or what is wrong with its configuration.
func NewSMTP(c SMTPConfig) (*SMTP, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	port := 587
	options := []mail.Option{
		mail.WithTimeout(smtpTimeout),
		mail.WithTLSConfig(&tls.Config{ServerName: c.Host, RootCAs: c.RootCAs, MinVersion: tls.VersionTLS12}),
	}
	switch c.TLS {
	case TLSImplicit:
		port, options = 465, append(options, mail.WithSSL())
	case TLSOpportunistic:
		options = append(options, mail.WithTLSPolicy(mail.TLSOpportunistic))
	case TLSNone:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	case "", TLSMandatory:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if c.Port != 0 {
		port = c.Port
	}
	options = append(options, mail.WithPort(port))
	if c.User != "" {
		auth := mail.SMTPAuthAutoDiscover
		if c.TLS == TLSNone {
			auth = mail.SMTPAuthPlain
		}
		options = append(options, mail.WithSMTPAuth(auth), mail.WithUsername(c.User), mail.WithPassword(c.Password))
	}
	if _, err := mail.NewClient(c.Host, options...); err != nil {
		return nil, fmt.Errorf("smtp: %w", err)
	}
	return &SMTP{config: c, options: options}, nil
}

// Send hands one mail to the server.
func (s *SMTP) Send(ctx context.Context, m mfa.Message) error {
	msg, err := s.compose(m)
	if err != nil {
		return err
	}
	client, err := mail.NewClient(s.config.Host, s.options...)
	if err != nil {
		return fmt.Errorf("smtp: %w", err)
	}
	return smtpError(client.DialAndSendWithContext(ctx, msg))
}

// compose makes the mail: text first, HTML as its alternative. The message's
// id becomes the Message-ID, so that a second attempt can be told from a second mail.
func (s *SMTP) compose(m mfa.Message) (*mail.Msg, error) {
	if m.Kind != mfa.Mail {
		return nil, fmt.Errorf("%w: smtp carries no %q", mfa.ErrUndeliverable, m.Kind)
	}
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := msg.From(s.config.From); err != nil {
		return nil, fmt.Errorf("%w: sender's address", mfa.ErrUndeliverable)
	}
	if err := msg.To(m.To); err != nil {
		return nil, fmt.Errorf("%w: receiver's address", mfa.ErrUndeliverable)
	}
	if m.ID != "" {
		from := msg.GetFrom()[0].Address
		msg.SetMessageIDWithValue(m.ID + from[strings.LastIndexByte(from, '@'):])
	}
	if m.Lang != "" {
		msg.SetGenHeader("Content-Language", m.Lang)
	}
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's holiday reply comes back
	for name, value := range m.Headers {
		msg.SetGenHeader(mail.Header(textproto.CanonicalMIMEHeaderKey(name)), value)
	}
	if strings.ContainsAny(fmt.Sprint(m.ID, m.Lang, m.Subject, m.Headers), "\r\n\x00") {
		return nil, fmt.Errorf("%w: line break in a header", mfa.ErrUndeliverable)
	}
	msg.Subject(m.Subject)
	msg.SetBodyString(mail.TypeTextPlain, m.Body)
	if m.HTML != "" {
		msg.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	}
	return msg, nil
}

// smtpError keeps of an error what tells the operator where it failed, and drops
// the server's words, which often repeat the receiver's address. Only a 5xx
// answer about the mail itself is permanent: a refused password is ours to mend.
func smtpError(err error) error {
	if err == nil {
		return nil
	}
	if refused, ok := errors.AsType[*mail.SendError](err); ok {
		code, status := refused.ErrorCode(), refused.EnhancedStatusCode()
		if code >= 500 && code < 600 {
			return fmt.Errorf("smtp: %v: %d %s: %w", refused.Reason, code, status, mfa.ErrUndeliverable)
		}
		return fmt.Errorf("smtp: %v: %d %s", refused.Reason, code, status)
	}
	if answer, ok := errors.AsType[*textproto.Error](err); ok {
		return fmt.Errorf("smtp: server answered %d before the mail", answer.Code)
	}
	return fmt.Errorf("smtp: %w", err)
}

// loopback reports whether a host is this machine by every reading of its name.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
