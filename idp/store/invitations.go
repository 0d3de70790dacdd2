package store

import "time"

// invitationFields are an Invitation with Email sealed.
type invitationFields struct {
	ID        string `gorm:"primaryKey"`
	ShopID    string
	Hash      []byte
	Email     string
	Role      string
	InvitedBy string
	CreatedAt time.Time `gorm:"serializer:moment;autoCreateTime:false"`
	SentAt    time.Time `gorm:"serializer:moment"`
	ExpiresAt time.Time `gorm:"serializer:moment"`
}

type invitationRow struct {
	Invitation invitationFields `gorm:"embedded"`
	EmailMAC   []byte           `gorm:"column:email_mac"`
}

func (invitationRow) TableName() string { return "shop_invitations" }

func (tx *Tx) newInvitationRow(i Invitation) invitationRow {
	row := invitationRow{Invitation: invitationFields(i), EmailMAC: tx.store.MAC("invitation address", i.Email)}
	row.Invitation.Email = tx.store.sealer.seal("address of invitation "+i.ID, i.Email)
	return row
}

func (tx *Tx) openInvitation(row invitationRow, err error) (Invitation, error) {
	if err != nil {
		return Invitation{}, err
	}
	i := Invitation(row.Invitation)
	i.Email, err = tx.store.sealer.open("address of invitation "+i.ID, i.Email)
	return i, err
}

// InsertInvitation adds an invitation; ErrExists when the address is invited to the shop already.
func (tx *Tx) InsertInvitation(i Invitation) error {
	i.CreatedAt, i.SentAt = tx.created(i.CreatedAt), tx.created(i.SentAt)
	return insert(tx, tx.newInvitationRow(i))
}

// Invitation returns one invitation, expired ones included, or ErrNotFound.
func (tx *Tx) Invitation(id string) (Invitation, error) {
	return tx.openInvitation(take[invitationRow](tx, "id = ?", id))
}

// InvitationByHash returns the invitation whose link hashes to hash, expired ones included, or ErrNotFound.
func (tx *Tx) InvitationByHash(hash []byte) (Invitation, error) {
	return tx.openInvitation(take[invitationRow](tx, "hash = ?", hash))
}

// Invitations returns the invitations to a shop, the newest first.
func (tx *Tx) Invitations(shopID string) ([]Invitation, error) {
	rows, err := list[invitationRow](tx, "created_at DESC, id", 0, "shop_id = ?", shopID)
	if err != nil {
		return nil, err
	}
	return tryEach(rows, func(r invitationRow) (Invitation, error) { return tx.openInvitation(r, nil) })
}

// UpdateInvitation writes Hash, Role, SentAt and ExpiresAt: with a new link the old one is dead.
func (tx *Tx) UpdateInvitation(i Invitation) error {
	return update(tx, tx.newInvitationRow(i), "shop_id", "email", "email_mac", "invited_by", "created_at")
}

// UseInvitation takes an invitation away, for good; ErrConflict when somebody
// was first or its link is another one by now.
func (tx *Tx) UseInvitation(id string, hash []byte) error {
	return tx.must("use invitation", ErrConflict, "DELETE FROM shop_invitations WHERE id = ?1 AND hash = ?2", id, hash)
}
