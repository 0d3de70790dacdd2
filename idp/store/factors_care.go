package store

import "time"

// FactorAges bound the factors that [Tx.FactorsToMind] looks for: those that
// happened at or before a moment. The zero time looks for none of the kind.
type FactorAges struct {
	// Idle is about being left behind or stopped, Unverified about the making of
	// an unverified number, Unproved about its last proof.
	Idle, Unverified, Unproved time.Time
}

// FactorsToMind returns users who have a factor of such an age, by id, after
// the given one. It may name users with nothing left to be done.
func (tx *Tx) FactorsToMind(ages FactorAges, after string, limit int) ([]string, error) {
	var users []string
	err := tx.scanAll("list factors to mind", func() []any {
		users = append(users, "")
		return []any{&users[len(users)-1]}
	}, `SELECT DISTINCT user_id FROM factors WHERE user_id > ?4 AND NOT draft AND (
			COALESCE(dormant_at, disabled_at) <= ?1
			OR dormant_at IS NULL AND disabled_at IS NULL AND channel <> 'app' AND (
				verified_at IS NULL AND created_at <= ?2
				OR verified_at IS NOT NULL AND COALESCE(last_used_at, verified_at) <= ?3
					AND (noticed_at IS NULL OR noticed_at <= COALESCE(last_used_at, verified_at))))
		ORDER BY user_id LIMIT ?5`, age(ages.Idle), age(ages.Unverified), age(ages.Unproved), after, limit)
	return users, err
}

// age is a moment as a bound; nothing is before the zero time.
func age(t time.Time) int64 {
	if t.IsZero() {
		return -1
	}
	return t.Unix()
}
