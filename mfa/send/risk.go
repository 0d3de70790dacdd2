package send

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/sekisho-id/sekisho/mfa"
)

// riskTimeout is short: somebody waits for a code.
const riskTimeout = 3 * time.Second

// RiskConfig describes a service that knows of swapped SIM cards and ported
// numbers (T-33, N-25). It is asked by POST with {"number": "+81…"} and answers
// {"risk": true} when the number may have changed hands lately.
type RiskConfig struct {
	// URL is https, or http to this machine.
	URL string
	// Bearer is a token; empty for none.
	Bearer string
	// Transport is nil for the usual one.
	Transport http.RoundTripper
	// Log is told when the service fails; nil discards it.
	Log *slog.Logger
}

// Risk asks such a service before each message.
type Risk struct {
	config RiskConfig
	client *http.Client
}

// NewRisk returns what asks the service, or what is wrong with its configuration.
func NewRisk(c RiskConfig) (*Risk, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return nil, errors.New("phone risk: url must be https")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Risk{config: c, client: &http.Client{
		Transport: c.Transport, Timeout: riskTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Before asks about the receiver before s sends. A risky number gets nothing:
// the error wraps [mfa.ErrNumberRisk] and [mfa.ErrUndeliverable]. While the
// service fails, messages go as if it did not exist: it makes the second step
// stronger, and its outage must keep nobody out.
func (r *Risk) Before(s Sender) Sender { return guarded{r, s} }

type guarded struct {
	risk *Risk
	next Sender
}

// Send asks, then sends.
func (g guarded) Send(ctx context.Context, m mfa.Message) error {
	risky, err := g.risk.ask(ctx, m.To)
	if err != nil {
		g.risk.config.Log.WarnContext(ctx, "phone risk is not known", slog.String("message", m.ID), slog.Any("error", err))
	}
	if risky {
		return fmt.Errorf("%w: %w", mfa.ErrNumberRisk, mfa.ErrUndeliverable)
	}
	return g.next.Send(ctx, m)
}

func (r *Risk) ask(ctx context.Context, number string) (bool, error) {
	body, err := json.Marshal(map[string]string{"number": number})
	if err != nil {
		return false, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.config.URL, bytes.NewReader(body))
	if err != nil {
		return false, errors.New("request cannot be made") // the error may quote a key in the URL
	}
	req.Header.Set("Content-Type", "application/json")
	if r.config.Bearer != "" {
		req.Header.Set("Authorization", "Bearer "+r.config.Bearer)
	}
	resp, err := r.client.Do(req)
	if err != nil {
		if outer, ok := errors.AsType[*url.Error](err); ok {
			err = outer.Err
		}
		return false, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return false, fmt.Errorf("answered %d", resp.StatusCode)
	}
	var answer struct{ Risk *bool }
	if err := json.NewDecoder(io.LimitReader(resp.Body, httpMaxReply)).Decode(&answer); err != nil || answer.Risk == nil {
		return false, errors.New("answered something else than risk")
	}
	return *answer.Risk, nil
}
