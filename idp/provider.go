package idp

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/jobs"
	"github.com/sekisho-id/sekisho/idp/metrics"
	"github.com/sekisho-id/sekisho/idp/password"
	"github.com/sekisho-id/sekisho/idp/recovery"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/mfa/passkey"
)

// Rows that verbs hand out as they are.
type (
	// User is a person's row.
	User = store.User
	// Session is a signed-in browser.
	Session = store.Session
	// Grant is what a person or client was granted.
	Grant = store.Grant
	// Actor is who does something.
	Actor = store.Actor
	// Event is a line of the audit log.
	Event = store.Event
	// Claims are those asked for one by one.
	Claims = store.Claims
	// Shop is a seller account that several people run.
	Shop = store.Shop
	// Address is where somebody lives.
	Address = store.Address
	// RecoveryCodes sums up the recovery codes of a person.
	RecoveryCodes = store.RecoveryCodes
)

// Sender delivers one message. An error that wraps [mfa.ErrUndeliverable] ends the retries.
type Sender interface {
	Send(ctx context.Context, m mfa.Message) error
}

// Renderer turns a queued message's name and parameters into its texts.
type Renderer func(lang, name string, params map[string]string) (mfa.Message, error)

// Config is what a Provider is made of.
type Config struct {
	// Issuer is the provider's URL without a trailing slash.
	Issuer string
	// Name is the service's name in pages and messages; Market the marketplace's.
	Name, Market string
	// Lang is the language of last resort, "ja" or "en"; Zone the deployment's time zone.
	Lang    string
	Zone    *time.Location
	Store   *store.Store
	Clients *clients.Registry
	// Resources are the APIs that access tokens are made for.
	Resources clients.Resources
	// Registration is what clients may be that register themselves; its zero value lets nobody in.
	Registration clients.Registration
	Hasher       *password.Hasher
	// Rules judge new passwords (N-07 to N-10).
	Rules   *password.Rules
	Senders map[mfa.Kind]Sender
	Render  Renderer
	// Logouts tells relying parties that a session has ended; nil tells nobody.
	Logouts LogoutNotifier
	// Sectors reads what clients of several hosts are held to; nil vouches for them.
	Sectors SectorReader
	// Vault keeps the signing keys; nil keeps them in the database ([SealedKeys]).
	Vault Vault
	// Place names where an IP address is, in a language; empty when it is not
	// known. Nil knows nothing.
	Place  func(ip, lang string) string
	Limits Limits
	// Shops is what seller accounts may have and do; without roles it is [clients.DefaultShops].
	Shops clients.Shops
	// ACRAliases maps further acr values to ours (https://refeds.org/profile/mfa).
	ACRAliases map[string]string
	// RequirePAR refuses every authorization request that was not pushed.
	RequirePAR bool
	// TokenExchange serves RFC 8693 to clients that have the grant.
	TokenExchange bool
	// Metrics counts what happens; nil for a registry of its own.
	Metrics *metrics.Registry
	Now     func() time.Time
	Log     *slog.Logger
}

// Limits are all numbers of requirements.md section 4 that verbs obey.
type Limits struct {
	MFA      mfa.Limits
	Care     mfa.CareLimits
	Session  signin.Limits
	Password signin.PasswordLimits
	Tokens   clients.Lifetimes
	SignIn   SignInLimits
	Account  AccountLimits
	Staff    signin.StaffLimits
	Shops    clients.ShopLimits
	Alarms   signin.AlarmLimits
	Recovery recovery.Limits
}

// SignInLimits are the lifetimes of what is pending.
type SignInLimits struct {
	Request    time.Duration `yaml:"request"`        // C-32, an authorization request
	Pending    time.Duration `yaml:"pending"`        // C-32, password done, code not
	Reset      time.Duration `yaml:"password_reset"` // C-43
	SignUp     time.Duration `yaml:"sign_up"`        // ux 8.3, the code sent by mail
	Mails      int           `yaml:"mails_hour"`     // C-43, reset and sign-up mails per address
	MailsPerIP int           `yaml:"mails_ip_hour"`  // T-05, the same per IPv4 address or IPv6 /64
	MailTries  int           `yaml:"mail_tries"`     // guesses of a code sent by mail
	// DeviceTries are wrong codes of devices in a quarter of an hour, per browser;
	// four times as many come from one address (RFC 8628 §5.1).
	DeviceTries int `yaml:"device_tries"`
}

// AccountLimits are the numbers of the account pages and the security mails.
type AccountLimits struct {
	History        time.Duration `yaml:"history"`         // ux 6.11, how far back a person sees their own
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

// DefaultLimits are the numbers of requirements.md section 4.
func DefaultLimits() Limits {
	return Limits{
		MFA: mfa.DefaultLimits(), Care: mfa.DefaultCareLimits(), Session: signin.DefaultLimits(),
		Password: signin.DefaultPasswordLimits(), Tokens: clients.DefaultLifetimes(),
		Staff: signin.DefaultStaffLimits(), Shops: clients.DefaultShopLimits(),
		SignIn: SignInLimits{Request: 30 * time.Minute, Pending: 15 * time.Minute, Reset: 30 * time.Minute, SignUp: 30 * time.Minute, Mails: 5, MailsPerIP: 60, MailTries: 5, DeviceTries: 5},
		Account: AccountLimits{
			History: 90 * 24 * time.Hour, Report: 7 * 24 * time.Hour, Addresses: 4, Exports: 5,
			CloseWait: 14 * 24 * time.Hour, CloseReminder: 3 * 24 * time.Hour, NoticeFailures: 10, NoticeSends: 3, Extension: 14 * 24 * time.Hour,
			ReminderDays: []int{30, 14, 7, 1},
		},
		Alarms: signin.DefaultAlarmLimits(), Recovery: recovery.DefaultLimits(),
	}
}

// Provider carries out the verbs. Its methods may be called from any goroutine.
type Provider struct {
	cfg  Config
	st   *store.Store
	keys *Keyring
	jobs *jobs.Runner

	meters *meters
	// standing are access tokens that were found to live.
	standing standing
	alarms   alarms
	// site is whom passkeys are made for; nil where browsers make none.
	site *passkey.Site
	// toolsMu guards toolsVersion, that of the tools last loaded; toolUses are when
	// each was last noted as used.
	toolsMu      sync.Mutex
	toolsVersion int64
	toolUses     sync.Map
	// sectors are *sectorProof by client.
	sectors sync.Map
	// clientsVersion is that of the stored clients last loaded.
	clientsVersion atomic.Int64
}
