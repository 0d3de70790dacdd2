package protocol

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
)

// pathDevicePage is where a person enters the code that a device shows.
const pathDevicePage = "/device"

// deviceResponse is the answer to a device that wants to be connected (RFC 8628 §3.2).
type deviceResponse struct {
	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
	URI        string `json:"verification_uri"`
	// Complete has the code in it, for a picture to be scanned: it saves typing, not
	// pressing the button.
	Complete  string `json:"verification_uri_complete"`
	ExpiresIn int64  `json:"expires_in"`
	Interval  int    `json:"interval"`
}

// device is POST /oauth2/device_authorization: a device without a browser,
// authenticated as at the token endpoint, asks for its codes.
func (ep *endpoints) device(c echo.Context) error {
	from, fault := ep.admit(c)
	if fault != nil {
		return answer(c, fault)
	}
	ctx := c.Request().Context()
	ask, fault := ep.deviceAsk(from)
	why := refusal("")
	if fault == nil {
		fault, why = ep.sector(ctx, from.client)
	}
	if fault != nil {
		ep.told(ctx, from.client, fault, why)
		return answer(c, fault)
	}
	wait, err := ep.idp.AskDevice(ctx, idp.BrowserFrom(ctx), from.client, ask)
	if soon, ok := errors.AsType[*idp.TooSoonError](err); ok {
		retryAfter(c, soon.At.Sub(ep.now()))
		ep.told(ctx, from.client, errTooMany, "")
		return answer(c, errTooMany)
	}
	if err != nil {
		return answer(c, ep.refused(ctx, err))
	}
	page := ep.issuer + pathDevicePage
	return c.JSON(http.StatusOK, deviceResponse{
		DeviceCode: wait.Code, UserCode: wait.UserCode, URI: page,
		Complete:  page + "?" + url.Values{"user_code": {wait.UserCode}}.Encode(),
		ExpiresIn: int64(wait.ExpiresAt.Sub(ep.now().Truncate(time.Second)) / time.Second), Interval: wait.Pace,
	})
}

// deviceAsk reads what the device asks for: scopes and resources that its
// client may have. More is refused rather than dropped, because its developer
// is the one who reads the answer.
func (ep *endpoints) deviceAsk(from *caller) (idp.DeviceAsk, *oidc.Error) {
	client, p := from.client, from.params
	if !client.Allows(clients.GrantDevice) {
		return idp.DeviceAsk{}, errNotAllowed
	}
	resources, all := p.resources(), audiences(client, ep.issuer)
	if !within(resources, all) {
		return idp.DeviceAsk{}, errTarget
	}
	at := resources
	if len(at) == 0 {
		at = all
	}
	scopes, ok := p.scopes()
	if !ok || len(scopes) == 0 || !within(scopes, ep.idp.Config().Resources.At(at, client.AllowedScopes())) {
		return idp.DeviceAsk{}, errDeviceScope
	}
	return idp.DeviceAsk{Scopes: scopes, Resources: resources}, nil
}

// DeviceToken is one poll of a device (RFC 8628 §3.4).
func (s *server) DeviceToken(ctx context.Context, r *op.ClientRequest[oidc.DeviceAccessTokenRequest]) (*op.Response, error) {
	from, p := callerFrom(ctx), params(r.Form)
	asked := p.resources()
	if !within(asked, audiences(from.client, s.ep.issuer)) {
		return nil, s.fail(ctx, errTarget)
	}
	issue, err := s.ep.idp.RedeemDevice(ctx, idp.BrowserFrom(ctx), from.client, r.Data.DeviceCode, from.bound)
	if i := slices.IndexFunc(deviceErrors, func(e deviceError) bool { return errors.Is(err, e.err) }); i >= 0 {
		return nil, op.NewStatusError(deviceErrors[i].told, http.StatusBadRequest) // not logged: it is how a device waits
	}
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	return s.tokens(ctx, from.client, issue, asked)
}

// deviceError is what a device is told of an answer that it has to wait for.
type deviceError struct {
	err  error
	told *oidc.Error
}

// deviceErrors are those of RFC 8628 §3.5.
var deviceErrors = []deviceError{
	{idp.ErrPending, &oidc.Error{ErrorType: oidc.AuthorizationPending, Description: "the person has not answered yet"}},
	{idp.ErrSlowDown, &oidc.Error{ErrorType: oidc.SlowDown, Description: "asked too soon: wait five seconds longer from now on"}},
	{idp.ErrDenied, &oidc.Error{ErrorType: oidc.AccessDenied, Description: "the person refused"}},
	{idp.ErrDeviceExpired, &oidc.Error{ErrorType: oidc.ExpiredToken, Description: "the device_code has expired: ask for another"}},
}
