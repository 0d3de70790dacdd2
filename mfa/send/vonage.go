package send

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/sekisho-id/sekisho/mfa"
)

const vonageTokenLifetime = time.Minute

// Vonage is an account at Vonage, whose settings for [NewHTTP] it knows.
type Vonage struct {
	// APIKey and APISecret are for text messages.
	APIKey    string `yaml:"api_key"`
	APISecret string `yaml:"api_secret"`
	// ApplicationID and PrivateKey, an RSA key as PEM, are for calls.
	ApplicationID string `yaml:"application_id"`
	PrivateKey    string `yaml:"private_key"`
	// From is the sender's number or name; calls need a number.
	From string `yaml:"from"`
	// BaseURL is for another region; empty means https://api.nexmo.com.
	BaseURL string `yaml:"base_url"`
}

// Text are the settings for text messages (Messages API).
func (v Vonage) Text() HTTPConfig {
	c := v.config(mfa.Text, "/v1/messages", "message_uuid",
		`{"channel":"sms","message_type":"text","to":{{json .Digits}},"from":`+v.from()+`,"text":{{json .Body}},"client_ref":{{json .ID}}`+
			`{{with .Receipt}},"webhook_url":{{json .}},"webhook_version":"v1"{{end}}}`)
	c.User, c.Password = v.APIKey, v.APISecret
	return c
}

// Call are the settings for calls (Voice API). As with [Twilio.Call], the
// request carries the gate only, and the code follows from the URL that calls
// signs (T-32). Requests are signed by the application's key; now is the clock
// of those signatures. It fails when that key is none.
func (v Vonage) Call(calls *Calls, now func() time.Time) (HTTPConfig, error) {
	c := v.config(mfa.Call, "/v1/calls", "uuid",
		`{"to":[{"type":"phone","number":{{json .Digits}}}],"from":{"type":"phone","number":`+v.from()+`},`+
			`"ncco":{{.NCCO}}{{with .Receipt}},"event_url":[{{json .}}]{{end}},"ringing_timer":`+ringSeconds+`,"length_timer":`+callSeconds+`}`)
	signer, err := v.signer()
	if err != nil {
		return HTTPConfig{}, err
	}
	c.Calls = calls
	c.Authorize = func(req *http.Request) error {
		at := now()
		token, err := jwt.Signed(signer).Claims(map[string]any{
			"application_id": v.ApplicationID, "jti": rand.Text(),
			"iat": at.Unix(), "exp": at.Add(vonageTokenLifetime).Unix(),
		}).Serialize()
		if err != nil {
			return fmt.Errorf("sign token: %w", err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		return nil
	}
	return c, nil
}

func (v Vonage) config(kind mfa.Kind, path, idPath, body string) HTTPConfig {
	base := v.BaseURL
	if base == "" {
		base = "https://api.nexmo.com"
	}
	return HTTPConfig{Name: "vonage", Kind: kind, URL: literal(base + path), JSON: body, IDPath: idPath}
}

// from is the sender as JSON; Vonage writes numbers without a plus.
func (v Vonage) from() string { return literal(marshal(strings.TrimPrefix(v.From, "+"))) }

func (v Vonage) signer() (jose.Signer, error) {
	block, _ := pem.Decode([]byte(v.PrivateKey))
	if block == nil {
		return nil, errors.New("vonage: private key is not PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("vonage: private key is not PKCS #8")
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("vonage: private key is not an RSA key")
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, fmt.Errorf("vonage: %w", err)
	}
	return signer, nil
}
