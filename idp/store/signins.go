package store

import (
	"time"

	"github.com/sekisho-id/sekisho/mfa"
)

// signInRow is a SignIn; the two convert into one another.
type signInRow struct {
	ID                 string `gorm:"primaryKey"`
	Browser            []byte
	ClientID, ReturnTo string
	Request            []byte
	UserID             string
	ShopID             string
	PasswordAt         time.Time `gorm:"serializer:moment"`
	CodeAt             time.Time `gorm:"serializer:moment"`
	DeviceAt           time.Time `gorm:"serializer:moment"`
	Channel            mfa.Channel
	FactorID           string
	PasskeyAt          time.Time `gorm:"serializer:moment"`
	PasskeyID          string

	PasskeyVerified, PasskeySynced bool

	Able          bool
	Ceremony      int
	Trust         bool
	SelectedAt    time.Time `gorm:"serializer:moment"`
	ConsentedAt   time.Time `gorm:"serializer:moment"`
	PutOffAt      time.Time `gorm:"serializer:moment"`
	CreatedAt     time.Time `gorm:"serializer:moment;autoCreateTime:false"`
	ExpiresAt     time.Time `gorm:"serializer:moment"`
	DoneAt        time.Time `gorm:"serializer:moment"`
	EndedAt       time.Time `gorm:"serializer:moment"`
	IP, UserAgent string
}

func (signInRow) TableName() string { return "sign_ins" }

// InsertSignIn adds a sign-in.
func (tx *Tx) InsertSignIn(s SignIn) error {
	s.CreatedAt = tx.created(s.CreatedAt)
	return insert(tx, signInRow(s))
}

// SignIn returns one sign-in, done, ended and expired ones included, or ErrNotFound.
func (tx *Tx) SignIn(id string) (SignIn, error) {
	row, err := take[signInRow](tx, "id = ?", id)
	return SignIn(row), err
}

// UpdateSignIn writes every field but ClientID and Request, which are fixed at creation (T-11), DoneAt, which
// FinishSignIn sets, and Ceremony, which SpendSignInChallenge counts; ErrNotFound when there is none.
func (tx *Tx) UpdateSignIn(s SignIn) error {
	return update(tx, signInRow(s), "client_id", "request", "created_at", "done_at", "ceremony")
}

// FinishSignIn marks a sign-in as done; ErrConflict when it was done or ended before (T-17).
func (tx *Tx) FinishSignIn(id string) error {
	return tx.must("finish sign-in", ErrConflict,
		"UPDATE sign_ins SET done_at = ?1 WHERE id = ?2 AND done_at IS NULL AND ended_at IS NULL", tx.Now.Unix(), id)
}

// UnfinishedSignIns returns at most limit sign-ins that expired between a right
// password and what had to follow it, the oldest first.
func (tx *Tx) UnfinishedSignIns(limit int) ([]SignIn, error) {
	rows, err := list[signInRow](tx, "expires_at, id", limit, `password_at IS NOT NULL AND code_at IS NULL AND device_at IS NULL
		AND done_at IS NULL AND ended_at IS NULL AND expires_at <= ?`, tx.Now.Unix())
	return each(rows, func(r signInRow) SignIn { return SignIn(r) }), err
}
