package protocol

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/clients/dpop"
	"github.com/sekisho-id/sekisho/idp"
)

// The paths served, below the issuer.
const (
	PathAuthorize = "/oauth2/authorize"
	PathPush      = "/oauth2/par"                  // RFC 9126
	PathDevice    = "/oauth2/device_authorization" // RFC 8628
	PathToken     = "/oauth2/token"
	PathUserInfo  = "/oauth2/userinfo"
	PathJWKS      = "/oauth2/jwks"
	PathRegister  = "/oauth2/register" // RFC 7591
	PathLogout    = "/oauth2/logout"
	PathRevoke    = "/oauth2/revoke"
	PathStatus    = "/oauth2/introspect" // RFC 7662
	PathDiscovery = "/.well-known/openid-configuration"
	PathMetadata  = "/.well-known/oauth-authorization-server" // RFC 8414
)

// Config is what the endpoints are made of; every field is needed, but Log.
type Config struct {
	Provider *idp.Provider
	// Issuer is the provider's URL without a trailing slash. Absolute URLs are
	// made from it alone, never from a request's Host (T-44).
	Issuer string
	// Outbound fetches what relying parties publish. It must refuse addresses
	// inside the deployment (T-47).
	Outbound *http.Client
	Now      func() time.Time
	// Certificates says how clients show theirs.
	Certificates Certificates
	// DPoPNonce demands a nonce of ours in DPoP proofs (RFC 9449 §8).
	DPoPNonce bool
	// Log gets what went wrong on our side; nil discards it.
	Log *slog.Logger
}

// endpoints are the handlers and what they share.
type endpoints struct {
	idp    *idp.Provider
	issuer string
	now    func() time.Time
	log    *slog.Logger
	limits clients.Lifetimes
	// machine is the library's dispatcher behind the gate.
	machine http.Handler
	// jwks is the key set as last rendered; its version is the keyring's.
	jwks atomic.Pointer[page]
	// verified are access tokens seen lately.
	verified     verified
	certificates Certificates
	// nonces are those that DPoP proofs must hold; nil when none is demanded.
	nonces *dpop.Nonces
	// partyKeys are the keys by which clients sign.
	partyKeys partyKeys
	// failures are client authentications that failed lately.
	failures *failures
	// tally counts answers of the token endpoint.
	tally tally
}

// Mount adds the endpoints to e. The browser's cookies must be in the request's
// context already (idp.WithBrowser), and the defences of our own forms must let
// paths below /oauth2/ pass: relying parties post there from other origins.
//
// It fails when a needed field is missing.
func Mount(e *echo.Echo, cfg Config) error {
	if cfg.Provider == nil || cfg.Issuer == "" || cfg.Outbound == nil || cfg.Now == nil {
		return errors.New("protocol: provider, issuer, outbound client and clock are needed")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	ep := &endpoints{
		idp: cfg.Provider, issuer: cfg.Issuer, now: cfg.Now, log: cfg.Log, limits: cfg.Provider.Config().Limits.Tokens,
		certificates: cfg.Certificates, tally: newTally(cfg.Provider.Metrics()),
		failures:  newFailures(cfg.Provider.Metrics(), cfg.Now, cfg.Provider.Config().Limits.Tokens.ClientFailures),
		partyKeys: partyKeys{out: cfg.Outbound, now: cfg.Now, sets: map[string]*keySet{}},
	}
	if cfg.DPoPNonce {
		ep.nonces = &dpop.Nonces{Key: cfg.Provider.SharedSecret("dpop nonce")}
	}
	body, err := json.Marshal(ep.discovery())
	if err != nil {
		return fmt.Errorf("protocol: metadata: %w", err)
	}
	ep.machine = op.RegisterServer(&server{ep: ep}, op.Endpoints{
		Token: op.NewEndpoint(PathToken), Revocation: op.NewEndpoint(PathRevoke),
	}, op.WithDecoder(decoder{}), op.WithServerCORSOptions(nil)) // H-07: the library would allow any origin, with credentials

	browser := []string{http.MethodGet, http.MethodPost}
	e.Any(PathAuthorize, behind(ep.authorize, only(browser...)))
	e.Any(PathLogout, behind(ep.logout, only(browser...)))

	e.Any(PathToken, behind(ep.token, cors("POST"), noStore, only(http.MethodPost))) // H-14: never GET
	e.Any(PathPush, behind(ep.push, cors("POST"), noStore, only(http.MethodPost)))
	e.Any(PathDevice, behind(ep.device, cors("POST"), noStore, only(http.MethodPost)))
	e.Any(PathRevoke, behind(ep.revoke, cors("POST"), noStore, only(http.MethodPost)))
	e.Any(PathStatus, behind(ep.introspect, noStore, only(http.MethodPost))) // no cors: no script has a client secret
	e.Any(PathUserInfo, behind(ep.userInfo, cors("GET, POST"), noStore, only(browser...)))

	ep.mountRegistration(e)
	metadata := newPage("", body, "public, max-age=3600")
	document := func(c echo.Context) error { return metadata.serve(c) }
	e.Any(PathDiscovery, behind(document, open, only(http.MethodGet, http.MethodHead)))
	e.Any(PathMetadata, behind(document, open, only(http.MethodGet, http.MethodHead)))
	e.Any(PathJWKS, behind(ep.keys, open, only(http.MethodGet, http.MethodHead)))
	return nil
}

// lookup finds a client that may act.
func (ep *endpoints) lookup(id string) (*clients.Client, bool) {
	return ep.idp.Config().Clients.Lookup(id)
}
