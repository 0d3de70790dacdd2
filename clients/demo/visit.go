package demo

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/clients/resource"
)

const (
	visitLife = 8 * time.Hour
	visitMax  = 10_000 // a demonstration on one machine
)

// login is a trip to the provider that has not come back.
type login struct {
	state, nonce, verifier string
	// stepUp is the challenge that sent the person; nil for a plain sign-in.
	stepUp *resource.Challenge
}

// session is a signed-in person. Tokens never leave the server, but for the ID
// token as the hint at sign-out.
type session struct {
	id   identity
	name string

	idToken, access, refresh string
	accessEnds               time.Time

	// notice is the key of the text shown until the next action.
	notice string
	// asked is the challenge last taken to the provider, and askedAt when the
	// person came back from it (O-33).
	asked   resource.Challenge
	askedAt time.Time
}

// identity is what the ID token says about the sign-in.
type identity struct {
	Subject  string
	SID      string
	ACR      string
	AMR      []string
	AuthTime time.Time
	// Claims is the whole token, as JSON.
	Claims json.RawMessage
}

// visit is what the app keeps about one browser.
type visit struct {
	login   *login
	session *session
	ends    time.Time
}

// visits keeps all visits in memory: a restart signs everybody out of the app.
type visits struct {
	cookie string
	secure bool
	now    func() time.Time

	mu  sync.Mutex
	all map[string]visit
}

func newVisits(kind Kind, appURL string, now func() time.Time) *visits {
	v := &visits{cookie: "demo_" + string(kind), now: now, all: map[string]visit{}}
	if strings.HasPrefix(appURL, "https:") {
		v.cookie, v.secure = "__Host-"+v.cookie, true
	}
	return v
}

// of returns the browser's visit; the zero value when there is none.
func (v *visits) of(c echo.Context) visit {
	cookie, err := c.Cookie(v.cookie)
	if err != nil {
		return visit{}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	got := v.all[cookie.Value]
	if !v.now().Before(got.ends) {
		return visit{}
	}
	return got
}

// begin keeps a visit under a new handle and drops the browser's old one, so
// that a handle planted before sign-in is worth nothing after it.
func (v *visits) begin(c echo.Context, next visit) {
	v.drop(c)
	now := v.now()
	next.ends = now.Add(visitLife)
	handle := rand.Text()
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.all) >= visitMax {
		for h, old := range v.all {
			if !now.Before(old.ends) || len(v.all) >= visitMax {
				delete(v.all, h)
			}
		}
	}
	v.all[handle] = next
	// Host-only: no Domain. Lax, because the provider sends the person back by a link.
	c.SetCookie(&http.Cookie{Name: v.cookie, Value: handle, Path: "/", HttpOnly: true, Secure: v.secure, SameSite: http.SameSiteLaxMode})
}

// keep replaces what is kept under the browser's handle, if that is still alive.
func (v *visits) keep(c echo.Context, next visit) {
	cookie, err := c.Cookie(v.cookie)
	if err != nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if old, ok := v.all[cookie.Value]; ok {
		next.ends = old.ends
		v.all[cookie.Value] = next
	}
}

// end forgets the visits of one of the provider's sessions, or all of a person
// when it names none.
func (v *visits) end(subject, sid string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for handle, visit := range v.all {
		if s := visit.session; s != nil && s.id.Subject == subject && (sid == "" || s.id.SID == sid) {
			delete(v.all, handle)
		}
	}
}

// drop forgets the browser's visit.
func (v *visits) drop(c echo.Context) {
	if cookie, err := c.Cookie(v.cookie); err == nil {
		v.mu.Lock()
		defer v.mu.Unlock()
		delete(v.all, cookie.Value)
	}
}
