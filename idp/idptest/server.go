package idptest

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/outbound"
	"github.com/sekisho-id/sekisho/idp/password"
	"github.com/sekisho-id/sekisho/idp/protocol"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/idp/store/litetest"
	"github.com/sekisho-id/sekisho/idp/web"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/mfa/send"
	"github.com/sekisho-id/sekisho/templates"
)

// Start is the moment every test begins at.
var Start = time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC)

// Clock is the provider's clock: it stands at [Start] until it is moved.
type Clock struct {
	mu     sync.Mutex
	offset time.Duration
	fixed  time.Time
}

// Now is the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fixed.Add(c.offset)
}

// Advance moves the clock forward.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

// Server is a running provider.
type Server struct {
	URL string
	// Handler is what answers at URL.
	Handler http.Handler
	Clock   *Clock
	Inbox   *send.Inbox
	// Receipts are the URLs at which gateways report.
	Receipts *send.Receipts
	Provider *idp.Provider
	Store    *store.Store
	// Log has everything the provider logged.
	Log *Log

	mu      sync.Mutex
	read    map[string]bool
	devices map[string]*Authenticator
}

// Log collects log lines; safe for concurrent use.
type Log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements [io.Writer].
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// String is everything logged so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// New starts a provider and stops it when the test ends. Its clock stands at
// [Start] until moved, its hashes are cheap.
func New(t testing.TB, opts ...Option) *Server {
	t.Helper()
	o := options{}
	for _, f := range opts {
		f(&o)
	}
	if o.dsn == "" {
		o.dsn = litetest.DSN(t)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	_, port, err := net.SplitHostPort(l.Addr().String())
	must(t, err)
	scheme := "http"
	if o.tls != nil {
		scheme = "https"
	}
	s := &Server{URL: scheme + "://localhost:" + port, Clock: &Clock{fixed: Start}, Log: &Log{}, read: map[string]bool{}, devices: map[string]*Authenticator{}}
	if o.issuer == "" {
		o.issuer = s.URL
	}
	s.Inbox = send.NewInbox(s.Clock.Now)
	s.Handler = s.build(t, o)
	srv := &httptest.Server{Listener: l, Config: &http.Server{Handler: s.Handler, ReadHeaderTimeout: 10 * time.Second}}
	if o.tls != nil {
		srv.TLS = o.tls
		srv.StartTLS()
	} else {
		srv.Start()
	}
	t.Cleanup(func() {
		srv.Close()
		s.checkNotices(t)
	})
	return s
}

func (s *Server) build(t testing.TB, o options) http.Handler {
	t.Helper()
	ctx := context.Background()
	log := slog.New(slog.NewJSONHandler(s.Log, nil))
	st, err := store.Open(ctx, store.Config{DSN: o.dsn, Keys: Keys(), Now: s.Clock.Now, Log: log})
	must(t, err)
	t.Cleanup(func() { _ = st.Close() })
	_, _, err = st.Migrate(ctx)
	must(t, err)
	s.Store = st
	set, err := pages()
	must(t, err)
	rules, err := password.NewRules()
	must(t, err)
	limits := idp.DefaultLimits()
	if o.limits != nil {
		o.limits(&limits)
	}
	senders := map[mfa.Kind]idp.Sender{mfa.Mail: s.Inbox, mfa.Text: s.Inbox, mfa.Call: s.Inbox}
	maps.Copy(senders, o.senders)
	if o.vault == nil {
		must(t, st.Update(ctx, Operator(), insertKeys))
	}
	caller := outbound.New(outbound.Config{Loopback: true})
	var sectors idp.SectorReader = protocol.Sectors{Client: caller}
	if o.vouched {
		sectors = nil
	}
	s.Provider, err = idp.New(ctx, idp.Config{
		Issuer: o.issuer, Name: "Sekisho", Market: "Minato Market", Lang: "ja", Zone: time.FixedZone("JST", 9*3600),
		Store: st, Clients: clients.NewRegistry(o.clients), Resources: o.apis, Registration: o.joins, Hasher: Hasher(), Rules: rules,
		Senders: senders,
		Logouts: protocol.Backchannel{Client: caller}, Sectors: sectors, Vault: o.vault,
		Render: web.Messages(set), Limits: limits, Place: o.place, ACRAliases: o.aliases, RequirePAR: o.par, TokenExchange: o.swaps, Shops: o.shops, Now: s.Clock.Now, Log: log,
	})
	must(t, err)
	if o.jobs {
		s.Provider.Start(ctx)
		t.Cleanup(s.Provider.Stop)
	}
	s.Receipts, err = send.NewReceipts(o.issuer+"/receipts", bytes.Repeat([]byte{3}, 32), s.Clock.Now)
	must(t, err)
	cfg := web.Config{
		Provider: s.Provider, Templates: set, Log: log, Issuer: o.issuer, Inbox: s.Inbox, Receipts: s.Receipts, Now: s.Clock.Now,
		Machines: protocol.MachinePaths(), Documents: protocol.DocumentPaths(),
	}
	if o.web != nil {
		o.web(&cfg)
	}
	e, err := web.New(cfg)
	must(t, err)
	endpoints := protocol.Config{Provider: s.Provider, Issuer: o.issuer, Outbound: caller, Now: s.Clock.Now, Log: log}
	if o.machine != nil {
		o.machine(&endpoints)
	}
	must(t, protocol.Mount(e, endpoints))
	return e
}

// pages are parsed once per test binary: a third of what a provider costs to start.
var pages = sync.OnceValues(func() (*templates.Set, error) {
	return templates.New(templates.Options{
		Name: "Sekisho", Market: "Minato Market", IssuerHost: "localhost", Zone: time.FixedZone("JST", 9*3600),
		Support: templates.Support{URL: "https://market.example/contact", Mail: "support@market.example", Phone: "0120-000-000"},
		Senders: templates.Senders{SMS: []string{"Sekisho"}, Voice: []string{"+815012345678"}, Mail: "no-reply@localhost"},
		AsOf:    Start, Version: "v1.0.0", Fits: func(text string) bool { n, _ := send.Segments(text); return n <= 1 },
	})
})

// Keys are fixed master keys for tests.
func Keys() store.Keys {
	return store.Keys{Current: "test", All: map[string][]byte{"test": bytes.Repeat([]byte{7}, 32)}}
}

// Hasher is cheap: tests sign in often.
func Hasher() *password.Hasher {
	p := password.DefaultParams()
	p.MemoryKiB, p.Time = 64, 1
	return password.New(p, password.Pepper{})
}

// Operator is an actor for set-up.
func Operator() idp.Actor { return idp.Actor{Kind: "operator", ID: "test"} }

// AddUser adds a person with a password and no second step.
func (s *Server) AddUser(t testing.TB, email, pw string) idp.User {
	t.Helper()
	u, err := s.Provider.AddUser(t.Context(), Operator(), idp.NewUser{Email: email, Name: "田中 さくら", Password: pw, EmailVerified: true})
	must(t, err)
	return u
}

// AddUserWith adds a person with two-step verification on: text messages to
// number first, an app with the given key as backup.
func (s *Server) AddUserWith(t testing.TB, email, pw, number, secret string) idp.User {
	t.Helper()
	u, err := s.Provider.AddUser(t.Context(), Operator(), idp.NewUser{
		Email: email, Name: "鈴木 健司", Password: pw, EmailVerified: true, TwoStep: true,
		Methods: []idp.NewMethod{
			{Channel: mfa.SMS, Role: mfa.Primary, Number: number, Verified: true},
			{Channel: mfa.App, Role: mfa.Backup, Secret: secret, Verified: true},
		},
	})
	must(t, err)
	return u
}

// AddStaff is AddUserWith for somebody with roles.
func (s *Server) AddStaff(t testing.TB, email, pw, number, secret string, roles ...idp.Role) idp.User {
	t.Helper()
	u := s.AddUserWith(t, email, pw, number, secret)
	for _, r := range roles {
		must(t, s.Provider.SetRole(t.Context(), Operator(), u.ID, r, true))
	}
	return u
}

// AddClient stores a client and returns its secret, empty for a public one.
func (s *Server) AddClient(t testing.TB, c clients.Client) string {
	t.Helper()
	secret, err := s.Provider.AddClient(t.Context(), Operator(), c)
	must(t, err)
	return secret
}

// Message delivers what is queued and returns the newest message of a kind to
// an address that came after the last call for the same address.
func (s *Server) Message(t testing.TB, kind mfa.Kind, to string) mfa.Message {
	t.Helper()
	must(t, s.Provider.Deliver(t.Context()))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	m, err := s.Inbox.Wait(ctx, func(m mfa.Message) bool { return m.Kind == kind && m.To == to && s.unread(m.ID) })
	if err != nil {
		t.Fatalf("no %s to %s: %v", kind, to, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read[m.ID] = true
	return m
}

func (s *Server) unread(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.read[id]
}

// sixDigits is a code standing alone in a text.
var sixDigits = regexp.MustCompile(`(?:^|\D)(\d{6})(?:\D|$)`)

// Code is the code in the newest unread text message to a number.
func (s *Server) Code(t testing.TB, number string) string {
	t.Helper()
	return codeIn(t, s.Message(t, mfa.Text, number).Body)
}

// MailCode is the code in the newest unread mail to an address.
func (s *Server) MailCode(t testing.TB, to string) string {
	t.Helper()
	return codeIn(t, s.Message(t, mfa.Mail, to).Body)
}

// Spoken is the code of the newest unread call to a number, as a machine that
// knows the queue would have it: the words of the script turned back into digits.
func (s *Server) Spoken(t testing.TB, number string) string {
	t.Helper()
	m := s.Message(t, mfa.Call, number)
	if m.Voice == nil {
		t.Fatalf("call to %s says nothing", number)
	}
	words := map[string]string{}
	for d := range 10 {
		words[mfa.Spoken(strconv.Itoa(d), m.Lang)[0]] = strconv.Itoa(d)
	}
	code := ""
	for _, w := range regexp.MustCompile(`[^\s,.:、。]+`).FindAllString(m.Voice.Code, -1) {
		code += words[w]
	}
	if len(code) != 6 {
		t.Fatalf("call says %q", m.Voice.Code)
	}
	return code
}

func codeIn(t testing.TB, text string) string {
	t.Helper()
	m := sixDigits.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no code in %q", text)
	}
	return m[1]
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
