package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/config"
)

// small is a valid file; tests replace or add lines.
const small = `issuer: https://id.example.jp
secrets:
  keys: {a: "${env:KEY}"}
mail: {host: smtp.example.jp, from: no-reply@example.jp}
sms: {provider: http, http: {url: https://sms.example.jp/, json: "{}"}}
voice: {provider: http, http: {url: https://sms.example.jp/, json: "{}"}}
`

func vars(name string) string {
	return map[string]string{"KEY": testKey, "PORT": "2525", "SHORT": "c2hvcnQ=", "DSN": "postgres://sekisho:pw@db/sekisho"}[name]
}

func TestSmallFileIsEnough(t *testing.T) {
	t.Parallel()
	c, err := config.Parse("f", []byte(small), vars)
	if err != nil {
		t.Fatal(err)
	}
	if c.Secrets.CurrentKey() != "a" || len(c.Secrets.Master()["a"]) != 32 {
		t.Errorf("keys: current %q", c.Secrets.CurrentKey())
	}
	if c.Limits.CodeLifetime != 10*time.Minute || c.Listen != "127.0.0.1:9000" || !c.Limits.AllowUnverified {
		t.Error("defaults are missing")
	}
}

func TestClientKnowsItsLine(t *testing.T) {
	t.Parallel()
	const list = "clients:\n- {id: a, name: A, auth_method: none, redirect_uris: [https://a.example/]}\n" +
		"- id: b\n  name: B\n  auth_method: none\n  redirect_uris: [https://b.example/]\n  sector_identifier_uri: https://b.example/sector\n"
	c, err := config.Parse("f", []byte(small+list), vars)
	if err != nil || len(c.Clients) != 2 || c.Clients[0].Place != "f:8" || c.Clients[1].Place != "f:13" {
		t.Errorf("got %+v, %v", c.Clients, err)
	}
}

