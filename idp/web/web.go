package web

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/metrics"
	"github.com/sekisho-id/sekisho/mfa/send"
	"github.com/sekisho-id/sekisho/templates"
)

// Config is what the pages are made of.
type Config struct {
	Provider  *idp.Provider
	Templates *templates.Set
	// Log gets a line for every request, at info if it failed or was slow and else at debug,
	// and the text of internal errors; nil discards both.
	Log *slog.Logger
	// Issuer is the provider's URL without a trailing slash. Requests for other
	// hosts are refused (T-44). Over plain http, cookies do without Secure and __Host-.
	Issuer string
	// Machines are the paths where no browser asks, Documents those of what is the
	// same for everybody: their requests are spared what only browsers need.
	Machines, Documents []string
	// Alias is a further URL of this server, where only Machines are served;
	// empty for none.
	Alias string
	// TrustedProxies are the proxies whose X-Forwarded-For is believed (T-45);
	// empty believes none.
	TrustedProxies []netip.Prefix
	// Inbox is shown at /dev/inbox; nil outside of development.
	Inbox *send.Inbox
	// Calls opens the URLs at which voice gateways ask what a call says next;
	// nil where no gateway asks.
	Calls *send.Calls
	// Receipts opens the URLs at which gateways report what became of a message;
	// nil where none is asked to.
	Receipts *send.Receipts
	Now      func() time.Time
}

// Validate reports all faults of c.
func (c Config) Validate() error {
	var faults []error
	if c.Provider == nil || c.Templates == nil || c.Now == nil {
		faults = append(faults, errors.New("provider, templates and clock are needed"))
	}
	u, err := url.Parse(c.Issuer)
	if err != nil || u.Host == "" || u.Path != "" || (u.Scheme != "https" && u.Scheme != "http") {
		faults = append(faults, fmt.Errorf("issuer %q is not an origin", c.Issuer))
	}
	return errors.Join(faults...)
}

// server is the handlers and what they share.
type server struct {
	provider *idp.Provider
	pages    *templates.Set
	log      *slog.Logger
	now      func() time.Time
	inbox    *send.Inbox
	issuer   *url.URL
	cookies  cookies
	counts   *metrics.HTTP
	origin   *http.CrossOriginProtection
	callers  map[string]caller
	guards   guards
	// shown are the paths that a GET answers.
	shown map[string]bool
}

// New returns a router with all pages. The protocol's endpoints are mounted on
// it afterwards; they share its middleware, but for the defences of forms.
func New(cfg Config) (*echo.Echo, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	issuer, err := url.Parse(cfg.Issuer)
	if err != nil {
		return nil, err
	}
	s := &server{
		provider: cfg.Provider, pages: cfg.Templates, log: cfg.Log, now: cfg.Now, inbox: cfg.Inbox, issuer: issuer,
		cookies: newCookies(issuer.Scheme == "https", cfg.Provider.Config().Limits.MFA.TrustedDevice),
		origin:  http.NewCrossOriginProtection(), shown: map[string]bool{}, counts: cfg.Provider.Metrics().HTTP(),
		callers: callers(cfg.Machines, cfg.Documents), guards: newGuards(issuer.Scheme == "https"),
	}
	e := echo.New()
	e.IPExtractor = ipExtractor(cfg.TrustedProxies)
	e.HTTPErrorHandler = s.fail
	e.Renderer = renderer{s}
	alias, err := hostOf(cfg.Alias)
	if err != nil {
		return nil, fmt.Errorf("alias %q: %w", cfg.Alias, err)
	}
	e.Use(s.around(s.onlyOurHost(alias, cfg.Machines), s.guard, s.limitBody, s.readBrowser()))
	e.Match([]string{http.MethodGet, http.MethodHead}, "/static/*", echo.WrapHandler(s.pages.Static()))
	if cfg.Calls != nil {
		e.POST(pathCalls+":turn", s.call(cfg.Calls))
	}
	if cfg.Receipts != nil {
		e.POST(pathReceipts+":token", s.receipt(cfg.Receipts))
	}
	for _, r := range s.routes() {
		if r.method == http.MethodGet {
			s.shown[r.path] = true
			e.Match([]string{http.MethodGet, http.MethodHead}, r.path, r.handle)
			continue
		}
		guard := s.onlyOurForms
		if r.path == pathRecoveryEvidence {
			guard = s.onlyOurUploads
		}
		e.Add(r.method, r.path, guard(r.handle))
	}
	return e, nil
}
