package clients

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
)

// The subject types served (OIDC Core §8).
const (
	SubjectPublic   = "public"
	SubjectPairwise = "pairwise"
)

// ErrSector is a sector document that does not name every redirect URI.
var ErrSector = errors.New("the document at sector_identifier_uri must be a JSON array of all redirect URIs")

// Pairwise reports whether the client knows people by subjects of its sector alone.
func (c Client) Pairwise() bool { return c.SubjectType == SubjectPairwise }

// Sector is whom pairwise subjects are for: the host of SectorURI, or the one
// host of all redirect URIs. It is empty when there is no such host.
func (c Client) Sector() string {
	if c.SectorURI != "" {
		return hostOf(c.SectorURI)
	}
	if len(c.RedirectURIs) == 0 {
		return ""
	}
	host := hostOf(c.RedirectURIs[0])
	if slices.ContainsFunc(c.RedirectURIs, func(uri string) bool { return hostOf(uri) != host }) {
		return ""
	}
	return host
}

func hostOf(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// CheckSector reports whether the document at SectorURI lists all redirect URIs
// of the client (OIDC Core §8.1): without that, anybody could join a sector and
// learn its subjects. [ErrSector].
func (c Client) CheckSector(document []byte) error {
	var listed []string
	if err := json.Unmarshal(document, &listed); err != nil {
		return ErrSector
	}
	for _, uri := range c.RedirectURIs {
		if !slices.Contains(listed, uri) {
			return fmt.Errorf("%w: %s is missing", ErrSector, uri)
		}
	}
	return nil
}

func (c Client) validateSector(f *faults) {
	f.add(!slices.Contains([]string{"", SubjectPublic, SubjectPairwise}, c.SubjectType), "subject_type", "must be public or pairwise")
	f.add(c.SectorURI != "" && faultOfPage(c.SectorURI) != "", "sector_identifier_uri", "%s", faultOfPage(c.SectorURI))
	f.add(c.Pairwise() && c.Sector() == "", "sector_identifier_uri", "is required with subject_type pairwise, unless all redirect URIs have one host")
}
