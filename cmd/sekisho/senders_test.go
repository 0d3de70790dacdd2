package main

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/config"
	"github.com/sekisho-id/sekisho/idp/metrics"
	"github.com/sekisho-id/sekisho/mfa"
)

// carriers is a machine with three gateways and a risk service behind their paths.
type carriers struct {
	url string

	mu    sync.Mutex
	took  map[string][]string
	fails map[string]bool
}

func newCarriers(t *testing.T) *carriers {
	t.Helper()
	c := &carriers{took: map[string][]string{}, fails: map[string]bool{}}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		name := strings.Split(r.URL.Path, "/")[1]
		if c.fails[name] {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		c.took[name] = append(c.took[name], string(body))
		if name == "risk" {
			_, _ = io.WriteString(w, `{"risk": `+map[bool]string{true: "true", false: "false"}[strings.Contains(string(body), "+8190666")]+`}`)
		}
	}))
	t.Cleanup(s.Close)
	c.url = s.URL
	return c
}

func (c *carriers) count(name string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.took[name])
}

// T-60: each country by its own way, the other gateway when one fails, a risk
// service before them all, and the metrics tell how they do.
func TestTextMessagesFindTheirWay(t *testing.T) {
	t.Parallel()
	c, no := newCarriers(t), false
	cfg := config.Dev(t.TempDir(), config.DevIssuer)
	cfg.Secrets.Keys = map[string]config.Secret{"a": devMasterKey}
	cfg.Limits.Countries = []string{"JP", "GB"}
	cfg.SMS = config.Gateway{
		Provider: config.Twilio, Fallback: config.Vonage, DomainBound: true,
		Twilio: config.TwilioAccount{AccountSID: "AC1", AuthToken: "x", From: "+815012345678", BaseURL: c.url + "/twilio"},
		Vonage: config.VonageAccount{APIKey: "k", APISecret: "x", From: "Sekisho", BaseURL: c.url + "/vonage"},
		HTTP:   config.HTTPGateway{URL: c.url + "/own", JSON: `{"to": {{json .To}}, "text": {{json .Body}}, "report": {{json .Receipt}}}`},
		Routes: []config.Route{{Countries: []string{"GB"}, Provider: config.HTTP, DomainBound: &no}},
	}
	cfg.PhoneRisk.URL = c.url + "/risk"
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	s, err := newSenders(cfg, &program{now: time.Now, log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	text := func(to string) error {
		return s.byKind[mfa.Text].Send(t.Context(), mfa.Message{ID: "m", Kind: mfa.Text, To: to, Lang: "en", Body: "482913 is your code.\n@localhost #482913"})
	}
	for _, to := range []string{"+819012345678", "+447400123456"} {
		if err := text(to); err != nil {
			t.Fatal(err)
		}
	}
	if c.count("twilio") != 1 || c.count("own") != 1 || c.count("vonage") != 0 || c.count("risk") != 2 {
		t.Fatalf("took %v", c.took)
	}
	if own := c.took["own"][0]; strings.Contains(own, "@localhost") || !strings.Contains(own, "/receipts/") {
		t.Errorf("the route that is not bound got %s", own)
	}
	if !strings.Contains(c.took["twilio"][0], "%40localhost") || !strings.Contains(c.took["twilio"][0], "StatusCallback=") {
		t.Errorf("the usual way got %s", c.took["twilio"][0])
	}
	c.fails["twilio"] = true
	for range 4 {
		if err := text("+819012345678"); err != nil {
			t.Fatal(err)
		}
	}
	if c.count("vonage") != 4 {
		t.Errorf("the fallback took %d, want 4", c.count("vonage"))
	}
	if err := text("+819066612345"); err == nil {
		t.Error("a risky number got a code")
	}
	r := metrics.New("")
	r.Read(gatewayGauges, s.health)
	w := httptest.NewRecorder()
	r.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	for _, want := range []string{
		`sekisho_gateway_resting{gateway="twilio",kind="sms"} 1`, `sekisho_gateway_resting{gateway="vonage",kind="sms"} 0`,
		`sekisho_gateway_messages_total{gateway="twilio",kind="sms",result="failed"} 3`,
		`sekisho_gateway_messages_total{gateway="http",kind="sms",result="taken"} 1`,
	} {
		if !strings.Contains(w.Body.String(), want+"\n") {
			t.Errorf("no %s", want)
		}
	}
}