// TestFaults shows the text of every kind of fault. edit replaces the line of
// small that begins with the same key, or adds lines.
func TestFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, edit string
		want       []string
	}{
		{"unknown key", "isuer: x", []string{"f:7: isuer: is not a key here"}},
		{"unknown inner key", "limits:\n  code_lifetme: 5m\n", []string{"f:8: limits.code_lifetme: is not a key here"}},
		{
			"unknown key of a client", "clients:\n- id: a\n  name: A\n  redirect_url: x\n  auth_method: none\n  redirect_uris: [https://a.example/]",
			[]string{"f:10: clients[0].redirect_url: is not a key here"},
		},
		{
			"unknown rule", "clients:\n- id: a\n  name: A\n  auth_method: none\n  redirect_uris: [https://a.example/]\n  rules: {trust: true}",
			[]string{"f:12: clients[0].rules.trust: is not a key here"},
		},
		{"a key twice", "language: ja\nlanguage: en", []string{"f:8: language: is there twice"}},
		{"wrong types", "limits:\n  code_lifetime: soon\n  code_tries: many\n  allow_voip: maybe\n  countries: JP\n  session: 5\n", []string{
			`f:8: limits.code_lifetime: must be a duration such as 90s, 10m or 30d, not "soon"`,
			`f:9: limits.code_tries: must be a whole number, not "many"`,
			`f:10: limits.allow_voip: must be true or false, not "maybe"`,
			`f:11: limits.countries: must be a list, not "JP"`,
			`f:12: limits.session: must be a group of keys, not "5"`,
		}},
		{"a number without unit", "limits: {code_lifetime: 10}", []string{`f:7: limits.code_lifetime: must be a duration such as 90s, 10m or 30d, not "10"`}},
		{"a list where a text belongs", "name: [a, b]", []string{"f:7: name: must be one text"}},
		{"out of range", "limits:\n  code_lifetime: 1m\n  code_digits: 5\n  trusted_device: 91d\n  resend_wait: 1s\n  sends_day: 0\n", []string{
			"f:8: limits.code_lifetime: must be between 2m and 10m",
			"f:9: limits.code_digits: must be between 6 and 8",
			"f:10: limits.trusted_device: must be between 0s and 90d",
			"f:11: limits.resend_wait: must be between 30s and 1h",
			"f:12: limits.sends_day: must be at least 1",
		}},
		{"client certificates that nobody asks for", "mtls: {enabled: true}", []string{
			"f:7: mtls.enabled: needs tls.cert, or mtls.header where a proxy ends TLS: somebody must ask for the certificates",
		}},
		{"client certificates from anybody (O-18)", "mtls: {enabled: true, header: Client-Cert}\nlisten: :80\ntls: {cert: a, key: b}", []string{
			"f:7: mtls.header: needs trusted_proxies: nobody else is believed",
		}},
		{"client certificates at the issuer by another name", "mtls: {url: https://id.example.jp, header: a b}", []string{
			"f:7: mtls.enabled: must be true with the other keys of mtls",
			"f:7: mtls.header: must be the name of a header field, such as Client-Cert",
			"f:7: mtls.url: must be another host than the issuer's, or be left out",
		}},
		{"a client's certificate without any", "clients:\n- {id: a, name: A, auth_method: tls_client_auth, tls_client_auth: {san_dns: a.example}, grants: [client_credentials],\n  tls_client_certificate_bound_access_tokens: true}", []string{
			"f:8: clients[0].auth_method: tls_client_auth needs mtls.enabled",
			"f:9: clients[0].tls_client_certificate_bound_access_tokens: needs mtls.enabled",
		}},
		{"audiences that are not registered", "resources:\n- {id: payout}\n- {id: https://pay.example.jp, scopes: [payout]}\nclients:\n- {id: a, name: A, secret_hashes: [" + strings.Repeat("0", 64) + "], grants: [client_credentials],\n  resources: [https://x.example.jp],\n  scopes: [payout]}", []string{
			"f:8: resources[0].id: must be an absolute URI without fragment",
			"f:12: clients[0].resources[0]: must be the id of one of the configuration's resources",
			"f:13: clients[0].scopes[0]: belongs to a resource that the client is not registered for",
		}},
		{"every fault at once", "issuer: http://id.example.jp\nlimits: {code_tries: x}\nprofile: lax\nfoo: 1", []string{
			"f:1: issuer: must use https; http is for localhost",
			`f:7: limits.code_tries: must be a whole number, not "x"`,
			"f:8: profile: must be standard or strict",
			"f:9: foo: is not a key here",
		}},
		{"no YAML", "a: b: c", []string{"f:7: is no YAML: mapping values are not allowed in this context"}},
		{"two documents", "---\nissuer: https://b.example", []string{"f: must hold one document only"}},
		{"no issuer", "issuer:", []string{"f:1: issuer: is required: the URL people and relying parties use, such as https://id.example.jp"}},
		{"issuer with a path", "issuer: https://id.example.jp/", []string{"f:1: issuer: must end with the host or port: no slash, path or query"}},
		{"issuer in capitals", "issuer: https://ID.example.jp", []string{"f:1: issuer: must be in lower case: it is compared byte by byte"}},
		{
			"plain HTTP to anybody", "listen: :80",
			[]string{"f:7: listen: would speak plain HTTP to anybody: set tls.cert and tls.key, list the proxy in trusted_proxies, or listen on 127.0.0.1"},
		},
		{"half a certificate", "tls: {cert: a.pem}", []string{"f:7: tls.key: is required with tls.cert"}},
		{"every proxy trusted (T-45)", "trusted_proxies: [0.0.0.0/0, proxy]", []string{
			"f:7: trusted_proxies[0]: must not trust every address: anybody could name any address as theirs",
			"f:7: trusted_proxies[1]: must be an address or a prefix such as 10.0.0.0/8",
		}},
		{
			"a secret in the file", "secrets: {keys: {a: " + testKey + "}}",
			[]string{"f:2: secrets.keys.a: must be a reference, ${env:NAME} or ${file:PATH}: a secret does not belong in the file"},
		},
		{"a password in the file", "database: postgres://a:b@db/x", []string{
			"f:7: database: must be a reference, ${env:NAME} or ${file:PATH}: a secret does not belong in the file",
		}},
		{"missing variable", "secrets: {keys: {a: \"${env:NOPE}\"}}", []string{"f:2: secrets.keys.a: environment variable NOPE is not set"}},
		{
			"missing file", "secrets: {keys: {a: \"${file:/no/such}\"}}",
			[]string{"f:2: secrets.keys.a: cannot read the file it refers to: open /no/such: no such file or directory"},
		},
		{"unknown reference", "name: ${vault:x}", []string{"f:7: name: must be ${env:NAME} or ${file:PATH}"}},
		{"unfinished reference", "name: ${env:KEY", []string{"f:7: name: must be ${env:NAME} or ${file:PATH}"}},
		{"short key", "secrets: {keys: {a: \"${env:SHORT}\"}}", []string{"f:2: secrets.keys.a: must be 32 random bytes in base64 (openssl rand -base64 32)"}},
		{"no keys", "secrets: {}", []string{"f:2: secrets.keys: is required: an id and 32 random bytes in base64 (openssl rand -base64 32)"}},
		{"two keys, none current", "secrets: {keys: {a: \"${env:KEY}\", b: \"${env:KEY}\"}}", []string{"f:2: secrets.current: must be one of the ids in secrets.keys"}},
		{"a reference of the wrong type is not repeated (T-36)", "mail: {host: h, from: a@b.jp, port: \"${env:KEY}\"}", []string{"f:4: mail.port: must be a whole number"}},
		{"words", "name: \"\"\nlanguage: fr\ntime_zone: Tokyo", []string{
			"f:7: name: is required: people see it", "f:8: language: must be ja or en",
			"f:9: time_zone: must be a name of the time zone database, such as Asia/Tokyo",
		}},
		{"a name too long for a text message (H-26)", "name: " + strings.Repeat("関", 31), []string{"f:7: name: must have 30 characters at most: it stands in text messages"}},
		{"strict", "profile: strict\nlimits: {allow_unverified_backup: true, allow_voip: true}", []string{
			"f:8: limits.allow_unverified_backup: must be false under profile strict", "f:8: limits.allow_voip: must be false under profile strict",
		}},
		{"mail", "mail: {user: u, tls: none, host: smtp.example.jp}", []string{
			"f:4: mail.from: must be a mail address such as Sekisho <no-reply@example.jp>", "f:4: mail.password: is required with a user",
			"f:4: mail.tls: none is for a relay on the same machine: codes would travel in clear",
		}},
		{"inbox in production", "mail: {provider: inbox}", []string{"f:4: mail.provider: inbox needs an issuer on localhost: anybody could read the codes"}},
		{"no gateway", "sms: {}", []string{"f:5: sms.provider: is required: one of http, twilio, vonage"}},
		{"unknown gateway", "sms: {provider: pigeon}", []string{"f:5: sms.provider: must be http, twilio or vonage"}},
		{"routes", `sms: {provider: http, http: {url: "https://sms.example.jp", json: "{}"}, routes: [{countries: [GB], provider: vonage}, {countries: [JP]}, {countries: [JP], fallback: http}, {}]}`, []string{
			"f:5: sms.routes[0].countries: GB is not one of limits.countries",
			"f:5: sms.routes[2].countries: JP has a route already",
			"f:5: sms.routes[2].fallback: must be another one than the provider",
			"f:5: sms.routes[3].countries: must name one country at least",
			"f:5: sms.vonage.api_key: is required for text messages", "f:5: sms.vonage.api_secret: is required for text messages",
			"f:5: sms.vonage.from: is required: the number or name people see",
		}},
		{"metrics among the pages", "metrics: {listen: \"127.0.0.1:9000\"}\nphone_risk: {url: \"http://risk.example.jp\", bearer: x}", []string{
			"f:7: metrics.listen: must be another address than listen: people reach that one",
			"f:8: phone_risk.bearer: must be a reference, ${env:NAME} or ${file:PATH}: a secret does not belong in the file",
			"f:8: phone_risk.url: must be an https URL: numbers would travel in clear",
		}},
		{"gateways", "sms: {provider: twilio, fallback: vonage}", []string{
			"f:5: sms.twilio.account_sid: is required", "f:5: sms.twilio.auth_token: is required", "f:5: sms.twilio.from: is required: the number people see",
			"f:5: sms.vonage.api_key: is required for text messages", "f:5: sms.vonage.api_secret: is required for text messages",
			"f:5: sms.vonage.from: is required: the number or name people see",
		}},
		{"calls", "voice: {provider: vonage}", []string{
			"f:6: voice.vonage.application_id: is required for calls", "f:6: voice.vonage.from: is required: the number or name people see",
			"f:6: voice.vonage.private_key: is required for calls",
		}},
		{"plain HTTP gateway", "sms: {provider: http, http: {url: http://sms.example.jp/}}", []string{
			"f:5: sms.http.json: or form is required, one of both: the body of the request",
			"f:5: sms.http.url: must be an https URL: codes would travel in clear",
		}},
		{
			"clients", "clients:\n- {id: a, name: A, auth_method: none, redirect_uris: [http://a.example/]}\n- {id: a, name: A, auth_method: none, redirect_uris: [https://a.example/], rules: {enforce_from: soon}}\n",
			[]string{
				"f:8: clients[0].redirect_uris[0]: must use https; http is for loopback addresses",
				"f:9: clients[1].id: is the id of clients[0] too",
				"f:9: clients[1].rules.enforce_from: must be a date such as 2026-12-01, or a moment such as 2026-12-01T00:00:00+09:00",
			},
		},
		{"aliases", "acr_aliases: {gold: phrh, phr: urn:sekisho:acr:2sv}", []string{
			"f:7: acr_aliases.gold: must stand for one of urn:sekisho:acr:pwd, urn:sekisho:acr:trusted-device, urn:sekisho:acr:2sv, phr",
			"f:7: acr_aliases.phr: is an acr value itself",
		}},
		{"weak hash (C-50)", "password: {memory_kib: 8192}", []string{"f:7: password.memory_kib: must be at least 19456 with time 2"}},
	}
	for _, tt := range tests {
		_, err := config.Parse("f", []byte(edited(tt.edit)), vars)
		faults, ok := errors.AsType[config.Faults](err)
		if !ok {
			t.Errorf("%s: %v, want faults", tt.name, err)
			continue
		}
		got := strings.Split(faults.Error(), "\n")
		if diff := cmp.Diff(sorted(tt.want), sorted(got)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.name, diff)
		}
	}
}

