package idp

import (
	"errors"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/store"
)

// A client of subject_type pairwise knows people by subjects of its sector
// alone, so that two sectors cannot find out that they serve the same person
// (OIDC Core §8.1). A subject is a random word that is kept, not a function of
// a key: it survives a change of keys, and whose it is can be looked up.

// pairwise is who somebody is to a client: empty where that is their id.
func (p *Provider) pairwise(w *work, c *clients.Client, userID string) (string, error) {
	if !c.Pairwise() {
		return "", nil
	}
	s, err := w.Subject(userID, c.Sector())
	if !errors.Is(err, store.ErrNotFound) {
		return s.Sub, err
	}
	s = store.Subject{Sub: newID(), UserID: userID, Sector: c.Sector()}
	if err := w.InsertSubject(s); !errors.Is(err, store.ErrExists) {
		return s.Sub, err
	}
	s, err = w.Subject(userID, c.Sector()) // another sign-in was faster
	return s.Sub, err
}

// owner is whom a client means by a subject. A subject that is nobody's in the
// client's sector names nobody.
func (p *Provider) owner(tx *store.Tx, clientID, sub string) (string, error) {
	c, ok := p.cfg.Clients.Find(clientID)
	if !ok || !c.Pairwise() || sub == "" {
		return sub, nil
	}
	s, err := tx.SubjectNamed(sub)
	if errors.Is(err, store.ErrNotFound) || err == nil && s.Sector != c.Sector() {
		return "nobody:" + sub, nil // no id has a colon
	}
	return s.UserID, err
}
