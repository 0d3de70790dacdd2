package main

import (
	"fmt"

	"github.com/sekisho-id/sekisho/config"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/mfa/send"
)

// callsPath is where gateways ask what a call says next; idp/web serves it.
const callsPath = "/calls"

// senders bring messages away, by kind.
type senders struct {
	byKind map[mfa.Kind]idp.Sender
	inbox  *send.Inbox
	calls  *send.Calls
	p      *program
}

// newSenders makes the senders of a configuration; nothing is sent yet.
func newSenders(cfg config.Config, p *program) (*senders, error) {
	s := &senders{byKind: map[mfa.Kind]idp.Sender{}, p: p}
	if cfg.Development() {
		s.inbox = send.NewInbox(p.now)
	}
	key, err := derive(cfg.Secrets.Master()[cfg.Secrets.CurrentKey()], "calls")
	if err != nil {
		return nil, err
	}
	if s.calls, err = send.NewCalls(cfg.Issuer+callsPath, key, p.now); err != nil {
		return nil, err
	}
	mail, err := s.mail(cfg.Mail)
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	text, err := s.gateways(mfa.Text, cfg.SMS)
	if err != nil {
		return nil, fmt.Errorf("sms: %w", err)
	}
	call, err := s.gateways(mfa.Call, cfg.Voice)
	if err != nil {
		return nil, fmt.Errorf("voice: %w", err)
	}
	s.byKind[mfa.Mail], s.byKind[mfa.Text], s.byKind[mfa.Call] = mail, text, call
	return s, nil
}

func (s *senders) mail(m config.Mail) (send.Sender, error) {
	if m.Provider == config.Inbox {
		return s.inbox, nil
	}
	return send.NewSMTP(send.SMTPConfig{
		Host: m.Host, Port: m.Port, User: m.User, Password: string(m.Password), From: m.From, TLS: send.TLS(m.TLS),
	})
}

// gateways makes a gateway and, where one is named, its fallback (T-60).
func (s *senders) gateways(kind mfa.Kind, g config.Gateway) (send.Sender, error) {
	first, err := s.gateway(kind, g.Provider, g)
	if err != nil || g.Fallback == "" {
		return first, err
	}
	second, err := s.gateway(kind, g.Fallback, g)
	if err != nil {
		return nil, err
	}
	return send.Failover(first, second), nil
}

func (s *senders) gateway(kind mfa.Kind, provider string, g config.Gateway) (send.Sender, error) {
	var c send.HTTPConfig
	var err error
	switch provider {
	case config.Inbox:
		return s.inbox, nil
	case config.HTTP:
		c = httpGateway(kind, g.HTTP)
	case config.Twilio:
		account := send.Twilio{
			AccountSID: g.Twilio.AccountSID, KeySID: g.Twilio.KeySID, AuthToken: string(g.Twilio.AuthToken),
			From: g.Twilio.From, MessagingService: g.Twilio.MessagingService, BaseURL: g.Twilio.BaseURL,
		}
		if c = account.Text(); kind == mfa.Call {
			c = account.Call(s.calls)
		}
	case config.Vonage:
		account := send.Vonage{
			APIKey: g.Vonage.APIKey, APISecret: string(g.Vonage.APISecret), ApplicationID: g.Vonage.ApplicationID,
			PrivateKey: string(g.Vonage.PrivateKey), From: g.Vonage.From, BaseURL: g.Vonage.BaseURL,
		}
		if c = account.Text(); kind == mfa.Call {
			c, err = account.Call(s.calls, s.p.now)
		}
	default:
		err = fmt.Errorf("unknown provider %q", provider)
	}
	if err != nil {
		return nil, err
	}
	c.Log = s.p.log
	return send.NewHTTP(c)
}

func httpGateway(kind mfa.Kind, g config.HTTPGateway) send.HTTPConfig {
	plain := func(m map[string]config.Secret) map[string]string {
		out := make(map[string]string, len(m))
		for k, v := range m {
			out[k] = string(v)
		}
		return out
	}
	return send.HTTPConfig{
		Name: "http", Kind: kind, URL: g.URL, Headers: plain(g.Headers), Form: plain(g.Form), JSON: g.JSON,
		User: g.User, Password: string(g.Password), Bearer: string(g.Bearer), IDPath: g.IDPath,
	}
}
