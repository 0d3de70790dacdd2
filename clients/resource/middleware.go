package resource

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sekisho-id/sekisho/clients/dpop"
)

// Config is what a [Verifier] is made of.
type Config struct {
	// Issuer is the provider's URL, exactly as its discovery document names it.
	Issuer string
	// Audience is this resource server's own identifier.
	Audience string
	// URL is where clients call this server, scheme and host, as DPoP proofs must
	// name it; empty means those of Audience.
	URL string
	// Nonces makes DPoP proofs hold a nonce of this server; nil demands none.
	Nonces *dpop.Nonces
	// Once notes the id of a proof and reports whether it is new, until a moment;
	// servers of one API share it. Nil notes in memory.
	Once func(ctx context.Context, id string, until time.Time) (bool, error)
	// Certificate is the client certificate of a request, as a proxy in front of
	// this server passes it on; nil means that of the TLS connection.
	Certificate func(*http.Request) *x509.Certificate
	// Ask lets a [Need] ask the provider whether a token was revoked; nil for an
	// API that is not registered with `serves`.
	Ask *Credentials
	// Client fetches the provider's documents; nil is [http.DefaultClient].
	// A fetch ends after ten seconds whatever the client's timeout.
	Client *http.Client
	// Now is the clock, [time.Now] outside tests.
	Now func() time.Time
	// Log receives why a token was refused; nil discards it.
	Log *slog.Logger
}

// Validate reports every fault at once.
func (c Config) Validate() error {
	var faults []error
	if err := secureURL(c.Issuer); err != nil {
		faults = append(faults, fmt.Errorf("issuer: %w", err))
	}
	if c.Audience == "" {
		faults = append(faults, errors.New("audience is empty"))
	}
	if c.Now == nil {
		faults = append(faults, errors.New("there is no clock"))
	}
	if c.Ask != nil && (c.Ask.ID == "" || c.Ask.Secret == "") {
		faults = append(faults, errors.New("asking takes a client id and a secret"))
	}
	return errors.Join(faults...)
}

// Verifier checks access tokens of one issuer for one audience. It may be used
// from any goroutine. It fetches keys when the first token arrives.
type Verifier struct {
	cfg    Config
	keys   *keySet
	proofs proofs
}

// New returns a verifier, or all faults of the configuration. It does not call the provider.
func New(cfg Config) (*Verifier, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Client == nil {
		cfg.Client = http.DefaultClient
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.URL == "" {
		if u, err := url.Parse(cfg.Audience); err == nil && u.Host != "" {
			cfg.URL = u.Scheme + "://" + u.Host
		}
	}
	v := &Verifier{cfg: cfg, keys: &keySet{issuer: cfg.Issuer, client: cfg.Client, now: cfg.Now}}
	if v.cfg.Once == nil {
		v.proofs.now = cfg.Now
		v.cfg.Once = v.proofs.once
	}
	return v, nil
}

// Need is what a handler demands of a token beyond being genuine. The zero
// value demands nothing.
type Need struct {
	// Scopes must all have been granted.
	Scopes []string
	// ACR lists the levels accepted, the preferred one first; empty accepts any.
	ACR []string
	// MaxAge is how long ago the person may have authenticated; zero accepts any time.
	MaxAge time.Duration
	// Bound demands a token that is bound to a key, by DPoP or a certificate.
	Bound bool
	// Fresh asks the provider whether the token was revoked (see Config.Ask).
	Fresh bool
}

// Check returns the challenge to answer a token with that does not meet the need; ok is true when it does.
func (n Need) Check(t Token, now time.Time) (c Challenge, ok bool) {
	if n.Bound && t.JKT == "" && t.X5T == "" {
		return Challenge{Error: CodeInvalidToken, Description: "The token must be bound to a key"}, false
	}
	for _, scope := range n.Scopes {
		if !slices.Contains(t.Scopes, scope) {
			return Challenge{
				Error: CodeInsufficientScope, Description: "The token lacks a scope this needs",
				Scope: strings.Join(n.Scopes, " "),
			}, false
		}
	}
	c = Challenge{Error: CodeInsufficientAuth, ACRValues: strings.Join(n.ACR, " "), MaxAge: n.MaxAge}
	if len(n.ACR) > 0 && !slices.Contains(n.ACR, t.ACR) {
		c.Description = "A stronger authentication is required"
		return c, false
	}
	if n.MaxAge > 0 && (t.AuthTime.IsZero() || now.Sub(t.AuthTime) > n.MaxAge) {
		c.Description = "A more recent authentication is required"
		return c, false
	}
	return Challenge{}, true
}

type tokenKey struct{}

// FromContext returns the token that [Verifier.Require] accepted; false outside it.
func FromContext(ctx context.Context) (Token, bool) {
	t, ok := ctx.Value(tokenKey{}).(Token)
	return t, ok
}

// Require lets requests through to next whose access token is genuine, is shown
// by whoever has the key it is bound to, and meets the need; next finds it by
// [FromContext]. Others are answered 401 or 403 with a [Challenge], or 503 while
// the provider cannot be reached where it must be.
func (v *Verifier) Require(need Need, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shown, no := v.shown(r)
		if no == nil {
			var t Token
			if t, no = v.admit(w, r, shown, need); no == nil {
				next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), tokenKey{}, t)))
				return
			}
		}
		no.write(w)
	})
}

// admit judges a token that is shown, the costly looks last.
func (v *Verifier) admit(w http.ResponseWriter, r *http.Request, shown shown, need Need) (Token, *refusal) {
	ctx := r.Context()
	t, err := v.Verify(ctx, shown.token)
	if errors.Is(err, ErrKeys) {
		v.cfg.Log.ErrorContext(ctx, "access token not checked", "error", err)
		return t, &refusal{status: http.StatusServiceUnavailable}
	}
	if err == nil {
		if no := v.confirm(w, r, shown, t); no != nil {
			return t, no
		}
	}
	if err == nil && need.Fresh {
		if err = v.ask(ctx, shown.token, t); errors.Is(err, errAsk) {
			v.cfg.Log.ErrorContext(ctx, "access token not checked", "error", err)
			return t, &refusal{status: http.StatusServiceUnavailable}
		}
	}
	if err != nil {
		v.cfg.Log.InfoContext(ctx, "access token refused", "error", err)
		return t, shown.refuse(Challenge{Error: CodeInvalidToken, Description: "The access token is not valid here"})
	}
	if c, ok := need.Check(t, v.cfg.Now()); !ok {
		no := shown.refuse(c)
		if c.Error == CodeInsufficientScope {
			no.status = http.StatusForbidden // others 401: O-30
		}
		return t, no
	}
	return t, nil
}

// refusal is an answer that lets nobody through.
type refusal struct {
	status     int
	challenges []Challenge
}

func (no *refusal) write(w http.ResponseWriter) {
	if len(no.challenges) == 0 {
		http.Error(w, http.StatusText(no.status), no.status)
		return
	}
	for _, c := range no.challenges {
		w.Header().Add("WWW-Authenticate", c.String())
	}
	first := no.challenges[0]
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(no.status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": first.Error, "error_description": first.Description}) // the peer is gone
}

// secureURL refuses what does not come over TLS; loopback may do without.
func secureURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil {
		return fmt.Errorf("not a URL: %w", err)
	}
	host := u.Hostname()
	loopback := host == "localhost" || net.ParseIP(host).IsLoopback()
	if host == "" || u.Scheme != "https" && (u.Scheme != "http" || !loopback) {
		return fmt.Errorf("%q is not an https URL", raw)
	}
	return nil
}
