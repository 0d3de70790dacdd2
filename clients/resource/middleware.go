package resource

import (
	"context"
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
)

// Config is what a [Verifier] is made of.
type Config struct {
	// Issuer is the provider's URL, exactly as its discovery document names it.
	Issuer string
	// Audience is this resource server's own identifier.
	Audience string
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
	return errors.Join(faults...)
}

// Verifier checks access tokens of one issuer for one audience. It may be used
// from any goroutine. It fetches keys when the first token arrives.
type Verifier struct {
	cfg  Config
	keys *keySet
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
	return &Verifier{cfg: cfg, keys: &keySet{issuer: cfg.Issuer, client: cfg.Client, now: cfg.Now}}, nil
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
}

// Check returns the challenge to answer a token with that does not meet the need; ok is true when it does.
func (n Need) Check(t Token, now time.Time) (c Challenge, ok bool) {
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

// Require lets requests through to next whose access token is genuine and
// meets the need; next finds it by [FromContext]. Others are answered 401 or
// 403 with a [Challenge], or 503 while the provider's keys cannot be had.
func (v *Verifier) Require(need Need, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, status, challenge := bearer(r)
		if status != 0 {
			refuse(w, status, challenge)
			return
		}
		t, err := v.Verify(r.Context(), raw)
		if errors.Is(err, ErrKeys) {
			v.cfg.Log.ErrorContext(r.Context(), "access token not checked", "error", err)
			http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
			return
		}
		if err != nil {
			v.cfg.Log.InfoContext(r.Context(), "access token refused", "error", err)
			refuse(w, http.StatusUnauthorized, Challenge{Error: CodeInvalidToken, Description: "The access token is not valid here"})
			return
		}
		if c, ok := need.Check(t, v.cfg.Now()); !ok {
			status := http.StatusUnauthorized // O-30
			if c.Error == CodeInsufficientScope {
				status = http.StatusForbidden
			}
			refuse(w, status, c)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), tokenKey{}, t)))
	})
}

// bearer takes the token from the Authorization header, the only place looked
// at (RFC 6750 §2.1); otherwise the status and challenge to answer with.
func bearer(r *http.Request) (token string, status int, c Challenge) {
	headers := r.Header.Values("Authorization")
	if len(headers) > 1 {
		return "", http.StatusBadRequest, Challenge{Error: CodeInvalidRequest, Description: "More than one Authorization header"}
	}
	if len(headers) == 1 {
		if scheme, token, found := strings.Cut(headers[0], " "); found && strings.EqualFold(scheme, "Bearer") {
			return strings.TrimSpace(token), 0, Challenge{}
		}
	}
	// RFC 6750 §3.1: no error code when the request had no token.
	return "", http.StatusUnauthorized, Challenge{}
}

func refuse(w http.ResponseWriter, status int, c Challenge) {
	w.Header().Set("WWW-Authenticate", c.String())
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": c.Error, "error_description": c.Description}) // the peer is gone
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
