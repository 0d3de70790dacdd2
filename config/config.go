package config

import (
	"encoding/base64"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/password"
	"github.com/sekisho-id/sekisho/idp/recovery"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
)

// Config is a deployment. [Default] has every default; example.yaml says what
// each key means.
type Config struct {
	Issuer string `yaml:"issuer"`
	Listen string `yaml:"listen"`
	TLS    TLS    `yaml:"tls"`
	MTLS   MTLS   `yaml:"mtls"`
	// TrustedProxies are addresses and prefixes; see [Config.Proxies].
	TrustedProxies []string `yaml:"trusted_proxies"`
	// Database is the path of a SQLite file or a PostgreSQL DSN. It is a Secret
	// because a DSN may hold a password; a path may be written as it is.
	Database Secret  `yaml:"database"`
	Secrets  Secrets `yaml:"secrets"`
	Metrics  Metrics `yaml:"metrics"`

	Name string `yaml:"name"`
	// Reading is how the Japanese voice says Name; empty for Name itself.
	Reading string `yaml:"reading"`
	// Market is empty for the same as Name.
	Market string `yaml:"market"`
	// Terms and Privacy are the marketplace's pages; empty leaves their links out.
	Terms   string  `yaml:"terms"`
	Privacy string  `yaml:"privacy"`
	Support Support `yaml:"support"`
	// HelpDate is the date of what the help says, as 2006-01-02 (S-002); empty
	// for the day the program was built.
	HelpDate string `yaml:"help_date"`
	Language string `yaml:"language"`
	TimeZone string `yaml:"time_zone"`
	Profile  string `yaml:"profile"`
	// GeoIP is a database of places by IP address (.mmdb); empty shows no places.
	GeoIP string `yaml:"geoip"`
	// RequirePAR refuses every authorization request that was not pushed.
	RequirePAR bool `yaml:"require_par"`

	Mail  Mail    `yaml:"mail"`
	SMS   Gateway `yaml:"sms"`
	Voice Gateway `yaml:"voice"`
	// PhoneRisk is asked about a number before each code.
	PhoneRisk PhoneRisk `yaml:"phone_risk"`

	Outbound Outbound `yaml:"outbound"`
	// Resources are the APIs that access tokens are made for.
	Resources clients.Resources `yaml:"resources"`
	Clients   []clients.Client  `yaml:"clients"`
	// Registration lets clients register themselves.
	Registration clients.Registration `yaml:"registration"`
	// Shops is what seller accounts may have and do.
	Shops      clients.Shops     `yaml:"shops"`
	ACRAliases map[string]string `yaml:"acr_aliases"`
	// TokenExchange serves RFC 8693 to clients that have the grant.
	TokenExchange bool `yaml:"token_exchange"`
	// DPoPNonce demands a nonce of ours in DPoP proofs.
	DPoPNonce bool     `yaml:"dpop_nonce"`
	Password  Password `yaml:"password"`
	Limits    Limits   `yaml:"limits"`
}

// TLS names the certificate's files; they are read anew when they change.
// Empty means plain HTTP.
type TLS struct {
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
}

// Support is whom people may ask, as the help shows it; empty fields are left out.
type Support struct {
	URL   string `yaml:"url"`
	Mail  string `yaml:"mail"`
	Phone string `yaml:"phone"`
}

// Metrics says where numbers about the program are read, apart from everything people reach.
type Metrics struct {
	// Listen is an address of its own for /metrics; empty serves none.
	Listen string `yaml:"listen"`
}

// MTLS says whether and how relying parties show client certificates (RFC 8705).
type MTLS struct {
	Enabled bool `yaml:"enabled"`
	// URL is where certificates are asked for; empty means at the issuer.
	URL string `yaml:"url"`
	// ClientCA is a PEM file of the authorities that tls_client_auth accepts;
	// empty means that it is not served.
	ClientCA string `yaml:"client_ca"`
	// Header is where trusted proxies pass the certificate on; empty means that
	// none does.
	Header string `yaml:"header"`
}

