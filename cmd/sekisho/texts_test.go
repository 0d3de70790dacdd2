package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/config"
	"github.com/sekisho-id/sekisho/mfa/send"
)

// deployment is a configuration with a name and a host.
func deployment(name, host string) config.Config {
	cfg := config.Default()
	cfg.Name, cfg.Issuer = name, "https://"+host
	return cfg
}

// H-26: words are dropped before the line that binds a code to its host, and
// every part that fits costs one text message.
func TestTextMessagesGoInOnePart(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, host, n, has, lacks string }{
		{"Sekisho", "id.example.jp", "1", "だれにも教えないでください", ""},
		{"Sekisho", "id.example.jp", "2", "2回目", ""},
		{"Sekisho", "id.longer-name.example.jp", "1", "10分間有効", "だれにも"},
		{"みなとマーケット出品者センター", "signin.longer-name.example.jp", "1", "みなとマーケット出品者センター 482913", "有効"},
	} {
		pages, err := newPages(deployment(tc.name, tc.host))
		if err != nil {
			t.Fatal(err)
		}
		m, err := pages.Message("ja", "sms.code", map[string]string{"code": "482913", "n": tc.n, "domain": tc.host, "minutes": "10"})
		if err != nil {
			t.Fatal(err)
		}
		if parts, places := send.Segments(m.Body); parts != 1 {
			t.Errorf("%d parts, %d places: %q", parts, places, m.Body)
		}
		if !strings.Contains(m.Body, tc.has) || tc.lacks != "" && strings.Contains(m.Body, tc.lacks) {
			t.Errorf("%q: want %q in it and not %q", m.Body, tc.has, tc.lacks)
		}
		if !strings.HasSuffix(m.Body, "\n@"+tc.host+" #482913") {
			t.Errorf("%q does not end with the line that binds it", m.Body)
		}
	}
}

// H-26: what cannot fit is a fault of the configuration, found before anybody waits for a code.
func TestNameTooLongForATextMessageIsAFault(t *testing.T) {
	t.Parallel()
	long := deployment("みなとマーケット出品者センター東日本", "signin.accounts.longer-name.example.jp")
	_, err := newPages(long)
	faults, ok := errors.AsType[config.Faults](err)
	if !ok || faults[0].Path != "name" || !strings.Contains(faults[0].Text, "sms.domain_bound") {
		t.Fatalf("got %v", err)
	}
	long.SMS.DomainBound = false
	if _, err := newPages(long); err != nil {
		t.Errorf("without the line: %v", err)
	}
	yes := true
	long.SMS.Routes = []config.Route{{Countries: []string{"JP"}, DomainBound: &yes}}
	if _, err := newPages(long); err == nil {
		t.Error("a route that binds is not judged")
	}
}
