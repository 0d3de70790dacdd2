package store

import (
	"cmp"
	"slices"
	"time"

	"github.com/sekisho-id/sekisho/mfa"
)

// factorFields are a mfa.Factor with Number and Secret sealed.
type factorFields struct {
	ID       string `gorm:"primaryKey"`
	UserID   string
	Channel  mfa.Channel
	Role     mfa.Role
	Name     string
	Number   string
	Secret   []byte
	LastStep int64
	Drift    int
	Failures int
	Draft    bool
	Binding  string

	CreatedAt  time.Time `gorm:"serializer:moment;autoCreateTime:false"`
	VerifiedAt time.Time `gorm:"serializer:moment"`
	DisabledAt time.Time `gorm:"serializer:moment"`
	LastUsedAt time.Time `gorm:"serializer:moment"`
	HeldUntil  time.Time `gorm:"serializer:moment"`
	DormantAt  time.Time `gorm:"serializer:moment"`
	NoticedAt  time.Time `gorm:"serializer:moment"`
}

type factorRow struct {
	Factor    factorFields `gorm:"embedded"`
	NumberMAC []byte       `gorm:"column:number_mac"`
}

func (factorRow) TableName() string { return "factors" }

// newFactorRow seals; the user's id is bound to the secrets, so that moving a
// row to somebody else makes it useless (T-52).
func (tx *Tx) newFactorRow(f mfa.Factor) factorRow {
	row := factorRow{Factor: factorFields(f), NumberMAC: tx.store.numberMAC(f.Number)}
	row.Factor.Number, row.Factor.Secret = tx.store.sealer.sealFactor(f.UserID, f.Number, f.Secret)
	return row
}

func (tx *Tx) openFactor(row factorRow) (f mfa.Factor, err error) {
	f = mfa.Factor(row.Factor)
	f.Number, f.Secret, err = tx.store.sealer.openFactor(f.UserID, f.Number, f.Secret)
	return f, err
}

func (s *sealer) sealFactor(userID, number string, secret []byte) (sealedNumber string, sealedSecret []byte) {
	if number != "" {
		sealedNumber = s.seal("factor number of "+userID, number)
	}
	if secret != nil {
		sealedSecret = []byte(s.seal("factor secret of "+userID, string(secret)))
	}
	return sealedNumber, sealedSecret
}

func (s *sealer) openFactor(userID, sealedNumber string, sealedSecret []byte) (number string, secret []byte, err error) {
	if sealedNumber != "" {
		if number, err = s.open("factor number of "+userID, sealedNumber); err != nil {
			return "", nil, err
		}
	}
	if sealedSecret == nil {
		return number, nil, nil
	}
	plain, err := s.open("factor secret of "+userID, string(sealedSecret))
	return number, []byte(plain), err
}

// numberMAC is the index by which a sealed number can be found.
func (s *Store) numberMAC(number string) []byte {
	if number == "" {
		return nil
	}
	return s.MAC("number index", number)
}

// Factors returns a user's factors: the primary first, then the oldest first.
// Every sign-in reads them: this is SQL.
func (tx *Tx) Factors(userID string) ([]mfa.Factor, error) {
	var rows []factorRow
	err := tx.scanAll("list factors", func() []any {
		rows = append(rows, factorRow{})
		f := &rows[len(rows)-1].Factor
		return []any{
			&f.ID, &f.UserID, &f.Channel, &f.Role, &f.Name, &f.Number, &f.Secret, &f.LastStep, &f.Drift, &f.Failures, &f.Draft, &f.Binding,
			seconds{&f.CreatedAt},
			seconds{&f.VerifiedAt},
			seconds{&f.DisabledAt},
			seconds{&f.LastUsedAt},
			seconds{&f.HeldUntil},
			seconds{&f.DormantAt},
			seconds{&f.NoticedAt},
		}
	}, `SELECT id, user_id, channel, role, name, number, secret, last_step, drift, failures, draft, binding,
		created_at, verified_at, disabled_at, last_used_at, held_until, dormant_at, noticed_at FROM factors WHERE user_id = ?1`, userID)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b factorRow) int { // SQLite's sorter takes longer than the read
		return cmp.Or(rank(a)-rank(b), a.Factor.CreatedAt.Compare(b.Factor.CreatedAt), cmp.Compare(a.Factor.ID, b.Factor.ID))
	})
	return tryEach(rows, tx.openFactor)
}

// rank puts primary factors before the others.
func rank(r factorRow) int {
	if r.Factor.Role == mfa.Primary {
		return 0
	}
	return 1
}

// Factor returns one factor, or ErrNotFound.
func (tx *Tx) Factor(id string) (mfa.Factor, error) {
	row, err := take[factorRow](tx, "id = ?", id)
	if err != nil {
		return mfa.Factor{}, err
	}
	return tx.openFactor(row)
}

// InsertFactor adds a factor; ErrExists when the id is taken.
func (tx *Tx) InsertFactor(f mfa.Factor) error {
	f.CreatedAt = tx.created(f.CreatedAt)
	return insert(tx, tx.newFactorRow(f))
}

// UpdateFactor writes every field but LastStep, Drift and Failures: those change by
// AcceptStep, CountFailure and ClearFailures only, so that no stale copy undoes them.
func (tx *Tx) UpdateFactor(f mfa.Factor) error {
	return update(tx, tx.newFactorRow(f), "last_step", "drift", "failures")
}

// AcceptStep records the TOTP step of an accepted code. It returns ErrConflict
// unless the step is later than the last: no code is accepted twice (RFC 6238 §5.2, N-30).
func (tx *Tx) AcceptStep(id string, step int64, drift int) error {
	return tx.must("accept step", ErrConflict,
		"UPDATE factors SET last_step = ?1, drift = ?2 WHERE id = ?3 AND last_step < ?1", step, drift, id)
}

// CountFailure adds one wrong code and returns how many there are in a row (N-40), or ErrNotFound.
func (tx *Tx) CountFailure(id string) (int, error) {
	var n int
	err := tx.returning("count failure", ErrNotFound, []any{&n},
		"UPDATE factors SET failures = failures + 1 WHERE id = ?1 RETURNING failures", id)
	return n, err
}

// ClearFailures forgets the wrong codes after a right one.
func (tx *Tx) ClearFailures(id string) error {
	return tx.must("clear failures", ErrNotFound, "UPDATE factors SET failures = 0 WHERE id = ?1", id)
}

// DeleteFactor removes a factor, or returns ErrNotFound.
func (tx *Tx) DeleteFactor(id string) error {
	return tx.must("delete factor", ErrNotFound, "DELETE FROM factors WHERE id = ?1", id)
}

// NumberOwners returns how many users but one have proved to have the number
// (C-15); an unproved number is nobody's.
func (tx *Tx) NumberOwners(number, except string) (int, error) {
	var n int
	err := tx.scan("count number owners", ErrNotFound, []any{&n},
		`SELECT COUNT(DISTINCT user_id) FROM factors
		WHERE number_mac = ?1 AND verified_at IS NOT NULL AND NOT draft AND user_id <> ?2`, tx.store.numberMAC(number), except)
	return n, err
}
