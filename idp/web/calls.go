package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/mfa/send"
)

// pathCalls is where voice gateways report the key that was pressed.
const pathCalls = "/calls/"

// pathReceipts is where gateways report what became of a message.
const pathReceipts = "/receipts/"

// call answers a gateway with what a call says next. The URL is signed by us
// and known to the gateway alone; the code is spoken only after key 1 (T-32),
// and key 9 stops what asked for it. Twilio posts forms and wants TwiML, Vonage
// posts JSON and wants NCCO.
func (s *server) call(calls *send.Calls) echo.HandlerFunc {
	return func(c echo.Context) error {
		turn, err := calls.Open(c.Param("turn"))
		if errors.Is(err, send.ErrURL) {
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
		if err := s.heard(ctx, turn); err != nil {
			return err
		}
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

// heard writes down whether a call's code is being heard: a call that ends at
// its gate met an answering machine, or somebody who did not ask.
func (s *server) heard(ctx context.Context, turn send.Turn) error {
	report := mfa.Delivery("")
	switch turn.Stage {
	case send.AtCode:
		report = mfa.Delivered
	case send.Over: // after a code was heard this changes nothing
		report = mfa.Unheard
	case send.AtGate, send.Stopped:
	}
	err := s.provider.Receipt(ctx, "", turn.ID, report, "")
	if errors.Is(err, idp.ErrNotFound) {
		return nil
	}
	return err
}

// receipt takes what a gateway reports of a message. The URL is signed by us
// and known to the gateway alone; nothing of the answer tells more than that.
func (s *server) receipt(receipts *send.Receipts) echo.HandlerFunc {
	return func(c echo.Context) error {
		gateway, id, err := receipts.Open(c.Param("token"))
		if err != nil {
			return echo.ErrNotFound
		}
		body, err := io.ReadAll(c.Request().Body)
		if err != nil {
			return echo.ErrStatusRequestEntityTooLarge
		}
		report, reason := send.ReadReceipt(c.Request().Header.Get(echo.HeaderContentType), body)
		err = s.provider.Receipt(c.Request().Context(), gateway, id, report, reason)
		if err != nil && !errors.Is(err, idp.ErrNotFound) { // a message that is gone needs no report
			return err
		}
		return c.NoContent(http.StatusOK)
	}
}
