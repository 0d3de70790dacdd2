package store

import (
	"fmt"
	"time"
)

// lifetimes says what has outlived its use; ?1 is the moment that lies ago in the past.
var lifetimes = []struct {
	table, key, where string
	ago               time.Duration
}{
	{"sign_ins", "id", "expires_at <= ?1", 24 * time.Hour},
	{"challenges", "id", "expires_at <= ?1", 24 * time.Hour},
	{"pushed_requests", "hash", "keep_until <= ?1", 0},
	{"device_codes", "hash", "expires_at <= ?1", time.Hour},
	{"tokens", "id", "expires_at <= ?1", time.Hour},
	{"refresh_tokens", "hash", "expires_at <= ?1", 0},
	{"jtis", "jti", "expires_at <= ?1", 0},
	{"spent", "hash", "expires_at <= ?1", 0},
	{"counters", "name", "reset_at <= ?1", 0},
	{"former_emails", "id", "expires_at <= ?1", 0},
	{"enrolments", "user_id", "expires_at <= ?1", 0},
	{"factors", "id", "draft AND created_at <= ?1", 24 * time.Hour},
	{"devices", "id", "expires_at <= ?1", 0},
	{"sessions", "sid", "expires_at <= ?1", 30 * 24 * time.Hour},
	{"sessions", "sid", "ended_at <= ?1", 30 * 24 * time.Hour},
	{"grants", "id", "keep_until <= ?1", 0},
	{"shop_invitations", "id", "expires_at <= ?1", 30 * 24 * time.Hour},
	{"shop_tools", "id", "revoked_at <= ?1", 30 * 24 * time.Hour},
	{"shops", "id", "closed_at <= ?1", 30 * 24 * time.Hour},
	{"sends", "id", "sent_at <= ?1", 30 * 24 * time.Hour},
	{"recoveries", "id", "keep_until <= ?1", 0},
	{"outbox", "seq", "sent_at <= ?1", 24 * time.Hour},
	{"outbox", "seq", "failed_at <= ?1", 30 * 24 * time.Hour},
}

// Expire deletes at most limit rows of each kind that have outlived their use,
// and returns how many. The audit log and a person's own data stay. Small
// limits keep the writer free; the caller comes again while the count is large.
func (tx *Tx) Expire(limit int) (int, error) {
	if err := tx.ForgetCalls(); err != nil {
		return 0, err
	}
	total := 0
	for _, l := range lifetimes {
		sql := fmt.Sprintf("DELETE FROM %[1]s WHERE %[2]s IN (SELECT %[2]s FROM %[1]s WHERE %[3]s LIMIT ?2)", l.table, l.key, l.where)
		n, err := tx.exec("expire "+l.table, sql, tx.Now.Add(-l.ago).Unix(), limit)
		if err != nil {
			return total, err
		}
		total += int(n)
	}
	return total, nil
}
