package idptest

import (
	"crypto/tls"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/protocol"
	"github.com/sekisho-id/sekisho/idp/web"
	"github.com/sekisho-id/sekisho/mfa"
)

// Option changes what [New] builds.
type Option func(*options)

type options struct {
	limits  func(*idp.Limits)
	clients []clients.Client
	dsn     string
	issuer  string
	web     func(*web.Config)
	aliases map[string]string
	apis    clients.Resources
	joins   clients.Registration
	swaps   bool
	vault   idp.Vault
	vouched bool
	machine func(*protocol.Config)
	par     bool
	shops   clients.Shops
	tls     *tls.Config
	senders map[mfa.Kind]idp.Sender
	jobs    bool
	place   func(ip, lang string) string
}

// Limits changes the provider's numbers; several change them one after the other.
func Limits(f func(*idp.Limits)) Option {
	return func(o *options) {
		before := o.limits
		o.limits = func(l *idp.Limits) {
			if before != nil {
				before(l)
			}
			f(l)
		}
	}
}

// Clients declares clients as a configuration file would.
func Clients(list ...clients.Client) Option {
	return func(o *options) { o.clients = append(o.clients, list...) }
}

// DSN runs the provider on another database than a fresh SQLite file.
func DSN(dsn string) Option { return func(o *options) { o.dsn = dsn } }

// Issuer makes the provider believe it is served at another URL, such as an
// https one behind a proxy.
func Issuer(issuer string) Option { return func(o *options) { o.issuer = issuer } }

// Web changes the configuration of the pages.
func Web(f func(*web.Config)) Option { return func(o *options) { o.web = f } }

// Protocol changes the configuration of the endpoints.
func Protocol(f func(*protocol.Config)) Option { return func(o *options) { o.machine = f } }

// Alias serves the machines' endpoints at another URL too.
func Alias(url string) Option {
	return Web(func(c *web.Config) { c.Alias = url })
}

// TLS serves over TLS, with this configuration.
func TLS(c *tls.Config) Option { return func(o *options) { o.tls = c } }

// Vault keeps the signing keys elsewhere than in the database.
func Vault(v idp.Vault) Option { return func(o *options) { o.vault = v } }

// Sectors says whether the documents of sectors are read, as they are by
// default, or clients taken to be in the sectors that they name.
func Sectors(read bool) Option { return func(o *options) { o.vouched = !read } }

// TokenExchange serves RFC 8693.
func TokenExchange() Option { return func(o *options) { o.swaps = true } }

// Registration lets clients register themselves.
func Registration(r clients.Registration) Option { return func(o *options) { o.joins = r } }

// Resources registers APIs.
func Resources(list ...clients.Resource) Option {
	return func(o *options) { o.apis = append(o.apis, list...) }
}

// ACRAliases sets further acr values.
func ACRAliases(m map[string]string) Option { return func(o *options) { o.aliases = m } }

// RequirePAR refuses every authorization request that was not pushed.
func RequirePAR() Option { return func(o *options) { o.par = true } }

// Shops says what shops may have and do; the default is [clients.DefaultShops].
func Shops(s clients.Shops) Option { return func(o *options) { o.shops = s } }

// Senders replaces the inbox for some kinds of message.
func Senders(m map[mfa.Kind]idp.Sender) Option { return func(o *options) { o.senders = m } }

// Place names the places of IP addresses.
func Place(f func(ip, lang string) string) Option { return func(o *options) { o.place = f } }

// Jobs runs the provider's jobs. Without it messages leave when [Server.Message],
// [Server.Code] and the like are called, so that tests are in step with them.
func Jobs() Option { return func(o *options) { o.jobs = true } }
