package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/signin"
)

// Validate reports every fault, as [Faults] without lines. It reads no file.
func (c Config) Validate() error { return c.faults().err() }

func (c Config) faults() Faults {
	var f Faults
	c.validateServer(&f)
	c.validateSecrets(&f)
	c.validateWords(&f)
	c.validateMessages(&f)
	c.validateClients(&f)
	c.validateShops(&f)
	c.validatePassword(&f)
	c.validateLimits(&f)
	return f
}

func (c Config) validateServer(f *Faults) {
	u, err := url.Parse(c.Issuer)
	switch {
	case c.Issuer == "":
		f.add(true, "issuer", "is required: the URL people and relying parties use, such as https://id.example.jp")
	case err != nil || u.Hostname() == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http":
		f.add(true, "issuer", "must be a URL such as https://id.example.jp")
	default:
		f.add(u.Path != "" || u.RawQuery != "" || u.Fragment != "", "issuer", "must end with the host or port: no slash, path or query")
		f.add(u.Host != strings.ToLower(u.Host), "issuer", "must be in lower case: it is compared byte by byte")
		f.add(u.Scheme == "http" && !clients.Loopback(u.Hostname()), "issuer", "must use https; http is for localhost")
	}
	_, _, err = net.SplitHostPort(c.Listen)
	f.add(err != nil, "listen", "must be an address and a port, such as 127.0.0.1:9000 or :443")
	_, _, metricsErr := net.SplitHostPort(c.Metrics.Listen)
	f.add(c.Metrics.Listen != "" && metricsErr != nil, "metrics.listen", "must be an address and a port, such as 127.0.0.1:9464")
	f.add(c.Metrics.Listen != "" && c.Metrics.Listen == c.Listen, "metrics.listen", "must be another address than listen: people reach that one")
	f.add(c.TLS.Cert == "" && c.TLS.Key != "", "tls.cert", "is required with tls.key")
	f.add(c.TLS.Cert != "" && c.TLS.Key == "", "tls.key", "is required with tls.cert")
	for i, s := range c.Outbound.Allow {
		_, ok := prefix(s)
		f.add(!ok, fmt.Sprintf("outbound.allow[%d]", i), "must be an address or a prefix such as 10.0.0.0/8")
	}
	for i, s := range c.TrustedProxies {
		p, ok := prefix(s)
		f.add(!ok, fmt.Sprintf("trusted_proxies[%d]", i), "must be an address or a prefix such as 10.0.0.0/8")
		f.add(ok && p.Bits() == 0, fmt.Sprintf("trusted_proxies[%d]", i), "must not trust every address: anybody could name any address as theirs") // T-45
	}
	// A deployment speaks TLS itself or names who speaks it.
	plain := u != nil && u.Scheme == "https" && c.TLS == TLS{}
	f.add(plain && err == nil && !loopbackListen(c.Listen) && len(c.TrustedProxies) == 0, "listen",
		"would speak plain HTTP to anybody: set tls.cert and tls.key, list the proxy in trusted_proxies, or listen on 127.0.0.1")
	c.validateMTLS(f)
	f.add(c.Database == "", "database", "is required: the path of a SQLite file, or a PostgreSQL DSN")
}

func (c Config) validateMTLS(f *Faults) {
	m := c.MTLS
	f.add(m.Enabled && c.TLS == TLS{} && m.Header == "", "mtls.enabled", "needs tls.cert, or mtls.header where a proxy ends TLS: somebody must ask for the certificates")
	f.add(!m.Enabled && m != MTLS{}, "mtls.enabled", "must be true with the other keys of mtls")
	f.add(m.Header != "" && !headerForm.MatchString(m.Header), "mtls.header", "must be the name of a header field, such as Client-Cert")
	f.add(m.Header != "" && len(c.Proxies()) == 0, "mtls.header", "needs trusted_proxies: nobody else is believed") // O-18
	if m.URL == "" {
		return
	}
	u, err := url.Parse(m.URL)
	at, _ := url.Parse(c.Issuer)
	f.add(err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "",
		"mtls.url", "must be a URL such as https://mtls.id.example.jp")
	f.add(err == nil && at != nil && u.Host == at.Host, "mtls.url", "must be another host than the issuer's, or be left out")
}

// headerForm is a field name (RFC 9110 §5.1).
var headerForm = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

func (c Config) validateSecrets(f *Faults) {
	s := c.Secrets
	f.add(len(s.Keys) == 0, "secrets.keys", "is required: an id and 32 random bytes in base64 (openssl rand -base64 32)")
	for _, id := range slices.Sorted(maps.Keys(s.Keys)) {
		b, err := base64.StdEncoding.DecodeString(string(s.Keys[id]))
		f.add(err != nil || len(b) != 32, "secrets.keys."+id, "must be 32 random bytes in base64 (openssl rand -base64 32)")
		f.add(id == "" || strings.ContainsAny(id, ". "), "secrets.keys."+id, "must have an id without dots and spaces")
	}
	_, ok := s.Keys[s.CurrentKey()]
	f.add(len(s.Keys) > 0 && !ok, "secrets.current", "must be one of the ids in secrets.keys")
	_, ok = s.Keys[s.MAC]
	f.add(s.MAC != "" && !ok, "secrets.mac", "must be one of the ids in secrets.keys")
}

