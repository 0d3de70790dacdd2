package send

import (
	"net/url"
	"strings"

	"github.com/sekisho-id/sekisho/mfa"
)

// What a call may take, in seconds.
const (
	ringSeconds = "30"  // C-16: shorter than most answering machines wait
	callSeconds = "180" // four rounds of the code
)

// Twilio is an account at Twilio, whose settings for [NewHTTP] it knows.
type Twilio struct {
	AccountSID string `yaml:"account_sid"`
	// KeySID names an API key whose secret is in AuthToken; empty means that AuthToken is the account's.
	KeySID    string `yaml:"key_sid"`
	AuthToken string `yaml:"auth_token"`
	// From is the sender's number or name; calls need a number.
	From string `yaml:"from"`
	// MessagingService is used for text messages when it is set, with or without From.
	MessagingService string `yaml:"messaging_service"`
	// BaseURL is for another region; empty means https://api.twilio.com.
	BaseURL string `yaml:"base_url"`
}

// Text are the settings for text messages (Messages.json).
func (t Twilio) Text() HTTPConfig {
	return t.config(mfa.Text, "Messages.json", map[string]string{
		"To": "{{.To}}", "From": literal(t.From), "MessagingServiceSid": literal(t.MessagingService), "Body": "{{.Body}}",
		"StatusCallback": "{{.Receipt}}",
	})
}

// Call are the settings for calls (Calls.json). The request carries the gate
// only: a document at Twilio cannot decide what a key means, so the code
// follows from the URL that calls signs, once 1 was pressed (T-32). With nil
// calls the settings are refused by [NewHTTP].
func (t Twilio) Call(calls *Calls) HTTPConfig {
	c := t.config(mfa.Call, "Calls.json", map[string]string{
		"To": "{{.To}}", "From": literal(t.From), "Twiml": "{{.TwiML}}", "Timeout": ringSeconds, "TimeLimit": callSeconds,
		"StatusCallback": "{{.Receipt}}",
	})
	c.Calls = calls
	return c
}

func (t Twilio) config(kind mfa.Kind, resource string, form map[string]string) HTTPConfig {
	base, user := t.BaseURL, t.KeySID
	if base == "" {
		base = "https://api.twilio.com"
	}
	if user == "" {
		user = t.AccountSID
	}
	return HTTPConfig{
		Name: "twilio", Kind: kind, Form: form,
		URL:  literal(base + "/2010-04-01/Accounts/" + url.PathEscape(t.AccountSID) + "/" + resource),
		User: user, Password: t.AuthToken, IDPath: "sid",
	}
}

// literal is text that a template renders as it is.
func literal(s string) string { return strings.ReplaceAll(s, "{{", `{{"{{"}}`) }
