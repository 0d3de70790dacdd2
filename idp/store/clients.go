package store

import (
	"strconv"
	"time"

	"github.com/sekisho-id/sekisho/clients"
)

// clientRow holds the client as one JSON document: it is never searched.
type clientRow struct {
	ID        string         `gorm:"primaryKey"`
	Spec      clients.Client `gorm:"serializer:json"`
	CreatedAt time.Time      `gorm:"serializer:moment;autoCreateTime:false"`
	UpdatedAt time.Time      `gorm:"serializer:moment;autoUpdateTime:false"`
}

func (clientRow) TableName() string { return "clients" }

func (r clientRow) client() Client {
	r.Spec.ID = r.ID
	return Client{Client: r.Spec, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt}
}

// clientsVersion is the name in meta that rises with every change.
const clientsVersion = "clients.version"

// Clients returns all clients of the database by id.
func (tx *Tx) Clients() ([]Client, error) {
	rows, err := list[clientRow](tx, "id", 0, "")
	return each(rows, clientRow.client), err
}

// Client returns one client of the database, or ErrNotFound.
func (tx *Tx) Client(id string) (Client, error) {
	row, err := take[clientRow](tx, "id = ?", id)
	return row.client(), err
}

// InsertClient adds a client; ErrExists when the id is taken.
func (tx *Tx) InsertClient(c Client) error {
	row := clientRow{ID: c.ID, Spec: c.Client, CreatedAt: tx.created(c.CreatedAt), UpdatedAt: tx.created(c.UpdatedAt)}
	if err := insert(tx, row); err != nil {
		return err
	}
	return tx.raiseClientsVersion()
}

// UpdateClient writes every field but CreatedAt; UpdatedAt becomes tx.Now.
func (tx *Tx) UpdateClient(c Client) error {
	if err := update(tx, clientRow{ID: c.ID, Spec: c.Client, UpdatedAt: tx.Now}, "created_at"); err != nil {
		return err
	}
	return tx.raiseClientsVersion()
}

// ClientsVersion rises with every change of a client, so that a copy in memory can tell that it is old.
func (tx *Tx) ClientsVersion() (int64, error) {
	v, err := tx.Meta(clientsVersion)
	if err != nil || v == "" {
		return 0, err
	}
	return strconv.ParseInt(v, 10, 64)
}

func (tx *Tx) raiseClientsVersion() error {
	_, err := tx.exec("raise clients' version", `INSERT INTO meta (name, value) VALUES (?1, '1')
		ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(meta.value AS BIGINT) + 1 AS TEXT)`, clientsVersion)
	return err
}
