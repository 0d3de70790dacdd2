package resource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Credentials are those of this API at the provider, where it is registered as
// a client that `serves` the audience (client_secret_basic).
type Credentials struct{ ID, Secret string }

// errAsk is in the chain of an error about the provider's answer: nothing is
// known of the token.
var errAsk = errors.New("the provider could not be asked")

// ask asks the provider whether a token lives (RFC 7662). Its signature is right
// already, so what the answer says beside that is not needed.
func (v *Verifier) ask(ctx context.Context, raw string, t Token) error {
	if v.cfg.Ask == nil {
		return fmt.Errorf("%w: there are no credentials to ask with", errAsk)
	}
	endpoint, err := v.keys.introspection()
	if err != nil {
		return fmt.Errorf("%w: %w", errAsk, err)
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	body := url.Values{"token": {raw}, "token_type_hint": {"access_token"}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(body))
	if err != nil {
		return fmt.Errorf("%w: %w", errAsk, err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.SetBasicAuth(url.QueryEscape(v.cfg.Ask.ID), url.QueryEscape(v.cfg.Ask.Secret)) // RFC 6749 §2.3.1
	resp, err := v.cfg.Client.Do(req)
	if err != nil {
		return fmt.Errorf("%w: %w", errAsk, err)
	}
	defer func() { _ = resp.Body.Close() }()
	var said struct {
		Active bool   `json:"active"`
		ID     string `json:"jti"`
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: status %d", errAsk, resp.StatusCode)
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxDocument)).Decode(&said); err != nil {
		return fmt.Errorf("%w: %w", errAsk, err)
	}
	if !said.Active || said.ID != t.ID {
		return fmt.Errorf("%w: the provider says it is not active", ErrToken)
	}
	return nil
}