func sorted(s []string) []string {
	out := append([]string(nil), s...)
	slices.Sort(out)
	return out
}

// edited is small with a line replaced, or lines added.
func edited(edit string) string {
	lines := strings.Split(strings.TrimSuffix(small, "\n"), "\n")
	first, more, _ := strings.Cut(edit, "\n")
	key, _, _ := strings.Cut(first, ":")
	replaced := false
	var out []string
	for _, l := range lines {
		switch {
		case strings.HasPrefix(l, key+":"):
			out, replaced = append(out, first), true
		case replaced && key == "secrets" && strings.HasPrefix(l, "  keys"):
			out = append(out, "")
		default:
			out = append(out, l)
		}
	}
	if !replaced {
		return strings.Join(append(out, edit), "\n")
	}
	return strings.Join(append(out, more), "\n")
}

func TestReferences(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "pw")
	if err := os.WriteFile(file, []byte("p w\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := edited("mail: {host: h, from: a@b.jp, port: \"${env:PORT}\", user: u, password: \"${file:"+file+"}\"}") +
		"\ndatabase: ${env:DSN}\nsms: {provider: http, http: {url: \"https://s.example/${env:PORT}\", json: '{}'}}\n"
	text = strings.Replace(text, "sms: {provider: http, http: {url: https://sms.example.jp/, json: \"{}\"}}\n", "", 1)
	text = strings.Replace(text, `port: "${env:PORT}"`, `port: 25`, 1)
	c, err := config.Parse("f", []byte(text), vars)
	if err != nil {
		t.Fatal(err)
	}
	if string(c.Mail.Password) != "p w" || string(c.Database) != vars("DSN") || c.SMS.HTTP.URL != "https://s.example/2525" {
		t.Errorf("got %q %q %q", string(c.Mail.Password), string(c.Database), c.SMS.HTTP.URL)
	}
	plain, err := config.Parse("f", []byte(strings.Replace(small, "mail: {", "mail:\n  port: ${env:PORT}\n  host: h\n  from: a@b.jp\n#", 1)), vars)
	if err != nil || plain.Mail.Port != 2525 {
		t.Errorf("port by reference: %d, %v", plain.Mail.Port, err)
	}
}

func TestAnchorsAndMerges(t *testing.T) {
	t.Parallel()
	text := strings.Split(small, "sms:")[0] + `sms: &gw {provider: twilio, twilio: &tw {account_sid: AC, auth_token: "${env:KEY}", from: "+81"}}
voice:
  <<: *gw
  twilio: {<<: *tw, from: "+82"}
`
	c, err := config.Parse("f", []byte(text), vars)
	if err != nil {
		t.Fatal(err)
	}
	if string(c.Voice.Twilio.AuthToken) != testKey || c.Voice.Twilio.From != "+82" || c.SMS.Twilio.From != "+81" {
		t.Errorf("got %q %q", c.Voice.Twilio.From, c.SMS.Twilio.From)
	}
}

func TestClientSwitches(t *testing.T) {
	t.Parallel()
	text := small + `clients:
- {id: a, name: A, secret_hashes: [` + strings.Repeat("0", 64) + `], redirect_uris: [https://a.example/], require_pkce: false, rules: {trusted_devices: false, enforce_from: 2026-12-01T00:00:00Z}}
- {id: b, name: B, secret_hashes: [` + strings.Repeat("0", 64) + `], redirect_uris: [https://b.example/]}
`
	c, err := config.Parse("f", []byte(text), vars)
	if err != nil {
		t.Fatal(err)
	}
	a, b := c.Clients[0], c.Clients[1]
	if !a.NoPKCE || !a.Rules.NoTrustedDevices || a.Rules.EnforceFrom.Format(time.DateOnly) != "2026-12-01" {
		t.Errorf("switches were not read: %+v", a)
	}
	if b.NoPKCE || b.Rules.NoTrustedDevices || !b.Rules.EnforceFrom.IsZero() {
		t.Errorf("defaults are wrong: %+v", b)
	}
}

func TestDatesBeginInTheConfiguredZone(t *testing.T) { // S-109
	t.Parallel()
	text := small + "time_zone: America/New_York\nclients: [{id: a, name: A, auth_method: none, redirect_uris: [https://a.example/], rules: {enforce_from: 2026-12-01}}]\n"
	c, err := config.Parse("f", []byte(text), vars)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Clients[0].Rules.EnforceFrom.Format(time.RFC3339); got != "2026-12-01T05:00:00Z" {
		t.Errorf("enforce_from is %s", got)
	}
}

func TestStrictProfileForbidsUnverifiedBackups(t *testing.T) { // S-060
	t.Parallel()
	c, err := config.Parse("f", []byte(small+"profile: strict\n"), vars)
	if err != nil || c.Limits.AllowUnverified {
		t.Errorf("allow_unverified_backup is %v under strict, %v", c.Limits.AllowUnverified, err)
	}
}

func TestProxies(t *testing.T) { // T-45
	t.Parallel()
	for _, tt := range []struct {
		edit string
		want string
	}{
		{"", "127.0.0.0/8 ::1/128"},
		{"listen: :9000\ntrusted_proxies: [10.1.2.3, 192.168.9.9/16]\n", "10.1.2.3/32 192.168.0.0/16"},
		{"listen: :443\ntls: {cert: a, key: b}\n", ""},
	} {
		c, err := config.Parse("f", []byte(small+tt.edit), vars)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range c.Proxies() {
			got = append(got, p.String())
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%q: proxies %v, want %s", tt.edit, got, tt.want)
		}
	}
}

func TestLoadNamesTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sekisho.yaml")
	if _, err := config.Load(path, vars); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if err := os.WriteFile(path, []byte(small+"foo: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(path, vars); err == nil || err.Error() != "sekisho.yaml:7: foo: is not a key here" {
		t.Errorf("got %v", err)
	}
}

func TestDevIsValid(t *testing.T) {
	t.Parallel()
	c := config.Dev(t.TempDir(), config.DevIssuer)
	c.Secrets.Keys = map[string]config.Secret{"dev": testKey}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	if !c.Development() || c.Clients[1].Rules.EnforceFrom.After(time.Now()) {
		t.Error("development needs the inbox, and a seller app that enforces")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(small)
	f.Add("a: &a [*a]")
	f.Add("limits: {<<: {code_tries: 3}}")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := config.Parse("f", []byte(text), vars)
		if err == nil && c.Validate() != nil {
			t.Errorf("accepted, yet invalid: %v", c.Validate())
		}
	})
}

// An issuer on this machine may show the inbox with TLS too: relying parties
// that refuse plain HTTP are tried on a laptop as well.
func TestInboxWithTLSOnThisMachine(t *testing.T) {
	t.Parallel()
	c := config.Dev(t.TempDir(), "https://localhost:9000")
	c.Secrets.Keys = map[string]config.Secret{"dev": testKey}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	c.Issuer = "https://localhost.example.jp"
	if err := c.Validate(); err == nil {
		t.Error("the inbox is shown to the world")
	}
}
