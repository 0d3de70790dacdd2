package send_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/mfa/send"
)

// T-33, N-25.
func TestNumberThatChangedHandsGetsNoCode(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status int
		answer string
		sent   bool
	}{
		"swapped":     {200, `{"risk":true,"since":"2026-11-21"}`, false},
		"no risk":     {200, `{"risk":false}`, true},
		"outage":      {503, `{"risk":true}`, true},
		"redirect":    {302, ``, true},
		"other words": {200, `{"swapped":"yes"}`, true},
		"no JSON":     {200, `<html>`, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base, last, body := gateway(t, tc.status, tc.answer)
			var log bytes.Buffer
			risk, err := send.NewRisk(send.RiskConfig{URL: base, Bearer: "token-1", Log: slog.New(slog.NewJSONHandler(&log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			next := &faulty{}
			err = risk.Before(next).Send(t.Context(), text("1"))
			if sent := next.calls == 1; sent != tc.sent || sent != (err == nil) {
				t.Errorf("sent: %t, error %v", sent, err)
			}
			if !tc.sent && (!errors.Is(err, mfa.ErrNumberRisk) || !errors.Is(err, mfa.ErrUndeliverable)) {
				t.Errorf("got %v", err)
			}
			if *body != `{"number":"+819012345678"}` || last.Header.Get("Authorization") != "Bearer token-1" {
				t.Errorf("asked %s with %v", *body, last.Header)
			}
			if strings.Contains(log.String(), "8190") || strings.Contains(log.String(), "token-1") {
				t.Error("the log holds the number or the token:", log.String())
			}
		})
	}
	for _, url := range []string{"", "http://risk.example.jp", "risk.example.jp", "ftp://localhost/"} {
		if _, err := send.NewRisk(send.RiskConfig{URL: url}); err == nil {
			t.Errorf("url %q is taken", url)
		}
	}
}
