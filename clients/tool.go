package clients

import (
	"crypto/rand"
	"errors"
	"regexp"
	"strings"
	"time"
)

// Tool is what a shop's external tool has beside other clients: it belongs to a
// shop, and it may stand still. Its tokens name the shop in account_id.
type Tool struct {
	ShopID string
	// Suspended is set while the shop has no owner with two-step verification.
	Suspended bool
	// ExpiresAt is zero for never.
	ExpiresAt time.Time
}

// Why a credential that is right is not accepted.
var (
	// ErrSuspended: no owner of the shop has two-step verification.
	ErrSuspended = errors.New("credential is suspended")
	// ErrExpired: the date that it was given has passed.
	ErrExpired = errors.New("credential has expired")
)

// Standing reports whether the client may act now. It is asked after the client
// proved who it is, so that strangers learn nothing. Clients other than tools
// always may.
func (c Client) Standing(now time.Time) error {
	switch {
	case c.Tool == nil:
	case !c.Tool.ExpiresAt.IsZero() && !now.Before(c.Tool.ExpiresAt):
		return ErrExpired
	case c.Tool.Suspended:
		return ErrSuspended
	}
	return nil
}

// toolForm is the form of a tool's id. The prefix keeps it apart from people
// (T-54) and tells whoever finds one what it is.
var toolForm = regexp.MustCompile(`^tool-[a-z2-7]{16}$`)

// NewToolID makes the client id of a tool: 80 random bits.
func NewToolID() string { return "tool-" + strings.ToLower(rand.Text()[:16]) }

// IsToolID reports whether id has the form of a tool's.
func IsToolID(id string) bool { return toolForm.MatchString(id) }
