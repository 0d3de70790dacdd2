package store

import (
	"strconv"
	"time"
)

// recoveryRow is a Recovery with Email, Contact, Story and Wanted sealed.
type recoveryRow struct {
	ID          string `gorm:"primaryKey"`
	UserID      string
	State       string
	Password    bool
	Changed     bool
	Known       bool
	Lang        string
	Cause       string
	Email       string
	Contact     string
	Story       string
	Wanted      string
	IP          string `gorm:"column:ip"`
	UserAgent   string
	First       string `gorm:"column:first_by"`
	Second      string `gorm:"column:second_by"`
	Ticket      string
	CreatedAt   time.Time `gorm:"serializer:moment;autoCreateTime:false"`
	ConfirmedAt time.Time `gorm:"serializer:moment"`
	SentAt      time.Time `gorm:"serializer:moment"`
	DueAt       time.Time `gorm:"serializer:moment"`
	DecidedAt   time.Time `gorm:"serializer:moment"`
	ClosedAt    time.Time `gorm:"serializer:moment"`
	ClearAt     time.Time `gorm:"serializer:moment"`
	KeepUntil   time.Time `gorm:"serializer:moment"`
}

func (recoveryRow) TableName() string { return "recoveries" }

// sealedParts are the columns that are sealed, with what each is bound to: a row
// that somebody moves to another request opens no more.
func (r *recoveryRow) sealedParts() map[string]*string {
	of := " of recovery " + r.ID
	return map[string]*string{"email" + of: &r.Email, "contact" + of: &r.Contact, "story" + of: &r.Story, "wanted" + of: &r.Wanted}
}

func (tx *Tx) newRecoveryRow(r Recovery) recoveryRow {
	row := recoveryRow(r)
	for purpose, field := range row.sealedParts() {
		if *field != "" {
			*field = tx.store.sealer.seal(purpose, *field)
		}
	}
	return row
}

func (tx *Tx) openRecovery(row recoveryRow) (Recovery, error) {
	for purpose, field := range row.sealedParts() {
		if *field == "" {
			continue
		}
		plain, err := tx.store.sealer.open(purpose, *field)
		if err != nil {
			return Recovery{}, err
		}
		*field = plain
	}
	return Recovery(row), nil
}

func (tx *Tx) recoveries(order string, limit int, where string, args ...any) ([]Recovery, error) {
	rows, err := list[recoveryRow](tx, order, limit, where, args...)
	if err != nil {
		return nil, err
	}
	return tryEach(rows, tx.openRecovery)
}

// InsertRecovery adds a request; ErrExists when the id is taken.
func (tx *Tx) InsertRecovery(r Recovery) error {
	r.CreatedAt = tx.created(r.CreatedAt)
	return insert(tx, tx.newRecoveryRow(r))
}

// Recovery returns one request, or ErrNotFound.
func (tx *Tx) Recovery(id string) (Recovery, error) {
	row, err := take[recoveryRow](tx, "id = ?", id)
	if err != nil {
		return Recovery{}, err
	}
	return tx.openRecovery(row)
}

// RecoveriesOf returns the requests about a user's account, the newest first.
func (tx *Tx) RecoveriesOf(userID string) ([]Recovery, error) {
	return tx.recoveries("created_at DESC, id", 0, "user_id = ? AND user_id <> ''", userID)
}

// RecoveriesIn returns at most limit requests about accounts in some states, those sent first first.
func (tx *Tx) RecoveriesIn(states []string, limit int) ([]Recovery, error) {
	return tx.recoveries("sent_at, id", limit, "state IN ? AND user_id <> ''", states)
}

// RecoveriesClosed returns at most limit requests about accounts that are over, those closed last first.
func (tx *Tx) RecoveriesClosed(limit int) ([]Recovery, error) {
	return tx.recoveries("closed_at DESC, id", limit, "closed_at IS NOT NULL AND user_id <> ''")
}

// RecoveriesDue returns at most limit requests whose state ends by itself now;
// drafts are none, they expire.
func (tx *Tx) RecoveriesDue(limit int) ([]Recovery, error) {
	return tx.recoveries("due_at, id", limit, "due_at <= ? AND state <> 'draft'", tx.Now.Unix())
}

// RecoveriesEnding returns at most limit requests whose waiting time ends within
// a span and was longer than that, and whose owner was not reminded.
func (tx *Tx) RecoveriesEnding(span time.Duration, limit int) ([]Recovery, error) {
	seconds := int64(span / time.Second)
	return tx.recoveries("due_at, id", limit, `state = 'waiting' AND user_id <> '' AND reminded_at IS NULL AND due_at > ? AND due_at <= ?
		AND due_at - decided_at > ?`, tx.Now.Unix(), tx.Now.Unix()+seconds, seconds)
}

// RemindRecovery notes that the owner was reminded of a request that waits;
// ErrConflict when that was done before, or it waits no more.
func (tx *Tx) RemindRecovery(id string) error {
	return tx.must("remind of recovery", ErrConflict,
		"UPDATE recoveries SET reminded_at = ?1 WHERE id = ?2 AND state = 'waiting' AND reminded_at IS NULL", tx.Now.Unix(), id)
}

// RecoveriesToClear returns at most limit requests whose evidence is to be deleted now.
func (tx *Tx) RecoveriesToClear(limit int) ([]Recovery, error) {
	return tx.recoveries("clear_at, id", limit, "clear_at <= ?", tx.Now.Unix())
}

