package protocol

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/sekisho-id/sekisho/idp"
)

// Backchannel tells relying parties of logouts (OpenID Connect Back-Channel
// Logout 1.0 §2.5) through an HTTP client that must refuse addresses inside the
// deployment (T-47).
type Backchannel struct{ Client *http.Client }

// NotifyLogout posts a logout token. An answer that says the token itself is
// refused wraps [idp.ErrUndeliverable]; another attempt would be refused too.
func (b Backchannel) NotifyLogout(ctx context.Context, uri, token string) error {
	form := strings.NewReader(url.Values{"logout_token": {token}}.Encode())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, uri, form)
	if err != nil {
		return fmt.Errorf("back-channel logout: %w: %w", idp.ErrUndeliverable, err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := b.Client.Do(req)
	if err != nil {
		if outer, ok := errors.AsType[*url.Error](err); ok {
			err = outer.Err // without the URL, which may hold a key
		}
		return fmt.Errorf("back-channel logout: %w", err)
	}
	if err := resp.Body.Close(); err != nil {
		return fmt.Errorf("back-channel logout: %w", err)
	}
	switch status := resp.StatusCode; {
	case status < 300:
		return nil
	case status >= 500, status == http.StatusRequestTimeout, status == http.StatusTooManyRequests:
		return fmt.Errorf("back-channel logout: answered %d", status)
	default:
		return fmt.Errorf("back-channel logout: answered %d: %w", status, idp.ErrUndeliverable)
	}
}
