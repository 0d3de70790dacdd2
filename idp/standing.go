package idp

import (
	"sync"
	"time"

	"github.com/sekisho-id/sekisho/idp/store"
)

const (
	// standingFor is how long it may take until a node learns of what another ended.
	standingFor = time.Second
	// maxStanding bounds how many tokens are remembered at once.
	maxStanding = 4096
)

// standing remembers which access tokens live, and whose they are: a resource
// asks about the same token many times a second. It forgets everything after a
// second, and as soon as this node ended a token, a grant or a person or changed
// what is known of one, so what is revoked here is revoked at once.
type standing struct {
	st  *store.Store
	now func() time.Time

	mu  sync.Mutex
	gen *generation
}

// generation is what was learnt since a moment at which the store had ended so much.
type generation struct {
	since time.Time
	ended int64
	users map[of]User // the zero User for a client's own token
}

// of is what a token says of itself: its grant, empty for a client's own, and its jti.
type of struct{ grant, jti string }

// find returns whose token it is, if that is known. Otherwise what is read of
// the store from now on may be kept in the generation returned.
func (s *standing) find(token of) (User, bool, *generation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, ended := s.now(), s.st.Ended()
	if g := s.gen; g == nil || g.ended != ended || now.Sub(g.since) >= standingFor || now.Before(g.since) || len(g.users) >= maxStanding {
		s.gen = &generation{since: now, ended: ended, users: map[of]User{}}
	}
	u, ok := s.gen.users[token]
	return u, ok, s.gen
}

// keep remembers a token that lives.
func (s *standing) keep(g *generation, token of, u User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g.users[token] = u
}

// ask answers from memory, or from the store by read, which returns an error
// for a token that does not live.
func (s *standing) ask(token of, read func() (User, error)) (User, error) {
	u, known, g := s.find(token)
	if known {
		return u, nil
	}
	u, err := read()
	u.Password = "" // nobody here needs it
	if err == nil {
		s.keep(g, token, u)
	}
	return u, err
}
