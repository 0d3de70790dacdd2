package idp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/store"
)

// Whoever joins a sector must be listed in its document, or anybody could join
// and learn the sector's subjects (OIDC Core §8.1). A client that registers
// itself is looked up at once. For those of the configuration and of commands
// the provider looks when it starts and when one is added, without waiting for
// it: until the document was seen, nobody signs in to the client. What was seen
// once counts as long as the client's redirect URIs and sector stay the same,
// also after a start at which the document cannot be reached.

const (
	jobSectors = "sectors"
	// sectorPause lies between two looks at one document that did not help.
	sectorPause = time.Minute
)

// SectorReader fetches the document at a sector_identifier_uri.
type SectorReader interface {
	ReadSector(ctx context.Context, uri string) ([]byte, error)
}

// sectorProof is what is known of one client.
type sectorProof struct {
	mu sync.Mutex // held while fetching: one request fetches, the others wait for it
	// listed is the membership that was seen; fault is why another one, tried then, was not.
	listed, tried string
	at            time.Time
	fault         error
}

// sectorKey is where a client's membership is kept.
func sectorKey(id string) string { return "sector of " + id }

// membership names what a document must list: it changes with either.
func membership(c *clients.Client) string {
	uris := slices.Sorted(slices.Values(c.RedirectURIs))
	sum := sha256.Sum256([]byte(strings.Join(append(uris, c.SectorURI), "\n")))
	return hex.EncodeToString(sum[:])
}

// ProveSector reports why a client may not have the subjects of its sector; nil
// when it may: the document was seen to list it, now or before. A document that
// did not is fetched again after a minute.
func (p *Provider) ProveSector(ctx context.Context, c *clients.Client) error {
	if !c.Pairwise() || c.SectorURI == "" || p.cfg.Sectors == nil {
		return nil
	}
	known, _ := p.sectors.LoadOrStore(c.ID, &sectorProof{})
	s, ok := known.(*sectorProof)
	if !ok {
		return errors.New("not a proof of a sector")
	}
	want := membership(c)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listed == want {
		return nil
	}
	if s.tried == want && p.now().Sub(s.at) < sectorPause {
		return s.fault
	}
	// The caller must not be able to spoil the look by hanging up.
	s.fault = p.readSector(context.WithoutCancel(ctx), c, want)
	s.tried, s.at = want, p.now()
	if s.fault == nil {
		s.listed = want
	}
	return s.fault
}

func (p *Provider) readSector(ctx context.Context, c *clients.Client, want string) error {
	var kept string
	err := p.st.View(ctx, func(tx *store.Tx) (err error) {
		kept, err = tx.Meta(sectorKey(c.ID))
		return err
	})
	if err != nil || kept == want {
		return err
	}
	document, err := p.cfg.Sectors.ReadSector(ctx, c.SectorURI)
	if err != nil {
		return fmt.Errorf("sector_identifier_uri %s cannot be fetched: %w", c.SectorURI, err)
	}
	if err := c.CheckSector(document); err != nil {
		return err
	}
	err = p.updateAs(ctx, Actor{Kind: "job", ID: jobSectors}, nil, func(w *work) error { return w.keepSector(c) })
	return ignore(err, ErrReadOnly) // it was seen, if not kept
}

// keepSector notes that the document lists a client.
func (w *work) keepSector(c *clients.Client) error {
	if c.SectorURI == "" {
		return w.DeleteMeta(sectorKey(c.ID))
	}
	return w.PutMeta(sectorKey(c.ID), membership(c))
}

// ProveSectors looks at the sectors of all clients and logs which are not
// proved, and where in the configuration they stand.
func (p *Provider) ProveSectors(ctx context.Context) error {
	for _, c := range p.cfg.Clients.All() {
		if c.Disabled {
			continue
		}
		if err := p.ProveSector(ctx, &c); err != nil {
			p.cfg.Log.WarnContext(ctx, "nobody can sign in to a relying party: its sector is not proved",
				slog.String("client_id", c.ID), slog.String("place", c.Place), slog.Any("error", err))
		}
	}
	return ctx.Err()
}
