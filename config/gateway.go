package config

import (
	"cmp"
	"fmt"
	"net/mail"
	"net/url"
	"slices"
	"strings"

	"github.com/sekisho-id/sekisho/clients"
)

// The providers of messages.
const (
	SMTP   = "smtp"
	Inbox  = "inbox" // kept in memory and shown at /dev/inbox; with an issuer on localhost only
	HTTP   = "http"
	Twilio = "twilio"
	Vonage = "vonage"
)

// Gateway is the way text messages or calls leave.
type Gateway struct {
	// Provider names the group below that describes the gateway: http, twilio or vonage.
	Provider string `yaml:"provider"`
	// Fallback names another one, tried when the first does not take a message (T-60); empty for none.
	Fallback string `yaml:"fallback"`
	// Sender is what people see as the sender, for the help; empty for what the
	// gateways' from says.
	Sender string `yaml:"sender"`
	// DomainBound ends text messages with a line that binds their code to the issuer (N-34).
	DomainBound bool `yaml:"domain_bound"`
	// Routes are other ways to some countries.
	Routes []Route       `yaml:"routes"`
	HTTP   HTTPGateway   `yaml:"http"`
	Twilio TwilioAccount `yaml:"twilio"`
	Vonage VonageAccount `yaml:"vonage"`
}

// Route is the way to some countries. What it leaves empty is the gateway's.
type Route struct {
	Countries   []string `yaml:"countries"`
	Provider    string   `yaml:"provider"`
	Fallback    string   `yaml:"fallback"`
	DomainBound *bool    `yaml:"domain_bound"`
}

// For is the gateway as a route sees it.
func (g Gateway) For(r Route) Gateway {
	g.Provider, g.Fallback, g.Routes = cmp.Or(r.Provider, g.Provider), cmp.Or(r.Fallback, g.Fallback), nil
	if g.Fallback == g.Provider {
		g.Fallback = ""
	}
	if r.DomainBound != nil {
		g.DomainBound = *r.DomainBound
	}
	return g
}

