package store

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/sekisho-id/sekisho/clients"
)

// toolFields are a Tool; the two convert into one another.
type toolFields struct {
	ID         string `gorm:"primaryKey"`
	ShopID     string
	Name       string
	Auth       clients.AuthMethod
	Secrets    []ToolSecret `gorm:"serializer:json"`
	JWKS       string       `gorm:"column:jwks"`
	Scopes     []string     `gorm:"serializer:json"`
	Resources  []string     `gorm:"serializer:json"`
	CreatedBy  string
	CreatedAt  time.Time `gorm:"serializer:moment;autoCreateTime:false"`
	ExpiresAt  time.Time `gorm:"serializer:moment"`
	RevokedAt  time.Time `gorm:"serializer:moment"`
	LastUsedAt time.Time `gorm:"serializer:moment"`

	RemindedDays int
}

type toolRow struct {
	Tool    toolFields `gorm:"embedded"`
	Version int64
}

func (toolRow) TableName() string { return "shop_tools" }

// toolsVersion is the name in meta of the latest version. Raising it locks the
// row until the end, so that versions become visible in their order.
const toolsVersion = "tools.version"

func (tx *Tx) raiseToolsVersion() (v int64, err error) {
	var text string
	err = tx.returning("raise tools' version", ErrNotFound, []any{&text}, `INSERT INTO meta (name, value) VALUES (?1, '1')
		ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(meta.value AS BIGINT) + 1 AS TEXT) RETURNING value`, toolsVersion)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(text, 10, 64)
}

// InsertTool adds a tool; ErrExists when the id is taken.
func (tx *Tx) InsertTool(t Tool) error {
	v, err := tx.raiseToolsVersion()
	if err != nil {
		return err
	}
	t.CreatedAt = tx.created(t.CreatedAt)
	return insert(tx, toolRow{Tool: toolFields(t), Version: v})
}

// Tool returns one tool, revoked ones included, or ErrNotFound.
func (tx *Tx) Tool(id string) (Tool, error) {
	row, err := take[toolRow](tx, "id = ?", id)
	return Tool(row.Tool), err
}

// Tools returns the tools of a shop that are not revoked, the oldest first.
func (tx *Tx) Tools(shopID string) ([]Tool, error) {
	rows, err := list[toolRow](tx, "created_at, id", 0, "shop_id = ? AND revoked_at IS NULL", shopID)
	return each(rows, func(r toolRow) Tool { return Tool(r.Tool) }), err
}

// UpdateTool writes Name, Secrets, JWKS and RevokedAt.
func (tx *Tx) UpdateTool(t Tool) error {
	v, err := tx.raiseToolsVersion()
	if err != nil {
		return err
	}
	return update(tx, toolRow{Tool: toolFields(t), Version: v},
		"shop_id", "auth", "scopes", "resources", "created_by", "created_at", "expires_at", "last_used_at", "reminded_days")
}

// RevokeTools revokes all tools of a shop that are not revoked yet.
func (tx *Tx) RevokeTools(shopID string) error {
	return tx.changeTools("UPDATE shop_tools SET version = ?1, revoked_at = ?3 WHERE shop_id = ?2 AND revoked_at IS NULL", shopID, tx.Now.Unix())
}

// TouchTools makes every node look at the tools of a shop anew: call it after SuspendedAt changed.
func (tx *Tx) TouchTools(shopID string) error {
	return tx.changeTools("UPDATE shop_tools SET version = ?1 WHERE shop_id = ?2", shopID)
}

func (tx *Tx) changeTools(statement, shopID string, args ...any) error {
	v, err := tx.raiseToolsVersion()
	if err != nil {
		return err
	}
	_, err = tx.exec("change shop_tools", statement, append([]any{v, shopID}, args...)...)
	return err
}

// ToolUsed notes when a tool was used last. It is no change of the tool.
func (tx *Tx) ToolUsed(id string, at time.Time) error {
	_, err := tx.exec("note use of tool", "UPDATE shop_tools SET last_used_at = ?1 WHERE id = ?2 AND (last_used_at IS NULL OR last_used_at < ?1)", at.Unix(), id)
	return err
}

// ToolsEnding returns tools after an id, by id, that end within so many days, were
// made before these began, and of which nobody was reminded within them: limit
// of them at most.
func (tx *Tx) ToolsEnding(days int, after string, limit int) ([]Tool, error) {
	span := int64(days) * 24 * 60 * 60
	rows, err := list[toolRow](tx, "id", limit, `id > ? AND revoked_at IS NULL AND expires_at > ? AND expires_at <= ?
		AND expires_at - created_at > ? AND (reminded_days = 0 OR reminded_days > ?)`,
		after, tx.Now.Unix(), tx.Now.Unix()+span, span, days)
	return each(rows, func(r toolRow) Tool { return Tool(r.Tool) }), err
}

// RemindTool notes that a tool's end, so many days away, was told; ErrConflict
// when that was done before, or the tool is revoked. It is no change of the tool.
func (tx *Tx) RemindTool(id string, days int) error {
	return tx.must("remind of tool", ErrConflict, `UPDATE shop_tools SET reminded_days = ?1
		WHERE id = ?2 AND revoked_at IS NULL AND (reminded_days = 0 OR reminded_days > ?1)`, days, id)
}

// ChangedTool is a tool with what its shop says of it.
type ChangedTool struct {
	Tool
	// Suspended is set while the shop's tools stand still.
	Suspended bool
	Version   int64
}

// ChangedTools returns tools that changed after a version, in the order of their
// changes, revoked ones included: limit of them at most, but always all of a version.
func (tx *Tx) ChangedTools(after int64, limit int) ([]ChangedTool, error) {
	var n int
	err := tx.scan("count changed tools", ErrNotFound, []any{&n}, "SELECT COUNT(*) FROM shop_tools WHERE version > ?1", after)
	if err != nil || n == 0 { // as nearly every second
		return nil, err
	}
	last := int64(math.MaxInt64)
	err = tx.scan("find version", ErrNotFound, []any{&last}, "SELECT version FROM shop_tools WHERE version > ?1 ORDER BY version LIMIT 1 OFFSET ?2", after, limit-1)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	rows, err := list[toolRow](tx, "version, id", 0, "version > ? AND version <= ?", after, last)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	var suspended []string
	err = tx.scanAll("list suspended shops", func() []any {
		suspended = append(suspended, "")
		return []any{&suspended[len(suspended)-1]}
	}, `SELECT id FROM shops WHERE suspended_at IS NOT NULL
		AND id IN (SELECT shop_id FROM shop_tools WHERE version > ?1 AND version <= ?2)`, after, last)
	return each(rows, func(r toolRow) ChangedTool {
		return ChangedTool{Tool: Tool(r.Tool), Suspended: slices.Contains(suspended, r.Tool.ShopID), Version: r.Version}
	}), err
}