// MoveRecovery writes a request that was in the state from; ErrConflict when it
// no longer is: of two decisions one counts. ErrExists when another request
// about the account is under way.
func (tx *Tx) MoveRecovery(r Recovery, from string) error {
	err := tx.must("move recovery", ErrConflict, "UPDATE recoveries SET state = ?1, user_id = ?2 WHERE id = ?3 AND state = ?4",
		r.State, r.UserID, r.ID, from)
	if err != nil {
		return err
	}
	return update(tx, tx.newRecoveryRow(r), "created_at")
}

// SetUpOwed reports whether a user's two-step verification was reset by a
// recovery and not set up since.
func (tx *Tx) SetUpOwed(userID string) (bool, error) {
	n := 0
	err := tx.scan("read recoveries", ErrNotFound, []any{&n},
		"SELECT COUNT(*) FROM recoveries WHERE user_id = ?1 AND user_id <> '' AND state = 'done' AND set_up_at IS NULL", userID)
	return n > 0, err
}

// SettleSetUp notes that a user has set two-step verification up.
func (tx *Tx) SettleSetUp(userID string) error {
	_, err := tx.exec("settle recoveries",
		"UPDATE recoveries SET set_up_at = ?1 WHERE user_id = ?2 AND user_id <> '' AND state = 'done' AND set_up_at IS NULL", tx.Now.Unix(), userID)
	return err
}

// recoveryFileRow is a RecoveryFile with Name sealed.
type recoveryFileRow struct {
	ID         string `gorm:"primaryKey"`
	RecoveryID string
	Name       string
	Kind       string
	Size       int64
	CreatedAt  time.Time `gorm:"serializer:moment;autoCreateTime:false"`
	DoneAt     time.Time `gorm:"serializer:moment"`
}

func (recoveryFileRow) TableName() string { return "recovery_files" }

func filePurpose(id, recoveryID string) string { return "file " + id + " of recovery " + recoveryID }

// InsertRecoveryFile begins a file; its pieces follow.
func (tx *Tx) InsertRecoveryFile(f RecoveryFile) error {
	f.CreatedAt = tx.created(f.CreatedAt)
	row := recoveryFileRow(f)
	row.Name = tx.store.sealer.seal(filePurpose(f.ID, f.RecoveryID), f.Name)
	return insert(tx, row)
}

// RecoveryFiles returns the files of a request, the oldest first, unfinished ones included.
func (tx *Tx) RecoveryFiles(recoveryID string) ([]RecoveryFile, error) {
	rows, err := list[recoveryFileRow](tx, "created_at, id", 0, "recovery_id = ?", recoveryID)
	if err != nil {
		return nil, err
	}
	return tryEach(rows, func(r recoveryFileRow) (RecoveryFile, error) {
		var err error
		r.Name, err = tx.store.sealer.open(filePurpose(r.ID, r.RecoveryID), r.Name)
		return RecoveryFile(r), err
	})
}

// FinishRecoveryFile notes that all pieces of a file are there; ErrConflict when
// it was finished before, was deleted, or its request was sent meanwhile: what
// reviewers saw does not grow.
func (tx *Tx) FinishRecoveryFile(id string, size int64) error {
	return tx.must("finish recovery file", ErrConflict,
		`UPDATE recovery_files SET size = ?1, done_at = ?2 WHERE id = ?3 AND done_at IS NULL
			AND recovery_id IN (SELECT id FROM recoveries WHERE state IN ('draft', 'asked'))`, size, tx.Now.Unix(), id)
}

// DeleteRecoveryFile removes a file of a request with its pieces; ErrNotFound when it has none such.
func (tx *Tx) DeleteRecoveryFile(recoveryID, id string) error {
	return tx.must("delete recovery file", ErrNotFound, "DELETE FROM recovery_files WHERE id = ?1 AND recovery_id = ?2", id, recoveryID)
}

// DeleteRecoveryFiles removes all files of a request and tells how many there were.
func (tx *Tx) DeleteRecoveryFiles(recoveryID string) (int, error) {
	n, err := tx.exec("delete recovery files", "DELETE FROM recovery_files WHERE recovery_id = ?1", recoveryID)
	return int(n), err
}

func piecePurpose(fileID string, n int) string {
	return "piece " + strconv.Itoa(n) + " of file " + fileID
}

// InsertRecoveryPiece adds the nth piece of an unfinished file, beginning with
// 0; ErrConflict when the file is finished or gone.
func (tx *Tx) InsertRecoveryPiece(fileID string, n int, data []byte) error {
	return tx.must("insert recovery piece", ErrConflict, `INSERT INTO recovery_pieces (file_id, n, data)
		SELECT id, CAST(?2 AS INTEGER), CAST(?3 AS TEXT) FROM recovery_files WHERE id = ?1 AND done_at IS NULL`,
		fileID, n, tx.store.sealer.seal(piecePurpose(fileID, n), string(data)))
}

// RecoveryPiece returns the nth piece of a file, or ErrNotFound.
func (tx *Tx) RecoveryPiece(fileID string, n int) ([]byte, error) {
	var sealed string
	err := tx.scan("read recovery piece", ErrNotFound, []any{&sealed}, "SELECT data FROM recovery_pieces WHERE file_id = ?1 AND n = ?2", fileID, n)
	if err != nil {
		return nil, err
	}
	plain, err := tx.store.sealer.open(piecePurpose(fileID, n), sealed)
	return []byte(plain), err
}
