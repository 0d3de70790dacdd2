package send_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/mfa/send"
)

// twilio is a server that takes what the description in testdata allows, and returns what it took.
func twilio(t *testing.T, description string) (base string, took func() url.Values) {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(description)
	if err != nil {
		t.Fatal(err)
	}
	doc.Servers = nil
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		route, params, err := router.FindRoute(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		input := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: &openapi3filter.Options{
			AuthenticationFunc: func(_ context.Context, in *openapi3filter.AuthenticationInput) error {
				user, password, ok := in.RequestValidationInput.Request.BasicAuth()
				if !ok || user != sid("AC") || password != "secret" {
					return errors.New("no such account")
				}
				return nil
			},
		}}
		if err := openapi3filter.ValidateRequest(r.Context(), input); err != nil {
			t.Logf("refused: %v", err)
			http.Error(w, "{}", http.StatusBadRequest)
			return
		}
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		for name, values := range r.PostForm {
			form[name] = values
			schema := route.Operation.RequestBody.Value.Content["application/x-www-form-urlencoded"].Schema.Value
			if schema.Properties[name] == nil {
				t.Errorf("%s is no parameter of %s", name, route.Path)
			}
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"sid":"` + sid("SM") + `"}`))
	}))
	t.Cleanup(s.Close)
	return s.URL, func() url.Values { return form }
}

func sid(prefix string) string { return prefix + strings.Repeat("0a", 16) }

func TestTwilio(t *testing.T) {
	t.Parallel()
	base, took := twilio(t, "testdata/twilio.yaml")
	account := send.Twilio{AccountSID: sid("AC"), AuthToken: "secret", From: "+815012345678", BaseURL: base}
	if err := newHTTP(t, account.Text()).Send(t.Context(), text("1")); err != nil {
		t.Fatal(err)
	}
	if got := took(); got["To"][0] != "+819012345678" || got["Body"][0] != text("1").Body || got["From"][0] != account.From {
		t.Errorf("got %v", got)
	}

	service := account
	service.From, service.MessagingService = "", sid("MG")
	if err := newHTTP(t, service.Text()).Send(t.Context(), text("2")); err != nil {
		t.Fatal(err)
	}
	if got := took(); got["MessagingServiceSid"][0] != sid("MG") {
		t.Errorf("got %v", got)
	}

	bad := text("3")
	bad.To = "090-1234-5678"
	if err := newHTTP(t, account.Text()).Send(t.Context(), bad); !errors.Is(err, mfa.ErrUndeliverable) {
		t.Errorf("a number that is not E.164: %v", err)
	}
}

// T-32: what Twilio gets holds the gate and the URL to ask, never the code.
func TestTwilioCallIsGated(t *testing.T) {
	t.Parallel()
	base, took := twilio(t, "testdata/twilio.yaml")
	account := send.Twilio{AccountSID: sid("AC"), AuthToken: "secret", From: "+815012345678", BaseURL: base}
	if _, err := send.NewHTTP(account.Call(nil)); err == nil {
		t.Error("a call without a gate is taken")
	}
	calls := newCalls(t, fixed)
	if err := newHTTP(t, account.Call(calls)).Send(t.Context(), call("m1")); err != nil {
		t.Fatal(err)
	}
	twiml := took()["Twiml"][0]
	if strings.Contains(twiml, "four") || !strings.Contains(twiml, script.Gate) || !strings.Contains(twiml, calls.URL(send.FirstTurn("m1"))) {
		t.Error(twiml)
	}
}

func TestVonageText(t *testing.T) {
	t.Parallel()
	base, last, body := gateway(t, 202, `{"message_uuid":"u"}`)
	account := send.Vonage{APIKey: "key", APISecret: "secret", From: "Sekisho", BaseURL: base}
	if err := newHTTP(t, account.Text()).Send(t.Context(), text("m1")); err != nil {
		t.Fatal(err)
	}
	want := `{"channel":"sms","message_type":"text","to":"819012345678","from":"Sekisho","text":"認証コード 482913","client_ref":"m1"}`
	if user, password, _ := last.BasicAuth(); *body != want || user != "key" || password != "secret" || last.URL.Path != "/v1/messages" {
		t.Errorf("%s %s:%s %s", last.URL, user, password, *body)
	}
}

func TestVonageCallIsGatedAndSigned(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	base, last, body := gateway(t, 201, `{"uuid":"u"}`)
	account := send.Vonage{
		ApplicationID: "app-1", From: "+815012345678", BaseURL: base,
		PrivateKey: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	}
	calls := newCalls(t, fixed)
	config, err := account.Call(calls, fixed)
	if err != nil {
		t.Fatal(err)
	}
	if err := newHTTP(t, config).Send(t.Context(), call("m1")); err != nil {
		t.Fatal(err)
	}
	var request struct {
		To   []struct{ Type, Number string }
		From struct{ Type, Number string }
		NCCO []struct {
			Action, Text string
			EventURL     []string `json:"eventUrl"`
		}
	}
	if err := json.Unmarshal([]byte(*body), &request); err != nil {
		t.Fatalf("%v in %s", err, *body)
	}
	if request.To[0].Number != "819012345678" || request.From.Number != "815012345678" || strings.Contains(*body, "four") ||
		request.NCCO[1].EventURL[0] != calls.URL(send.FirstTurn("m1")) || last.URL.Path != "/v1/calls" {
		t.Error(*body)
	}
	token, err := jwt.ParseSigned(strings.TrimPrefix(last.Header.Get("Authorization"), "Bearer "), []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		jwt.Claims
		ApplicationID string `json:"application_id"`
	}
	if err := token.Claims(key.Public(), &claims); err != nil || claims.ApplicationID != "app-1" || claims.ID == "" {
		t.Errorf("%+v, %v", claims, err)
	}
	if err := claims.Validate(jwt.Expected{Time: noon}); err != nil {
		t.Error(err)
	}
	if life := claims.Expiry.Time().Sub(claims.IssuedAt.Time()); life > 5*time.Minute {
		t.Errorf("the token lives for %v", life)
	}
}

func TestVonageCallNeedsAKey(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"", "x", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"} {
		if _, err := (send.Vonage{PrivateKey: key}).Call(newCalls(t, fixed), fixed); err == nil {
			t.Errorf("key %q is taken", key)
		}
	}
}

// What is configured is never taken for a template.
func TestPresetsQuoteTheirSettings(t *testing.T) {
	t.Parallel()
	base, _, body := gateway(t, 202, "")
	account := send.Vonage{From: `{{.Body}}"`, BaseURL: base}
	if err := newHTTP(t, account.Text()).Send(t.Context(), text("1")); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(*body, `"from":"{{.Body}}\""`) {
		t.Error(*body)
	}
}
