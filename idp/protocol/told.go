package protocol

import (
	"context"
	"log/slog"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
)

// refusal is why something that a machine sent was not believed. It is for the
// log; the machine hears one of the errors of this package.
type refusal string

// Error is the reason.
func (r refusal) Error() string { return string(r) }

// told logs what a relying party is told, for the operator whom its developer
// asks. why is what the log says beyond that; empty when there is no more. c is
// nil for a stranger, of whom nothing that was sent is logged.
func (ep *endpoints) told(ctx context.Context, c *clients.Client, fault *oidc.Error, why refusal) {
	if why == "" {
		why = refusal(fault.Description)
	}
	id := ""
	if c != nil {
		id = c.ID
	}
	ep.log.InfoContext(ctx, "relying party refused", slog.String("request_id", idp.BrowserFrom(ctx).RequestID),
		slog.String("client_id", id), slog.String("error", string(fault.ErrorType)), slog.String("reason", string(why)))
}

// stranger refuses a client that has not proved who it is. The answer is the
// same for an unknown client, a wrong secret and a wrong method.
func (ep *endpoints) stranger(ctx context.Context, c *clients.Client, why refusal) (*clients.Client, *oidc.Error) {
	ep.told(ctx, c, errClient, why)
	return nil, errClient
}
