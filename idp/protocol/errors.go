package protocol

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/sekisho-id/sekisho/idp"
)

// All that a relying party is ever told. The descriptions are fixed: they hold
// nothing that was sent and nothing that another package said. RFC 6749 §5.2
// forbids quotes and backslashes in them.
var (
	errTwice      = &oidc.Error{ErrorType: oidc.InvalidRequest, Description: "a parameter is sent twice"}
	errForm       = &oidc.Error{ErrorType: oidc.InvalidRequest, Description: "the body must be a form: application/x-www-form-urlencoded"}
	errTooLarge   = &oidc.Error{ErrorType: oidc.InvalidRequest, Description: "the request is too large"}
	errInQuery    = &oidc.Error{ErrorType: oidc.InvalidRequest, Description: "parameters belong in the body, not in the URL"}
	errMethod     = &oidc.Error{ErrorType: oidc.InvalidRequest, Description: "this HTTP method is not allowed here"}
	errTwoMethods = &oidc.Error{ErrorType: oidc.InvalidRequest, Description: "more than one way of client authentication is used"}

	// One answer for an unknown client, a wrong secret and a wrong method.
	errClient = &oidc.Error{ErrorType: oidc.InvalidClient, Description: "client authentication failed"}

	errProof        = &oidc.Error{ErrorType: "invalid_dpop_proof", Description: "the DPoP proof is wrong, used before, or of another moment or address"}
	errProofMissing = &oidc.Error{ErrorType: "invalid_dpop_proof", Description: "the client must prove that it has a key"}
	errCertificate  = &oidc.Error{ErrorType: oidc.InvalidRequest, Description: "a client certificate is needed"}
	errNonce        = &oidc.Error{ErrorType: "use_dpop_nonce", Description: "the DPoP proof must hold the nonce of this answer"}

	errGrantTypeMissing = &oidc.Error{ErrorType: oidc.InvalidRequest, Description: "grant_type is missing"}
	errGrantType        = &oidc.Error{ErrorType: oidc.UnsupportedGrantType, Description: "this grant_type is not served"}
	errNotAllowed       = &oidc.Error{ErrorType: oidc.UnauthorizedClient, Description: "the client is not registered for this grant"}
	errStanding         = &oidc.Error{ErrorType: oidc.UnauthorizedClient, Description: "the credential is suspended or has expired"}
	errGrant            = &oidc.Error{ErrorType: oidc.InvalidGrant, Description: "the code or token is wrong, used, expired, revoked or not of this client"}
	errTokenless        = &oidc.Error{ErrorType: oidc.InvalidRequest, Description: "token is missing"}
	errTokenKind        = &oidc.Error{ErrorType: "unsupported_token_type", Description: "tokens of this type cannot be revoked; they end by themselves"}
	errNotYours         = &oidc.Error{ErrorType: oidc.InvalidGrant, Description: "the token was issued to another client"}
	errScope            = &oidc.Error{ErrorType: oidc.InvalidScope, Description: "scope is malformed or exceeds what the client may have"}
	errTarget           = &oidc.Error{ErrorType: oidc.InvalidTarget, Description: "resource is not registered for the client"}
	errRedirectURI      = &oidc.Error{ErrorType: oidc.InvalidRequest, Description: "redirect_uri is missing or not registered"}
	errInternal         = &oidc.Error{ErrorType: oidc.ServerError, Description: "something went wrong on our side"}

	errSlow        = &oidc.Error{ErrorType: "temporarily_unavailable", Description: "too many failed client authentications; wait as long as Retry-After says"}
	errDeviceScope = &oidc.Error{ErrorType: oidc.InvalidScope, Description: "scope is missing, malformed or exceeds what the client may have"}
	errTooMany     = &oidc.Error{ErrorType: oidc.SlowDown, Description: "too many codes were asked for: wait as long as Retry-After says"}

	errInitialToken = &oidc.Error{ErrorType: "invalid_token", Description: "an initial access token that is valid, and not spent, is needed"}
	errRegToken     = &oidc.Error{ErrorType: "invalid_token", Description: "the registration access token of this client is needed"}
	errStatement    = &oidc.Error{ErrorType: "unapproved_software_statement", Description: "software statements are not accepted: send the metadata itself"}
	errRegistered   = &oidc.Error{ErrorType: oidc.AccessDenied, Description: "no more clients may be registered"}
	errMetadata     = &oidc.Error{ErrorType: "invalid_client_metadata", Description: "the body must be one JSON object of client metadata, in application/json"}
	errUnproved     = &oidc.Error{ErrorType: oidc.UnauthorizedClient, Description: "sector_identifier_uri cannot be fetched, or does not list all redirect_uris; the operator's log says which"}
	errSector       = &oidc.Error{ErrorType: "invalid_client_metadata", Description: "sector_identifier_uri cannot be fetched, or does not list all redirect_uris"}

	errSubjectToken  = &oidc.Error{ErrorType: oidc.InvalidRequest, Description: "subject_token must be a live access token of a person for a resource that the client serves"}
	errExchange      = &oidc.Error{ErrorType: oidc.InvalidRequest, Description: "access tokens are exchanged for access tokens, by the client itself: no other type, no actor_token"}
	errExchangeFor   = &oidc.Error{ErrorType: oidc.InvalidTarget, Description: "resource must name a registered resource of the client, and audience is not used"}
	errExchangeScope = &oidc.Error{ErrorType: oidc.InvalidScope, Description: "nothing is left of the scopes, or more is asked for than the subject_token and the client have"}

	errUnavailable = &oidc.Error{ErrorType: "temporarily_unavailable", Description: "nothing was changed; try again in a moment"}

	errNoOpenID       = &oidc.Error{ErrorType: oidc.InvalidScope, Description: "scope must contain openid"}
	errRequestObject  = &oidc.Error{ErrorType: oidc.RequestNotSupported, Description: "request objects are served signed, with a registered algorithm, and by value"}
	errRequestURI     = &oidc.Error{ErrorType: "request_uri_not_supported", Description: "request_uri is served for pushed requests only"}
	errRegistration   = &oidc.Error{ErrorType: "registration_not_supported", Description: "registration is not supported"}
	errNoResponseType = &oidc.Error{ErrorType: oidc.InvalidRequest, Description: "response_type is missing"}
	errResponseType   = &oidc.Error{ErrorType: "unsupported_response_type", Description: "response_type must be code"}
	errResponseMode   = &oidc.Error{ErrorType: oidc.InvalidRequest, Description: "response_mode must be one the client is registered for: query or form_post"}
	errPushedURI      = &oidc.Error{ErrorType: oidc.InvalidRequest, Description: "request_uri does not belong into a pushed request"}
	errOtherKey       = &oidc.Error{ErrorType: oidc.InvalidRequest, Description: "dpop_jkt is not the key of the DPoP proof"}
	errMustPush       = &oidc.Error{ErrorType: oidc.InvalidRequest, Description: "authorization requests must be pushed"}
	errObject         = &oidc.Error{ErrorType: "invalid_request_object", Description: "the request object is not signed as registered, not for this server, not of now or malformed"}
	errClaims         = &oidc.Error{ErrorType: oidc.InvalidRequest, Description: "claims is malformed"}
	errSubjects       = &oidc.Error{ErrorType: oidc.InvalidRequest, Description: "the request names more than one person"}
	errUnmet          = &oidc.Error{ErrorType: "unmet_authentication_requirements", Description: "no value of the essential acr claim can be reached"}
	errNoPKCE         = &oidc.Error{ErrorType: oidc.InvalidRequest, Description: "code_challenge is missing"}
	errPKCEMethod     = &oidc.Error{ErrorType: oidc.InvalidRequest, Description: "code_challenge_method must be S256"}
	errChallenge      = &oidc.Error{ErrorType: oidc.InvalidRequest, Description: "code_challenge must be 43 characters of base64url"}
	errDPoPKey        = &oidc.Error{ErrorType: oidc.InvalidRequest, Description: "dpop_jkt must be 43 characters of base64url"}
	errNoNonce        = &oidc.Error{ErrorType: oidc.InvalidRequest, Description: "nonce is missing"}
	errPrompt         = &oidc.Error{ErrorType: oidc.InvalidRequest, Description: "prompt has a value or a combination that is not supported"}
	errMaxAge         = &oidc.Error{ErrorType: oidc.InvalidRequest, Description: "max_age must be a number of seconds"}
	errHint           = &oidc.Error{ErrorType: oidc.InvalidRequest, Description: "id_token_hint is not an ID token of this client"}

	errToken        = &oidc.Error{ErrorType: "invalid_token", Description: "the access token is wrong, expired or revoked"}
	errTokenScope   = &oidc.Error{ErrorType: "insufficient_scope", Description: "the access token must be a person's, with scope openid"}
	errTokenMissing = &oidc.Error{ErrorType: "invalid_token", Description: "an access token is needed"}
)

