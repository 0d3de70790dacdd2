package store

import (
	"errors"
	"time"
)

// shopRow is a Shop; the two convert into one another.
type shopRow struct {
	ID, Name    string
	CreatedAt   time.Time `gorm:"serializer:moment;autoCreateTime:false"`
	UpdatedAt   time.Time `gorm:"serializer:moment;autoUpdateTime:false"`
	SuspendedAt time.Time `gorm:"serializer:moment"`
	ClosedAt    time.Time `gorm:"serializer:moment"`
}

func (shopRow) TableName() string { return "shops" }

// memberRow is a Member; the two convert into one another.
type memberRow struct {
	ShopID   string `gorm:"primaryKey"`
	UserID   string `gorm:"primaryKey"`
	Role     string
	JoinedAt time.Time `gorm:"serializer:moment"`
}

func (memberRow) TableName() string { return "shop_members" }

// InsertShop adds a shop; ErrExists when the id is taken.
func (tx *Tx) InsertShop(s Shop) error {
	s.CreatedAt, s.UpdatedAt = tx.created(s.CreatedAt), tx.created(s.UpdatedAt)
	return insert(tx, shopRow(s))
}

// Shop returns one shop, closed ones included, or ErrNotFound. In Update it
// locks the shop: whoever changes its members or tools reads it first, so that
// of two owners who leave at once the second is refused.
func (tx *Tx) Shop(id string) (Shop, error) {
	row, err := take[shopRow](tx, "id = ?", id)
	return Shop(row), err
}

// UpdateShop writes every field but CreatedAt; UpdatedAt becomes tx.Now.
func (tx *Tx) UpdateShop(s Shop) error {
	s.UpdatedAt = tx.Now
	return update(tx, shopRow(s), "created_at")
}

// Shops returns at most limit shops whose id sorts after the given one, by id.
func (tx *Tx) Shops(after string, limit int) ([]Shop, error) {
	rows, err := list[shopRow](tx, "id", limit, "id > ? AND closed_at IS NULL", after)
	return each(rows, func(r shopRow) Shop { return Shop(r) }), err
}

// UserShops returns the shops a user is a member of, by name.
func (tx *Tx) UserShops(userID string) ([]Shop, error) {
	rows, err := list[shopRow](tx, "name, id", 0, "closed_at IS NULL AND id IN (SELECT shop_id FROM shop_members WHERE user_id = ?)", userID)
	return each(rows, func(r shopRow) Shop { return Shop(r) }), err
}

// InsertMember adds a member; ErrExists when the user is one.
func (tx *Tx) InsertMember(m Member) error {
	m.JoinedAt = tx.created(m.JoinedAt)
	return insert(tx, memberRow(m))
}

// Member returns a user's place in a shop, or ErrNotFound.
func (tx *Tx) Member(shopID, userID string) (Member, error) {
	row, err := take[memberRow](tx, "shop_id = ? AND user_id = ?", shopID, userID)
	return Member(row), err
}

// Members returns the members of a shop, the oldest first.
func (tx *Tx) Members(shopID string) ([]Member, error) {
	rows, err := list[memberRow](tx, "joined_at, user_id", 0, "shop_id = ?", shopID)
	return each(rows, func(r memberRow) Member { return Member(r) }), err
}

// Memberships returns a user's places in all shops.
func (tx *Tx) Memberships(userID string) ([]Member, error) {
	rows, err := list[memberRow](tx, "shop_id", 0, "user_id = ?", userID)
	return each(rows, func(r memberRow) Member { return Member(r) }), err
}

// UpdateMember writes the role.
func (tx *Tx) UpdateMember(m Member) error { return update(tx, memberRow(m), "joined_at") }

// DeleteMember removes a member, or returns ErrNotFound.
func (tx *Tx) DeleteMember(shopID, userID string) error {
	return tx.must("delete shop_members", ErrNotFound, "DELETE FROM shop_members WHERE shop_id = ?1 AND user_id = ?2", shopID, userID)
}

