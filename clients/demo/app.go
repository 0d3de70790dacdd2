package demo

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/oauth2"
)

// App is one of the two relying parties.
type App struct {
	cfg    Config
	client *http.Client
	pages  *pages
	visits *visits

	mu    sync.Mutex
	party rp.RelyingParty // nil until the provider was found
}

// New returns an app, or all faults of its configuration. It does not call the
// provider: the app may be started first.
func New(cfg Config) (*App, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	p, err := loadPages()
	if err != nil {
		return nil, err
	}
	return &App{
		cfg: cfg, pages: p, visits: newVisits(cfg.Kind, cfg.URL, cfg.Now),
		client: &http.Client{Timeout: 10 * time.Second},
	}, nil
}

// Handler serves the app.
func (a *App) Handler() http.Handler {
	e := echo.New()
	e.HTTPErrorHandler = a.fail
	e.Use(a.headers, echo.WrapMiddleware(http.NewCrossOriginProtection().Handler))
	e.GET("/", a.home)
	e.POST("/login", a.login)
	e.GET("/callback", a.callback)
	e.POST("/logout", a.logout)
	e.POST("/backchannel-logout", a.backchannel)
	if a.cfg.Kind == Seller {
		e.POST("/payout", a.payout)
	}
	e.GET(a.pages.stylePath, a.pages.stylesheet)
	return e
}

// headers of every answer. A form ends at the provider, hence form-action.
func (a *App) headers(next echo.HandlerFunc) echo.HandlerFunc {
	csp := "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' " + a.cfg.Issuer
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", csp)
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		return next(c)
	}
}

type nonceKey struct{}

// provider finds the provider at its discovery document, once it is there.
func (a *App) provider(ctx context.Context) (rp.RelyingParty, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.party != nil {
		return a.party, nil
	}
	party, err := rp.NewRelyingPartyOIDC(ctx, a.cfg.Issuer, a.cfg.ClientID, a.cfg.ClientSecret, a.cfg.URL+"/callback", a.scopes(),
		rp.WithHTTPClient(a.client),
		rp.WithAuthStyle(oauth2.AuthStyleInHeader),
		rp.WithVerifierOpts(
			rp.WithIssuedAtOffset(30*time.Second), // C-55
			rp.WithNonce(func(ctx context.Context) string {
				nonce, _ := ctx.Value(nonceKey{}).(string) // a refreshed ID token has none
				return nonce
			}),
		))
	if err != nil {
		return nil, errors.Join(errProvider, err)
	}
	a.party = party
	return party, nil
}

// scopes are what the app needs and no more.
func (a *App) scopes() []string {
	scopes := []string{oidc.ScopeOpenID, oidc.ScopeProfile, oidc.ScopeEmail}
	if a.cfg.Kind == Seller {
		scopes = append(scopes, oidc.ScopeOfflineAccess, payoutScope, accountScope)
	}
	return scopes
}