// Secrets are the master keys: everything sealed at rest is sealed under one of them.
type Secrets struct {
	// Keys are 32 random bytes each, in base64, by a short id.
	Keys map[string]Secret `yaml:"keys"`
	// Current names the key that seals. It may be empty while there is one key only.
	Current string `yaml:"current"`
	// MAC names the key of all MACs; empty means the id that sorts first.
	MAC string `yaml:"mac"`
}

// Mail is the way mails leave.
type Mail struct {
	// Provider is smtp, or inbox on a laptop: mails are then shown at /dev/inbox.
	Provider string `yaml:"provider"`
	Host     string `yaml:"host"`
	// Port is 0 for 587, or 465 with implicit TLS.
	Port     int    `yaml:"port"`
	User     string `yaml:"user"`
	Password Secret `yaml:"password"`
	From     string `yaml:"from"`
	// TLS is mandatory (STARTTLS), implicit, opportunistic, or none to a relay on the same machine.
	TLS string `yaml:"tls"`
}

// Outbound says which addresses inside the deployment may be called on behalf of
// relying parties, such as for a back-channel logout (T-47). Public ones may
// always be called.
type Outbound struct {
	// Allow are addresses and prefixes; see [Outbound.Networks].
	Allow []string `yaml:"allow"`
}

// Networks are the addresses allowed. Those that are none are left out; Validate reports them.
func (o Outbound) Networks() []netip.Prefix { return prefixes(o.Allow) }

// Password says how passwords are hashed and which are refused.
type Password struct {
	password.Params `yaml:",inline"`
	// BlocklistFile holds one refused password, or SHA-1 of one, a line; empty
	// leaves the built-in list alone.
	BlocklistFile string `yaml:"blocklist_file"`
}

// Limits are the numbers of requirements.md section 4.
type Limits struct {
	mfa.Limits `yaml:",inline"`
	Care       mfa.CareLimits        `yaml:"methods"`
	Session    signin.Limits         `yaml:"session"`
	Password   signin.PasswordLimits `yaml:"password"`
	Tokens     clients.Lifetimes     `yaml:"tokens"`
	SignIn     SignIn                `yaml:"sign_in"`
	Account    Account               `yaml:"account"`
	Staff      signin.StaffLimits    `yaml:"staff"`
	Shops      clients.ShopLimits    `yaml:"shops"`
	Alarms     signin.AlarmLimits    `yaml:"alarms"`
	Recovery   recovery.Limits       `yaml:"recovery"`
}

// SignIn are the lifetimes of what is pending.
type SignIn struct {
	Request    time.Duration `yaml:"request"`        // C-32, an authorization request
	Pending    time.Duration `yaml:"pending"`        // C-32, password done, code not
	Reset      time.Duration `yaml:"password_reset"` // C-43
	SignUp     time.Duration `yaml:"sign_up"`        // the code sent by mail
	Mails      int           `yaml:"mails_hour"`     // C-43, reset and sign-up mails per address
	MailsPerIP int           `yaml:"mails_ip_hour"`  // T-05, the same per IPv4 address or IPv6 /64
	MailTries  int           `yaml:"mail_tries"`     // guesses of a code sent by mail
	// DeviceTries are wrong codes of devices in a quarter of an hour.
	DeviceTries int `yaml:"device_tries"`
}

// Account are the numbers of the account pages and the security mails.
type Account struct {
	History        time.Duration `yaml:"history"`         // how far back a person sees their own
	Report         time.Duration `yaml:"report_link"`     // T-64, "this wasn't me" and what it can take back
	Addresses      int           `yaml:"addresses"`       // N-51, beside the one that signs in
	Exports        int           `yaml:"exports_day"`     // downloads of one's own data
	CloseWait      time.Duration `yaml:"close_wait"`      // before a closed account is erased
	CloseReminder  time.Duration `yaml:"close_reminder"`  // before that, the last mail
	NoticeFailures int           `yaml:"notice_failures"` // wrong passwords in a row
	NoticeSends    int           `yaml:"notice_sends"`    // T-30, codes sent and not entered
	Extension      time.Duration `yaml:"extension"`       // S-109, the longest behind a client's date
	ReminderDays   []int         `yaml:"reminder_days"`   // C-24, mails so many days before a client's date
}

