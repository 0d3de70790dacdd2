package demo

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/sekisho-id/sekisho/clients/resource"
)

const (
	accountPath = "/account"
	payoutScope = "payout"
	apiClient   = "minato-payout"
	// accountScope asks for which shop the person acts: account_id among the claims.
	accountScope = "account"
)

// Account is a seller's payout account, as the API tells it.
type Account struct {
	// Tail is the last four digits of the account number.
	Tail string `json:"tail"`
}

// tails are the two accounts a demonstration shop has.
var tails = [2]string{"4821", "7350"}

// APIConfig is what the payout API is made of.
type APIConfig struct {
	// Issuer is the provider's URL; URL the API's own, which tokens must name as their audience.
	Issuer, URL string
	// Secret is the API's own as client minato-payout, which serves URL: a change
	// then asks the provider whether the token was revoked. Empty asks nobody.
	Secret string
	// Now is the clock, [time.Now] outside tests.
	Now func() time.Time
	// Log receives why a token was refused; nil discards it.
	Log *slog.Logger
}

// NewAPI returns the payout API. Looking takes the scope `payout`; changing
// takes a second step within the last five minutes as well, and a token that was
// not revoked a moment ago.
func NewAPI(cfg APIConfig) (http.Handler, error) {
	check := resource.Config{Issuer: cfg.Issuer, Audience: cfg.URL, Now: cfg.Now, Log: cfg.Log}
	if cfg.Secret != "" {
		check.Ask = &resource.Credentials{ID: apiClient, Secret: cfg.Secret}
	}
	v, err := resource.New(check)
	if err != nil {
		return nil, err //nolint:wrapcheck // says it all
	}
	api := &payoutAPI{changed: map[[2]string]bool{}}
	look := resource.Need{Scopes: []string{payoutScope}}
	change := resource.Need{Scopes: []string{payoutScope}, ACR: []string{"urn:sekisho:acr:2sv"}, MaxAge: 5 * time.Minute, Fresh: cfg.Secret != ""}
	mux := http.NewServeMux()
	mux.Handle("GET "+accountPath, v.Require(look, http.HandlerFunc(api.look)))
	mux.Handle("POST "+accountPath, v.Require(change, http.HandlerFunc(api.change)))
	return mux, nil
}

type payoutAPI struct {
	mu sync.Mutex
	// changed tells who uses the second account; a person is issuer and subject.
	changed map[[2]string]bool
}

func (p *payoutAPI) look(w http.ResponseWriter, r *http.Request)   { p.answer(w, r, false) }
func (p *payoutAPI) change(w http.ResponseWriter, r *http.Request) { p.answer(w, r, true) }

func (p *payoutAPI) answer(w http.ResponseWriter, r *http.Request, change bool) {
	token, _ := resource.FromContext(r.Context())
	person := [2]string{token.Issuer, token.Subject}
	p.mu.Lock()
	defer p.mu.Unlock()
	if change {
		p.changed[person] = !p.changed[person]
	}
	account := Account{Tail: tails[0]}
	if p.changed[person] {
		account.Tail = tails[1]
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(account) // the peer is gone
}