// phone is a telephone number as people write it.
var phone = regexp.MustCompile(`^\+?[0-9][0-9() -]{3,20}$`)

func (c Config) validateWords(f *Faults) {
	f.add(strings.TrimSpace(c.Name) == "", "name", "is required: people see it")
	for key, text := range map[string]string{"name": c.Name, "reading": c.Reading, "market": c.Market} {
		// H-26: a text message has room for a code and a short name.
		f.add(utf8.RuneCountInString(text) > 30, key, "must have 30 characters at most: it stands in text messages")
		f.add(strings.ContainsFunc(text, unicode.IsControl), key, "must be one line of text")
	}
	for key, page := range map[string]string{"terms": c.Terms, "privacy": c.Privacy} {
		f.add(page != "" && !private(page), key, "must be an https URL")
	}
	f.add(c.Support.URL != "" && !private(c.Support.URL), "support.url", "must be an https URL")
	at, err := mail.ParseAddress(c.Support.Mail)
	f.add(c.Support.Mail != "" && (err != nil || at.Address != c.Support.Mail), "support.mail", "must be a mail address such as support@example.jp")
	f.add(c.Support.Phone != "" && !phone.MatchString(c.Support.Phone), "support.phone", "must be a telephone number such as 0120-000-000")
	_, err = time.Parse(time.DateOnly, c.HelpDate)
	f.add(c.HelpDate != "" && err != nil, "help_date", "must be a date such as 2026-12-01")
	f.add(c.Language != "ja" && c.Language != "en", "language", "must be ja or en")
	_, err = time.LoadLocation(c.TimeZone)
	f.add(err != nil || c.TimeZone == "" || c.TimeZone == "Local", "time_zone", "must be a name of the time zone database, such as Asia/Tokyo")
	switch c.Profile {
	case Standard:
	case Strict:
		f.add(c.Limits.AllowUnverified, "limits.allow_unverified_backup", "must be false under profile strict")
		f.add(c.Limits.AllowVoIP, "limits.allow_voip", "must be false under profile strict")
		for i, one := range c.Clients {
			f.add(!one.PKCERequired(), fmt.Sprintf("clients[%d].require_pkce", i), "must be true under profile strict")
		}
	default:
		f.add(true, "profile", "must be standard or strict")
	}
	for _, alias := range slices.Sorted(maps.Keys(c.ACRAliases)) {
		own, _ := signin.ParseACR(alias, nil)
		f.add(own != signin.LevelNone, "acr_aliases."+alias, "is an acr value itself")
		f.add(!slices.Contains(signin.ACRValues(), c.ACRAliases[alias]), "acr_aliases."+alias, "must stand for one of %s", strings.Join(signin.ACRValues(), ", "))
	}
}

// validateShops also keeps tools apart from clients: a client of the file with
// the form of a tool's id would stand in a tool's way.
func (c Config) validateShops(f *Faults) {
	f.below("shops.", c.Shops.Validate())
	tools := clients.Client{Resources: c.Shops.Tools.Resources}
	for _, s := range c.Shops.Tools.Scopes {
		tools.Scopes = append(tools.Scopes, s.Scope)
	}
	f.below("shops.tools.", c.Resources.Judge(tools, c.Issuer))
	for i, one := range c.Clients {
		f.add(clients.IsToolID(one.ID), fmt.Sprintf("clients[%d].id", i), "must not look like that of a shop's tool")
	}
}

// below adds the faults of a value that stands in the file below a path.
func (f *Faults) below(at string, err error) {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return
	}
	for _, one := range joined.Unwrap() {
		if wrong, ok := errors.AsType[*clients.Fault](one); ok {
			f.add(true, at+wrong.Field, "%s", wrong.Text)
		}
	}
}

func (c Config) validateClients(f *Faults) {
	first := map[string]int{}
	f.below("", c.Resources.Validate(c.Issuer))
	f.below("registration.", c.Registration.Validate())
	for i, one := range c.Clients {
		at := fmt.Sprintf("clients[%d].", i)
		f.below(at, one.Validate())
		f.below(at, c.Resources.Judge(one, c.Issuer))
		byTLS := one.AuthMethod() == clients.AuthTLS
		f.add(!c.MTLS.Enabled && (byTLS || one.AuthMethod() == clients.AuthSelfSigned), at+"auth_method", "%s needs mtls.enabled", one.AuthMethod())
		f.add(c.MTLS.Enabled && byTLS && c.MTLS.ClientCA == "", at+"auth_method", "tls_client_auth needs mtls.client_ca")
		f.add(!c.MTLS.Enabled && one.CertificateBound, at+"tls_client_certificate_bound_access_tokens", "needs mtls.enabled")
		j, twice := first[one.ID]
		f.add(twice && one.ID != "", at+"id", "is the id of clients[%d] too", j)
		first[one.ID] = i
	}
}

// local reports whether the issuer is on this machine, where development is allowed.
func (c Config) local() bool {
	u, err := url.Parse(c.Issuer)
	return err == nil && clients.Loopback(u.Hostname())
}
