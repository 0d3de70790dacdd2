package web

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/mfa/send"
)

// pathCalls is where voice gateways report the key that was pressed.
const pathCalls = "/calls/"

// call answers a gateway with what a call says next. The URL is signed by us
// and known to the gateway alone; the code is spoken only after key 1 (T-32),
// and key 9 stops what asked for it. Twilio posts forms and wants TwiML, Vonage
// posts JSON and wants NCCO.
func (s *server) call(calls *send.Calls) echo.HandlerFunc {
	return func(c echo.Context) error {
		turn, err := calls.Open(c.Param("turn"))
		if errors.Is(err, send.ErrCallURL) {
			return echo.ErrNotFound
		}
		if err != nil {
			return err
		}
		body, err := io.ReadAll(c.Request().Body)
		if err != nil {
			return echo.ErrStatusRequestEntityTooLarge
		}
		kind := c.Request().Header.Get(echo.HeaderContentType)
		ctx := c.Request().Context()
		m, err := s.provider.Call(ctx, turn.ID)
		if errors.Is(err, idp.ErrNotFound) || (err == nil && m.Voice == nil) {
			return echo.ErrNotFound
		}
		if err != nil {
			return err
		}
		turn = turn.Next(send.Key(kind, body))
		if turn.Stage == send.Stopped {
			if err := s.provider.StopCall(ctx, browser(c), turn.ID); err != nil && !errors.Is(err, idp.ErrNotFound) {
				return err
			}
		}
		if strings.HasPrefix(kind, "application/json") {
			return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, []byte(turn.NCCO(*m.Voice, m.Lang, calls.URL(turn))))
		}
		return c.Blob(http.StatusOK, echo.MIMEApplicationXML, []byte(turn.TwiML(*m.Voice, m.Lang, calls.URL(turn))))
	}
}