// The profiles: strict forbids what weakens the second step.
const (
	Standard = "standard"
	Strict   = "strict"
)

// Default is the configuration an empty file means; it lacks what only the
// deployment knows: issuer, keys, mail, gateways.
func Default() Config {
	return Config{
		Listen: "127.0.0.1:9000", Database: "sekisho.db",
		Name: "Sekisho", Language: "ja", TimeZone: "Asia/Tokyo", Profile: Standard,
		Mail:         Mail{Provider: SMTP, TLS: "mandatory"},
		SMS:          Gateway{DomainBound: true},
		Shops:        clients.DefaultShops(),
		Registration: clients.DefaultRegistration(),
		ACRAliases:   map[string]string{"https://refeds.org/profile/mfa": signin.LevelTwoStep.ACR()},
		Password:     Password{Params: password.DefaultParams()},
		Limits: Limits{
			Limits: mfa.DefaultLimits(), Care: mfa.DefaultCareLimits(), Session: signin.DefaultLimits(),
			Password: signin.DefaultPasswordLimits(), Tokens: clients.DefaultLifetimes(),
			SignIn:  SignIn{Request: 30 * time.Minute, Pending: 15 * time.Minute, Reset: 30 * time.Minute, SignUp: 30 * time.Minute, Mails: 5, MailsPerIP: 60, MailTries: 5, DeviceTries: 5},
			Account: Account{History: 90 * day, Report: 7 * day, Addresses: 4, Exports: 5, CloseWait: 14 * day, CloseReminder: 3 * day, NoticeFailures: 10, NoticeSends: 3, Extension: 14 * day, ReminderDays: []int{30, 14, 7, 1}},
			Staff:   signin.DefaultStaffLimits(),
			Shops:   clients.DefaultShopLimits(),
			Alarms:  signin.DefaultAlarmLimits(), Recovery: recovery.DefaultLimits(),
		},
	}
}

// Zone is the deployment's time zone; UTC when it is unknown, which Validate reports.
func (c Config) Zone() *time.Location {
	zone, err := time.LoadLocation(c.TimeZone)
	if err != nil || c.TimeZone == "" {
		return time.UTC
	}
	return zone
}

// Proxies are the addresses whose X-Forwarded-For is believed (T-45). Where
// none are listed and a proxy on the same machine ends TLS, they are the
// machine's own: else all people would share that proxy's rate limits.
func (c Config) Proxies() []netip.Prefix {
	if len(c.TrustedProxies) == 0 && c.behindLocalProxy() {
		return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}
	return prefixes(c.TrustedProxies)
}

// Development reports whether some messages go to the development inbox.
func (c Config) Development() bool {
	return c.Mail.Provider == Inbox || c.SMS.Provider == Inbox || c.Voice.Provider == Inbox
}

// Master are the master keys as bytes. Keys that are not base64 are left out; Validate reports them.
func (s Secrets) Master() map[string][]byte {
	out := make(map[string][]byte, len(s.Keys))
	for id, text := range s.Keys {
		if b, err := base64.StdEncoding.DecodeString(string(text)); err == nil {
			out[id] = b
		}
	}
	return out
}

// CurrentKey is the id of the key that seals.
func (s Secrets) CurrentKey() string {
	if s.Current == "" && len(s.Keys) == 1 {
		return slices.Collect(maps.Keys(s.Keys))[0]
	}
	return s.Current
}

// behindLocalProxy reports whether TLS must end in a proxy on this machine.
func (c Config) behindLocalProxy() bool {
	u, err := url.Parse(c.Issuer)
	return err == nil && u.Scheme == "https" && c.TLS == TLS{} && loopbackListen(c.Listen)
}

func loopbackListen(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	return err == nil && clients.Loopback(host)
}

// prefixes reads a list of addresses and prefixes, leaving out what is none.
func prefixes(list []string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range list {
		if p, ok := prefix(s); ok {
			out = append(out, p)
		}
	}
	return out
}

// prefix reads an address or a prefix.
func prefix(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), true
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, a.BitLen()), true
}
