package demo

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"
)

// Secrets of the demonstration's clients under `sekisho dev`. They protect nothing.
const (
	DevBuyerSecret  = "dev-buyer-secret-0000000000000000000000000"
	DevSellerSecret = "dev-seller-secret-000000000000000000000000"
	DevPayoutSecret = "dev-payout-secret-000000000000000000000000"
)

// Kind is which of the two apps an [App] is.
type Kind string

// The apps.
const (
	Buyer  Kind = "buyer"
	Seller Kind = "seller"
)

// Config is what an [App] is made of.
type Config struct {
	Kind Kind
	// Issuer is the provider's URL.
	Issuer string
	// URL is where browsers find the app, without a trailing slash; its
	// registered addresses are URL/callback and URL/.
	URL string
	// ClientID and ClientSecret are the app's at the provider (client_secret_basic).
	ClientID, ClientSecret string
	// API is the payout API's URL; the seller app alone needs it.
	API string
	// Now is the clock, [time.Now] outside tests.
	Now func() time.Time
	// Log receives what went wrong; nil discards it.
	Log *slog.Logger
}

// Validate reports every fault at once.
func (c Config) Validate() error {
	var faults []error
	demand := func(ok bool, what string) {
		if !ok {
			faults = append(faults, errors.New(what))
		}
	}
	demand(c.Kind == Buyer || c.Kind == Seller, fmt.Sprintf("no app is called %q", c.Kind))
	demand(webURL(c.Issuer), fmt.Sprintf("issuer %q is not a URL", c.Issuer))
	demand(webURL(c.URL), fmt.Sprintf("app URL %q is not a URL", c.URL))
	demand(c.Kind != Seller || webURL(c.API), fmt.Sprintf("API URL %q is not a URL", c.API))
	demand(c.ClientID != "" && c.ClientSecret != "", "client ID or secret is empty")
	demand(c.Now != nil, "there is no clock")
	return errors.Join(faults...)
}

func webURL(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}
