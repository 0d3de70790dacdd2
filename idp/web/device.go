package web

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/templates"
)

const (
	pathDevice        = "/device"
	pathDeviceConfirm = "/device/confirm"
)

// deviceRoutes connect devices without a browser (RFC 8628, ux 4.11).
func (s *server) deviceRoutes() []route {
	return []route{
		get(pathDevice, s.device), post(pathDevice, s.submitDevice),
		get(pathDeviceConfirm, s.confirmDevice), post(pathDeviceConfirm, s.submitDeviceAnswer),
		get("/device/done", s.plain("device-done", "device.done_t")),
		get("/device/denied", s.plain("device-denied", "device.denied_t")),
	}
}

// device asks for the code that a device shows. A code in the URL, out of a
// picture on the device, fills the field and nothing more: whoever sent the
// link must not get by with one press less (RFC 8628 §3.3.1, §5.4).
func (s *server) device(c echo.Context) error {
	code, _ := idp.ReadUserCode(c.QueryParam("user_code"))
	return s.showDevice(c, http.StatusOK, templates.DevicePage{Code: code})
}

func (s *server) showDevice(c echo.Context, status int, data templates.DevicePage) error {
	p := s.page(c, "device", "device.title", data)
	p.Err = data.Error != ""
	return s.render(c, status, p)
}

func (s *server) submitDevice(c echo.Context) error {
	typed := field(c, "code")
	next, err := s.provider.OpenDevice(c.Request().Context(), browser(c), typed)
	if err == nil {
		return s.redirect(c, next)
	}
	say, data := s.speaker(c), templates.DevicePage{Code: clip(typed)}
	switch soon, ok := errors.AsType[*mfa.TooSoonError](err); {
	case ok:
		retryAfter(c, soon.At.Sub(s.now()))
		data.Error = say("device.e.soon", "time", s.clock(soon.At))
	case typed == "":
		data.Error = say("device.e.empty")
	case errors.Is(err, idp.ErrUserCode):
		data.Error = say("device.e.wrong")
	case errors.Is(err, idp.ErrDeviceOver):
		data.Error = say("device.e.expired")
	default:
		return err
	}
	return s.showDevice(c, http.StatusUnprocessableEntity, data)
}

// confirmDevice says which device is about to be connected, and to what, before
// anything is: the code may be a stranger's (RFC 8628 §5.4).
func (s *server) confirmDevice(c echo.Context) error {
	return s.due(c, pathDeviceConfirm, func(v idp.SignInView) error {
		lang := browser(c).Lang
		p := s.page(c, "device-confirm", "device.confirm_t", templates.DeviceConfirmPage{
			Owner: v.Client.Owner, Email: v.Email, Scopes: scopeRows(v), Code: v.Device.UserCode, At: s.local(v.Device.At),
			Place: s.provider.Place(v.Device.IP, lang), IP: idp.ShortIP(v.Device.IP),
		})
		p.TitleArgs = []any{"client", p.Client.Name}
		return s.render(c, http.StatusOK, p)
	})
}

func (s *server) submitDeviceAnswer(c echo.Context) error {
	next, err := s.provider.AnswerDevice(c.Request().Context(), browser(c), flowID(c), field(c, "decision") == "yes")
	if err != nil {
		return err
	}
	return s.redirect(c, next)
}
