package protocol

import (
	"context"
	"net/http"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/sekisho-id/sekisho/clients"
)

// Sectors reads the documents of sectors (OIDC Core §8.1) through an HTTP
// client that must refuse addresses inside the deployment (T-47).
type Sectors struct{ Client *http.Client }

// ReadSector implements idp.SectorReader.
func (s Sectors) ReadSector(ctx context.Context, uri string) ([]byte, error) {
	return fetch(ctx, s.Client, uri)
}

// sector refuses a client that its sector's document has not been seen to list.
func (ep *endpoints) sector(ctx context.Context, c *clients.Client) (*oidc.Error, refusal) {
	if err := ep.idp.ProveSector(ctx, c); err != nil {
		return errUnproved, refusal(err.Error())
	}
	return nil, ""
}
