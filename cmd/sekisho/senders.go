package main

import (
	"context"
	"fmt"

	"github.com/sekisho-id/sekisho/config"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/metrics"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/mfa/send"
)

// callsPath is where gateways ask what a call says next; idp/web serves it.
const callsPath = "/calls"

// receiptsPath is where they report what became of a message.
const receiptsPath = "/receipts"

// senders bring messages away, by kind.
type senders struct {
	byKind map[mfa.Kind]idp.Sender
	inbox  *send.Inbox
	calls  *send.Calls
	// receipts are where gateways report.
	receipts *send.Receipts
	// ways are all failovers, for their health.
	ways map[mfa.Kind][]*send.Failover
	p    *program
}

// newSenders makes the senders of a configuration; nothing is sent yet.
func newSenders(cfg config.Config, p *program) (*senders, error) {
	s := &senders{byKind: map[mfa.Kind]idp.Sender{}, ways: map[mfa.Kind][]*send.Failover{}, p: p}
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
	if s.receipts, err = send.NewReceipts(cfg.Issuer+receiptsPath, key, p.now); err != nil {
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
	if cfg.PhoneRisk.URL != "" {
		risk, err := send.NewRisk(send.RiskConfig{URL: cfg.PhoneRisk.URL, Bearer: string(cfg.PhoneRisk.Bearer), Log: p.log})
		if err != nil {
			return nil, err
		}
		text, call = risk.Before(text), risk.Before(call)
	}
	s.byKind[mfa.Mail], s.byKind[mfa.Text], s.byKind[mfa.Call] = mail, text, call
	return s, nil
}

// gatewayGauges tell how each gateway does.
var gatewayGauges = []metrics.Gauge{
	{Name: "gateway_resting", Help: "1 while a gateway that failed is asked after the others.", Labels: []string{"kind", "gateway"}},
	{Name: "gateway_messages_total", Help: "Messages handed to a gateway.", Labels: []string{"kind", "gateway", "result"}, Grows: true},
}

// health reads them.
func (s *senders) health(_ context.Context, emit metrics.Emit) error {
	for kind, ways := range s.ways {
		sums := map[string]send.Health{}
		for _, way := range ways {
			for _, h := range way.Health() {
				sum := sums[h.Name]
				sum.Resting = sum.Resting || h.Resting
				sum.Taken, sum.Refused, sum.Failed = sum.Taken+h.Taken, sum.Refused+h.Refused, sum.Failed+h.Failed
				sums[h.Name] = sum
			}
		}
		for name, h := range sums {
			resting := 0.0
			if h.Resting {
				resting = 1
			}
			emit("gateway_resting", resting, string(kind), name)
			emit("gateway_messages_total", float64(h.Taken), string(kind), name, "taken")
			emit("gateway_messages_total", float64(h.Refused), string(kind), name, "refused")
			emit("gateway_messages_total", float64(h.Failed), string(kind), name, "failed")
		}
	}
	return nil
}

func (s *senders) mail(m config.Mail) (send.Sender, error) {
	if m.Provider == config.Inbox {
		return s.inbox, nil
	}
	return send.NewSMTP(send.SMTPConfig{
		Host: m.Host, Port: m.Port, User: m.User, Password: string(m.Password), From: m.From, TLS: send.TLS(m.TLS),
	})
}

// gateways makes the ways of one kind: the usual one, and those of some countries.
func (s *senders) gateways(kind mfa.Kind, g config.Gateway) (send.Sender, error) {
	usual, err := s.way(kind, g)
	if err != nil || len(g.Routes) == 0 {
		return usual, err
	}
	routes := send.Routes{By: map[string]send.Sender{}, Other: usual}
	for _, r := range g.Routes {
		way, err := s.way(kind, g.For(r))
		if err != nil {
			return nil, err
		}
		for _, country := range r.Countries {
			routes.By[country] = way
		}
	}
	return routes, nil
}

// way makes a gateway and, where one is named, its fallback (T-60).
func (s *senders) way(kind mfa.Kind, g config.Gateway) (send.Sender, error) {
	var lines []send.Line
	for _, provider := range []string{g.Provider, g.Fallback} {
		if provider == "" {
			continue
		}
		sender, err := s.gateway(kind, provider, g)
		if err != nil {
			return nil, err
		}
		if kind == mfa.Text && !g.DomainBound {
			sender = send.WithoutOrigin(sender)
		}
		lines = append(lines, send.Line{Name: provider, Sender: sender})
	}
	way := send.NewFailover(s.p.now, lines...)
	s.ways[kind] = append(s.ways[kind], way)
	return way, nil
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
	c.Log, c.Receipts = s.p.log, s.receipts
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