// ShopUsers returns the users who are members of a shop. It locks none of them.
func (tx *Tx) ShopUsers(shopID string) ([]User, error) {
	rows, err := list[userRow](tx, "id", 0, "id IN (SELECT user_id FROM shop_members WHERE shop_id = ?)", shopID)
	return each(rows, func(r userRow) User { return User(r) }), err
}

// ShopGuarded reports whether a shop has a member in this role who has two-step
// verification on and is not disabled.
func (tx *Tx) ShopGuarded(shopID, role string) (bool, error) {
	var n int
	err := tx.scan("count guards", ErrNotFound, []any{&n}, `SELECT COUNT(*) FROM shop_members m JOIN users u ON u.id = m.user_id
		WHERE m.shop_id = ?1 AND m.role = ?2 AND u.two_step_at IS NOT NULL AND u.disabled_at IS NULL`, shopID, role)
	return n > 0, err
}

// ShopsAstray returns at most limit shops with tools whose SuspendedAt does not
// say what [Tx.ShopGuarded] says for the role.
func (tx *Tx) ShopsAstray(role string, limit int) ([]string, error) {
	var ids []string
	err := tx.scanAll("find shops astray", func() []any {
		ids = append(ids, "")
		return []any{&ids[len(ids)-1]}
	}, `SELECT id FROM shops s WHERE closed_at IS NULL
		AND EXISTS (SELECT 1 FROM shop_tools t WHERE t.shop_id = s.id AND t.revoked_at IS NULL)
		AND (suspended_at IS NULL) <> EXISTS (SELECT 1 FROM shop_members m JOIN users u ON u.id = m.user_id
			WHERE m.shop_id = s.id AND m.role = ?1 AND u.two_step_at IS NOT NULL AND u.disabled_at IS NULL) LIMIT ?2`, role, limit)
	return ids, err
}

// Demands returns from when each role of a shop needs two-step verification;
// roles that never do are missing.
func (tx *Tx) Demands(shopID string) (map[string]time.Time, error) {
	type demand struct {
		role string
		from time.Time
	}
	var rows []demand
	err := tx.scanAll("list shop_demands", func() []any {
		rows = append(rows, demand{})
		d := &rows[len(rows)-1]
		return []any{&d.role, seconds{&d.from}}
	}, "SELECT role, from_at FROM shop_demands WHERE shop_id = ?1", shopID)
	out := make(map[string]time.Time, len(rows))
	for _, d := range rows {
		out[d.role] = d.from
	}
	return out, err
}

// PutDemand demands two-step verification of a role from a moment on; the zero
// time demands it no more.
func (tx *Tx) PutDemand(shopID, role string, from time.Time) error {
	if from.IsZero() {
		_, err := tx.exec("delete shop_demands", "DELETE FROM shop_demands WHERE shop_id = ?1 AND role = ?2", shopID, role)
		return err
	}
	_, err := tx.exec("write shop_demands", `INSERT INTO shop_demands (shop_id, role, from_at) VALUES (?1, ?2, ?3)
		ON CONFLICT (shop_id, role) DO UPDATE SET from_at = excluded.from_at`, shopID, role, from.Unix())
	return err
}

// ShopChoice returns the shop that a user chose last at a client; "" for none.
func (tx *Tx) ShopChoice(userID, clientID string) (string, error) {
	var id string
	err := tx.scan("read shop_choices", ErrNotFound, []any{&id},
		"SELECT shop_id FROM shop_choices WHERE user_id = ?1 AND client_id = ?2", userID, clientID)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return id, err
}

// PutShopChoice remembers the shop that a user chose at a client.
func (tx *Tx) PutShopChoice(userID, clientID, shopID string) error {
	_, err := tx.exec("write shop_choices", `INSERT INTO shop_choices (user_id, client_id, shop_id, chosen_at) VALUES (?1, ?2, ?3, ?4)
		ON CONFLICT (user_id, client_id) DO UPDATE SET shop_id = excluded.shop_id, chosen_at = excluded.chosen_at`,
		userID, clientID, shopID, tx.Now.Unix())
	return err
}
