package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/idp/web"
	"github.com/sekisho-id/sekisho/templates"
)

// What machines write down reaches people as words of their language.
func TestMessagesSpeakTheReadersLanguage(t *testing.T) {
	t.Parallel()
	set, err := templates.New(templates.Options{Name: "Mon", Reading: "モン", IssuerHost: "id.example.jp"})
	if err != nil {
		t.Fatal(err)
	}
	render := web.Messages(set)
	const mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15"
	params := map[string]string{
		"name": "Kenji", "time": "2026-11-22T05:30:00Z", "device": mac, "place": "", "code": "482913", "n": "1", "domain": "id.example.jp",
		"channel": "sms", "detail": "090-••••-5678",
	}
	for _, test := range []struct {
		lang, name string
		want       []string
	}{
		{"ja", "voice.code", []string{"こちらは、モンです", "よん、はち、に。きゅう、いち、さん"}},
		{"en", "voice.code", []string{"This is Mon", "four, eight, two. nine, one, three"}},
		{"en", "mail.m_add", []string{"Text message 090-••••-5678", "Device: Mac, Safari", "22 November 2026 05:30 UTC"}},
		{"ja", "mail.m_add", []string{"SMS 090-••••-5678", "Mac ・ Safari", "2026年11月22日 05:30 UTC"}},
		{"ja", "sms.code", []string{"【Mon】", "@id.example.jp #482913"}},
	} {
		m, err := render(test.lang, test.name, params)
		if err != nil {
			t.Errorf("%s %s: %v", test.lang, test.name, err)
			continue
		}
		said := m.Subject + m.Body
		if m.Voice != nil {
			said = m.Voice.Hello + m.Voice.Code
		}
		for _, want := range test.want {
			if !strings.Contains(said, want) {
				t.Errorf("%s %s lacks %q: %q", test.lang, test.name, want, said)
			}
		}
		if strings.Contains(said, "Mozilla") || strings.Contains(said, "Place") {
			t.Errorf("%s %s says what nobody can read, or nothing: %q", test.lang, test.name, said)
		}
	}
	if params["device"] != mac {
		t.Error("the parameters were changed: a retry would render others")
	}
}

// T-19: whatever is asked for, the switch leads to one of our pages.
func FuzzLanguageSwitchStaysHere(f *testing.F) {
	for _, back := range []string{"/help", "//evil.example", "/\\evil.example", "https://evil.example", "/account?a=//b", "/%2f%2fevil"} {
		f.Add(back)
	}
	var k *kit
	f.Fuzz(func(t *testing.T, back string) {
		if k == nil {
			k = start(t)
		}
		w := k.raw(httptest.NewRequest(http.MethodGet, "/lang?"+url.Values{"to": {"en"}, "back": {back}}.Encode(), nil))
		to, err := url.Parse(w.Header().Get("Location"))
		if err != nil || to.Host != "" || to.Scheme != "" || !strings.HasPrefix(to.Path, "/") || strings.HasPrefix(to.Path, "//") || strings.Contains(to.Path, `\`) {
			t.Errorf("back %q leads to %q", back, w.Header().Get("Location"))
		}
	})
}