// statuses are the HTTP statuses toward machines, where not 400.
var statuses = map[*oidc.Error]int{
	errClient: http.StatusUnauthorized, errToken: http.StatusUnauthorized, errTokenMissing: http.StatusUnauthorized,
	errTokenScope: http.StatusForbidden, errTooLarge: http.StatusRequestEntityTooLarge,
	errMethod: http.StatusMethodNotAllowed, errSlow: http.StatusTooManyRequests, errTooMany: http.StatusTooManyRequests,
	errInternal: http.StatusInternalServerError, errUnavailable: http.StatusServiceUnavailable,
	errInitialToken: http.StatusUnauthorized, errRegToken: http.StatusUnauthorized, errRegistered: http.StatusForbidden,
}

func status(e *oidc.Error) int {
	if code, ok := statuses[e]; ok {
		return code
	}
	return http.StatusBadRequest
}

// refused turns the answer of a verb into one of the errors above. What is not
// among them is logged, and nobody outside hears more than server_error.
func (ep *endpoints) refused(ctx context.Context, err error) *oidc.Error {
	if known, ok := errors.AsType[*oidc.Error](err); ok {
		return known
	}
	switch {
	case errors.Is(err, idp.ErrInvalidGrant), errors.Is(err, idp.ErrRevoked):
		return errGrant
	case errors.Is(err, idp.ErrInvalidScope):
		return errScope
	case errors.Is(err, idp.ErrInvalidTarget):
		return errTarget
	case errors.Is(err, idp.ErrUnavailable), errors.Is(err, idp.ErrReadOnly):
		ep.log.WarnContext(ctx, "database takes no writes", slog.String("request_id", idp.BrowserFrom(ctx).RequestID), slog.Any("error", err))
		return errUnavailable
	}
	ep.log.ErrorContext(ctx, "protocol request", slog.String("request_id", idp.BrowserFrom(ctx).RequestID), slog.Any("error", err))
	return errInternal
}

// answer writes an error as JSON (RFC 6749 §5.2).
func answer(c echo.Context, e *oidc.Error) error {
	if e == errUnavailable {
		retryAfter(c, 5*time.Second)
	}
	return c.JSON(status(e), e)
}

// retryAfter says when to come back, in whole seconds and never too early (RFC 9110 §10.2.3).
func retryAfter(c echo.Context, wait time.Duration) {
	seconds := (max(wait, time.Second) + time.Second - 1) / time.Second
	c.Response().Header().Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
}
