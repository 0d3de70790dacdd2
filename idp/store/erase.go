package store

// erasures take a person out of the tables that do not refer to users: those
// that do lose their rows with the user's. ?1 is the user's id.
//
// What stays, and why, is docs/privacy.md: events keep the id, a random word
// that names nobody any more, so that the log has no holes.
var erasures = []struct{ table, statement string }{
	{"sign_ins", "DELETE FROM sign_ins WHERE user_id = ?1"},
	{"challenges", "DELETE FROM challenges WHERE user_id = ?1"},
	{"tokens", "DELETE FROM tokens WHERE user_id = ?1"},
	{"grants", "DELETE FROM grants WHERE user_id = ?1"},
	{"recoveries", "DELETE FROM recoveries WHERE user_id = ?1"},
	{"outbox", "DELETE FROM outbox WHERE user_id = ?1 AND kind <> 'logout'"},
	{"events", "UPDATE events SET actor_ip = '', actor_user_agent = '', actor_request = '' WHERE user_id = ?1"},
	{"events", `UPDATE events SET actor_ip = '', actor_user_agent = '', actor_request = ''
		WHERE actor_kind = 'user' AND actor_id = ?1 AND actor_id <> user_id`},
	{"events", "UPDATE events SET details = NULL WHERE user_id = ?1 AND (name LIKE 'email.%' OR name LIKE 'address.%' OR name = 'recovery.sent')"},
}

// EraseUser removes a user with everything that names them, or returns
// ErrNotFound. Their address is free afterwards; their id is never given again,
// because ids are random.
func (tx *Tx) EraseUser(id string) error {
	tx.ends = true
	for _, e := range erasures {
		if _, err := tx.exec("erase "+e.table, e.statement, id); err != nil {
			return err
		}
	}
	return tx.must("erase user", ErrNotFound, "DELETE FROM users WHERE id = ?1", id)
}

// ErasedTables are those that EraseUser changes row by row.
func ErasedTables() []string {
	var tables []string
	for _, e := range erasures {
		tables = append(tables, e.table)
	}
	return tables
}
