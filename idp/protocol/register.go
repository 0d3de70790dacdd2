package protocol

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
)

// registeredResponse is what a client is told of its registration (RFC 7591
// §3.2.1, RFC 7592 §3).
type registeredResponse struct {
	clientMetadata
	IssuedAt int64 `json:"client_id_issued_at"`
	// SecretExpires is said beside a secret, and is 0: it does not expire.
	SecretExpires *int64 `json:"client_secret_expires_at,omitempty"`
	Token         string `json:"registration_access_token"`
	URI           string `json:"registration_client_uri"`
}

// mountRegistration adds the endpoints where clients may register themselves.
func (ep *endpoints) mountRegistration(e *echo.Echo) {
	if !ep.idp.Config().Registration.Enabled {
		return
	}
	e.Any(PathRegister, behind(ep.register, noStore, only(http.MethodPost)))
	e.Any(PathRegister+"/:id", behind(ep.registration, noStore, only(http.MethodGet, http.MethodPut, http.MethodDelete)))
}

// register is POST /oauth2/register: a client with an initial access token
// says what it is.
func (ep *endpoints) register(c echo.Context) error {
	ctx := c.Request().Context()
	token, fault := bearerOf(c)
	if fault == nil {
		if err := ep.idp.MayRegister(ctx, token); errors.Is(err, idp.ErrBadToken) {
			fault = errInitialToken
		} else if err != nil {
			fault = ep.refused(ctx, err)
		}
	}
	if fault != nil {
		return ep.unregistered(c, nil, fault, "")
	}
	_, client, fault := ep.readClient(c)
	if fault != nil {
		return ep.unregistered(c, nil, fault, "")
	}
	done, err := ep.idp.Register(ctx, idp.BrowserFrom(ctx), token, client)
	if err != nil {
		return ep.unregistered(c, nil, ep.registrationFault(ctx, err, errInitialToken), why(err))
	}
	return c.JSON(http.StatusCreated, ep.registered(done))
}

// registration is GET, PUT and DELETE of what a client has registered (RFC 7592 §2).
func (ep *endpoints) registration(c echo.Context) error {
	ctx, id := c.Request().Context(), c.Param("id")
	token, fault := bearerOf(c)
	if fault != nil {
		return ep.unregistered(c, nil, errRegToken, "")
	}
	done, err := ep.idp.Registration(ctx, id, token) // before anything that was sent is read
	switch {
	case err != nil:
	case c.Request().Method == http.MethodPut:
		said, client, fault := ep.readClient(c)
		switch {
		case fault != nil:
			return ep.unregistered(c, &done.Client, fault, "")
		case said.ClientID != id: // RFC 7592 §2.2
			return ep.unregistered(c, &done.Client, notAccepted([]string{"client_id"}), "")
		}
		done, err = ep.idp.Reregister(ctx, idp.BrowserFrom(ctx), id, token, said.ClientSecret, client)
	case c.Request().Method == http.MethodDelete:
		if err = ep.idp.Unregister(ctx, idp.BrowserFrom(ctx), id, token); err == nil {
			return c.NoContent(http.StatusNoContent)
		}
	}
	if err != nil {
		return ep.unregistered(c, nil, ep.registrationFault(ctx, err, errRegToken), why(err))
	}
	return c.JSON(http.StatusOK, ep.registered(done))
}

// bearerOf is the bearer token of a registration request.
func bearerOf(c echo.Context) (string, *oidc.Error) {
	if c.Request().URL.RawQuery != "" {
		return "", errInQuery
	}
	c.Request().PostForm = nil
	shown, fault := readToken(c)
	if fault != nil || shown.scheme != oidc.BearerToken {
		return "", errInitialToken
	}
	return shown.token, nil
}

// readClient reads the metadata of a request, and the sector's document if it
// names one: whoever joins a sector must be listed there (OIDC Core §8.1).
func (ep *endpoints) readClient(c echo.Context) (clientMetadata, clients.Client, *oidc.Error) {
	r := c.Request()
	if t, _, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType)); err != nil || t != echo.MIMEApplicationJSON {
		return clientMetadata{}, clients.Client{}, errMetadata
	}
	m, fault := readMetadata(http.MaxBytesReader(c.Response(), r.Body, maxBody))
	if fault != nil {
		return m, clients.Client{}, fault
	}
	client, fault := m.client()
	if fault == nil {
		fault = ep.possible(client)
	}
	if fault != nil || client.SectorURI == "" {
		return m, client, fault
	}
	document, err := fetch(r.Context(), ep.partyKeys.out, client.SectorURI) // anew: what is known is of before
	if err != nil || client.CheckSector(document) != nil {
		return m, client, errSector
	}
	return m, client, nil
}

// possible refuses what this deployment cannot do for any client.
func (ep *endpoints) possible(c clients.Client) *oidc.Error {
	var refused []string
	if !slices.Contains(ep.authMethods(), c.AuthMethod()) {
		refused = append(refused, "token_endpoint_auth_method")
	}
	if c.CertificateBound && !ep.certificates.Served {
		refused = append(refused, "tls_client_certificate_bound_access_tokens")
	}
	if refused == nil {
		return nil
	}
	return notAccepted(refused)
}

// registrationFault is the answer to an error of a verb.
func (ep *endpoints) registrationFault(ctx context.Context, err error, token *oidc.Error) *oidc.Error {
	if fault := metadataFault(err); fault != nil {
		return fault
	}
	switch {
	case errors.Is(err, idp.ErrBadToken):
		return token
	case errors.Is(err, idp.ErrRegistrations):
		return errRegistered
	}
	return ep.refused(ctx, err)
}

// why is the reason for the log, where it is one of ours.
func why(err error) refusal {
	if metadataFault(err) != nil {
		return refusal(err.Error())
	}
	return ""
}

// unregistered answers with an error, and logs it for the operator whom the
// client's developer asks.
func (ep *endpoints) unregistered(c echo.Context, client *clients.Client, fault *oidc.Error, why refusal) error {
	ep.told(c.Request().Context(), client, fault, why)
	if status(fault) == http.StatusUnauthorized {
		c.Response().Header().Set(echo.HeaderWWWAuthenticate, fmt.Sprintf("Bearer realm=%q, error=%q", ep.issuer, fault.ErrorType))
	}
	return answer(c, fault)
}

func (ep *endpoints) registered(r idp.Registered) registeredResponse {
	out := registeredResponse{
		clientMetadata: metadataOf(r.Client), IssuedAt: r.CreatedAt.Unix(), Token: r.Token, URI: ep.registrationURI(r.Client.ID),
	}
	if out.ClientSecret = r.Secret; r.Secret != "" {
		out.SecretExpires = new(int64)
	}
	return out
}
