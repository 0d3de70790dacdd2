package protocol

import (
	"fmt"
	"net/url"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// decoder fills the library's requests from a form that the gate has read.
// The library's own goes by reflection, three times for each token; only the
// fields that a handler of ours reads are filled, and secrets never.
type decoder struct{}

// Decode implements the library's Decoder.
func (decoder) Decode(into any, form map[string][]string) error {
	v := url.Values(form)
	switch to := into.(type) {
	case *op.ClientCredentials:
		to.ClientID = v.Get("client_id")
	case *oidc.AccessTokenRequest:
		to.Code, to.RedirectURI, to.CodeVerifier = v.Get("code"), v.Get("redirect_uri"), v.Get("code_verifier")
	case *oidc.RefreshTokenRequest:
		to.RefreshToken = v.Get("refresh_token")
	case *oidc.ClientCredentialsRequest: // scope and resource are read from the form
	case *oidc.DeviceAccessTokenRequest:
		to.DeviceCode = v.Get("device_code")
	case *oidc.TokenExchangeRequest: // the rest is read from the form
		to.SubjectToken, to.SubjectTokenType = v.Get("subject_token"), oidc.TokenType(v.Get("subject_token_type"))
		to.RequestedTokenType = oidc.TokenType(v.Get("requested_token_type"))
	case *oidc.RevocationRequest:
		to.Token, to.TokenTypeHint = v.Get("token"), v.Get("token_type_hint")
	default:
		return fmt.Errorf("%T is not served", into)
	}
	return nil
}
