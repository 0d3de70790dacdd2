package store

// Subject is who somebody is to all relying parties of one sector (OIDC Core §8.1).
type Subject struct{ Sub, UserID, Sector string }

// InsertSubject adds a subject; ErrExists when the user has one in the sector.
func (tx *Tx) InsertSubject(s Subject) error {
	return tx.must("insert subject", ErrExists,
		"INSERT INTO subjects (sub, user_id, sector) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING", s.Sub, s.UserID, s.Sector)
}

// Subject returns a user's subject in a sector, or ErrNotFound.
func (tx *Tx) Subject(userID, sector string) (s Subject, err error) {
	err = tx.scan("read subject", ErrNotFound, []any{&s.Sub, &s.UserID, &s.Sector},
		"SELECT sub, user_id, sector FROM subjects WHERE user_id = ?1 AND sector = ?2", userID, sector)
	return s, err
}

// SubjectNamed returns the subject with this name, or ErrNotFound.
func (tx *Tx) SubjectNamed(sub string) (s Subject, err error) {
	err = tx.scan("read subject", ErrNotFound, []any{&s.Sub, &s.UserID, &s.Sector},
		"SELECT sub, user_id, sector FROM subjects WHERE sub = ?1", sub)
	return s, err
}

// Subjects returns all subjects of a user, by sector.
func (tx *Tx) Subjects(userID string) ([]Subject, error) {
	var all []Subject
	err := tx.scanAll("list subjects", func() []any {
		all = append(all, Subject{})
		s := &all[len(all)-1]
		return []any{&s.Sub, &s.UserID, &s.Sector}
	}, "SELECT sub, user_id, sector FROM subjects WHERE user_id = ?1 ORDER BY sector", userID)
	return all, err
}