// Senders are what people see as the senders.
func (g Gateway) Senders() []string {
	if g.Sender != "" {
		return []string{g.Sender}
	}
	from := map[string]string{Twilio: g.Twilio.From, Vonage: g.Vonage.From}
	var out []string
	add := func(provider string) {
		if s := from[provider]; s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	add(g.Provider)
	add(g.Fallback)
	for _, r := range g.Routes {
		add(r.Provider)
		add(r.Fallback)
	}
	return out
}

// PhoneRisk is a service that knows of swapped SIM cards and ported numbers
// (T-33); see mfa/send.RiskConfig. Without a URL nobody is asked.
type PhoneRisk struct {
	URL    string `yaml:"url"`
	Bearer Secret `yaml:"bearer"`
}

// HTTPGateway is any gateway that takes one POST per message; see mfa/send.HTTPConfig.
type HTTPGateway struct {
	URL string `yaml:"url"`
	// Headers, Form and JSON are templates; Form or JSON is the body.
	Headers map[string]Secret `yaml:"headers"`
	Form    map[string]Secret `yaml:"form"`
	JSON    string            `yaml:"json"`
	// User and Password are for basic authentication, Bearer for a token.
	User     string `yaml:"user"`
	Password Secret `yaml:"password"`
	Bearer   Secret `yaml:"bearer"`
	// IDPath is where a JSON answer names the message; empty means nowhere.
	IDPath string `yaml:"id_path"`
}

// TwilioAccount is an account at Twilio; see mfa/send.Twilio.
type TwilioAccount struct {
	AccountSID       string `yaml:"account_sid"`
	KeySID           string `yaml:"key_sid"`
	AuthToken        Secret `yaml:"auth_token"`
	From             string `yaml:"from"`
	MessagingService string `yaml:"messaging_service"`
	BaseURL          string `yaml:"base_url"`
}

// VonageAccount is an account at Vonage; see mfa/send.Vonage.
type VonageAccount struct {
	APIKey        string `yaml:"api_key"`
	APISecret     Secret `yaml:"api_secret"`
	ApplicationID string `yaml:"application_id"`
	PrivateKey    Secret `yaml:"private_key"`
	From          string `yaml:"from"`
	BaseURL       string `yaml:"base_url"`
}

func (c Config) validateMessages(f *Faults) {
	c.Mail.validate(f, c.local())
	c.SMS.validate(f, "sms", c.local())
	c.SMS.validateRoutes(f, "sms", c.Limits.Countries, c.local())
	c.Voice.validate(f, "voice", c.local())
	c.Voice.validateRoutes(f, "voice", c.Limits.Countries, c.local())
	f.add(c.PhoneRisk.URL != "" && !private(c.PhoneRisk.URL), "phone_risk.url", "must be an https URL: numbers would travel in clear")
}

func (m Mail) validate(f *Faults, local bool) {
	switch m.Provider {
	case Inbox:
		f.add(!local, "mail.provider", "inbox needs an issuer on localhost: anybody could read the codes")
		return
	case SMTP:
	default:
		f.add(true, "mail.provider", "must be smtp or inbox")
		return
	}
	f.add(m.Host == "", "mail.host", "is required: codes and notices are sent by mail")
	f.add(m.Port < 0 || m.Port > 65535, "mail.port", "must be between 1 and 65535, or 0 for the usual one")
	_, err := mail.ParseAddress(m.From)
	f.add(err != nil, "mail.from", "must be a mail address such as Sekisho <no-reply@example.jp>")
	f.add(m.User != "" && m.Password == "", "mail.password", "is required with a user")
	f.add(m.User == "" && m.Password != "", "mail.user", "is required with a password")
	f.add(!slices.Contains([]string{"mandatory", "implicit", "opportunistic", "none"}, m.TLS), "mail.tls", "must be mandatory, implicit, opportunistic or none")
	f.add(m.User != "" && m.TLS == "opportunistic", "mail.tls", "must be mandatory or implicit with a user: the password would go to whoever strips TLS")
	f.add(m.TLS == "none" && !clients.Loopback(m.Host), "mail.tls", "none is for a relay on the same machine: codes would travel in clear")
}

func (g Gateway) validate(f *Faults, key string, local bool) {
	f.add(g.Provider == "", key+".provider", "is required: one of http, twilio, vonage")
	f.add(g.Fallback != "" && g.Fallback == g.Provider, key+".fallback", "must be another one than the provider")
	for name, provider := range map[string]string{"provider": g.Provider, "fallback": g.Fallback} {
		switch provider {
		case "":
		case Inbox:
			f.add(!local, key+"."+name, "inbox needs an issuer on localhost: anybody could read the codes")
		case HTTP:
			g.HTTP.validate(f, key+".http.")
		case Twilio:
			g.Twilio.validate(f, key+".twilio.", key == "voice")
		case Vonage:
			g.Vonage.validate(f, key+".vonage.", key == "voice")
		default:
			f.add(true, key+"."+name, "must be http, twilio or vonage")
		}
	}
}

// validateRoutes also judges the gateways that routes name.
func (g Gateway) validateRoutes(f *Faults, key string, served []string, local bool) {
	taken := map[string]bool{}
	for i, r := range g.Routes {
		at := fmt.Sprintf("%s.routes[%d].", key, i)
		f.add(len(r.Countries) == 0, at+"countries", "must name one country at least")
		for _, c := range r.Countries {
			f.add(!slices.Contains(served, c), at+"countries", "%s is not one of limits.countries", c)
			f.add(taken[c], at+"countries", "%s has a route already", c)
			taken[c] = true
		}
		f.add(r.Fallback != "" && r.Fallback == cmp.Or(r.Provider, g.Provider), at+"fallback", "must be another one than the provider")
		way := g.For(r)
		if way.Provider != g.Provider && way.Provider != g.Fallback || way.Fallback != "" && way.Fallback != g.Fallback && way.Fallback != g.Provider {
			way.validate(f, key, local) // the groups of gateways that nothing else names
		}
	}
}

func (h HTTPGateway) validate(f *Faults, at string) {
	literal, _, _ := strings.Cut(h.URL, "{{")
	f.add(h.URL == "", at+"url", "is required: where messages are posted")
	f.add(h.URL != "" && !private(literal), at+"url", "must be an https URL: codes would travel in clear")
	f.add((len(h.Form) == 0) == (h.JSON == ""), at+"json", "or form is required, one of both: the body of the request")
	f.add(h.User != "" && h.Bearer != "", at+"bearer", "and user exclude one another")
	f.add(h.User != "" && h.Password == "", at+"password", "is required with a user")
}

func (t TwilioAccount) validate(f *Faults, at string, voice bool) {
	f.add(t.AccountSID == "", at+"account_sid", "is required")
	f.add(t.AuthToken == "", at+"auth_token", "is required")
	f.add(t.From == "" && (voice || t.MessagingService == ""), at+"from", "is required: the number people see")
	f.add(t.BaseURL != "" && !private(t.BaseURL), at+"base_url", "must be an https URL: codes would travel in clear")
}

func (v VonageAccount) validate(f *Faults, at string, voice bool) {
	f.add(v.From == "", at+"from", "is required: the number or name people see")
	f.add(!voice && v.APIKey == "", at+"api_key", "is required for text messages")
	f.add(!voice && v.APISecret == "", at+"api_secret", "is required for text messages")
	f.add(voice && v.ApplicationID == "", at+"application_id", "is required for calls")
	f.add(voice && v.PrivateKey == "", at+"private_key", "is required for calls")
	f.add(v.BaseURL != "" && !private(v.BaseURL), at+"base_url", "must be an https URL: codes would travel in clear")
}

// private reports whether nobody on the way can read what is sent to raw.
func private(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http" && clients.Loopback(u.Hostname()))
}

// secrets are the values that must come by reference, by key.
func (c Config) secrets() map[string]Secret {
	out := map[string]Secret{"mail.password": c.Mail.Password}
	for key, g := range map[string]Gateway{"sms": c.SMS, "voice": c.Voice} {
		out[key+".http.password"], out[key+".http.bearer"] = g.HTTP.Password, g.HTTP.Bearer
		out[key+".twilio.auth_token"] = g.Twilio.AuthToken
		out[key+".vonage.api_secret"], out[key+".vonage.private_key"] = g.Vonage.APISecret, g.Vonage.PrivateKey
	}
	out["phone_risk.bearer"] = c.PhoneRisk.Bearer
	for id, key := range c.Secrets.Keys {
		out["secrets.keys."+id] = key
	}
	if dsnWithPassword(string(c.Database)) {
		out["database"] = c.Database
	}
	return out
}

func dsnWithPassword(dsn string) bool {
	if u, err := url.Parse(dsn); err == nil && u.User != nil {
		_, has := u.User.Password()
		return has
	}
	return strings.Contains(dsn, "password=")
}
