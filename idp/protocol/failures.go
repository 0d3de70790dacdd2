package protocol

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/metrics"
)

const (
	failureSpan = time.Minute
	// failureShare is how many times what one client may fail from an address all
	// clients together may, those that do not exist among them.
	failureShare = 5
	maxFailures  = 8192 // addresses and clients remembered
)

// failures counts failed client authentications by the address that they came
// from, for each client and for all together, so that nobody can go on guessing,
// and nobody elsewhere can keep a client out. Each node counts for itself and in
// memory: a write to the database for each request of a stranger would be worth
// more to an attacker than the guess.
type failures struct {
	now  func() time.Time
	most int // of one client from one address

	wrong, slowed metrics.Bound

	mu   sync.Mutex
	seen map[string]failed
}

// failed are the failures of a span that began with the first of them.
type failed struct {
	n     int
	until time.Time
}

func newFailures(r *metrics.Registry, now func() time.Time, most int) *failures {
	c := r.Counter("client_authentications_failed_total", "Client authentications that failed, and those not looked at because too many had.", "result")
	return &failures{now: now, most: most, wrong: c.Bind("wrong"), slowed: c.Bind("slowed"), seen: map[string]failed{}}
}

// wait is how long a client must wait before it may try again from an address;
// zero when it need not.
func (f *failures) wait(address, client string) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return max(f.left(address, f.most*failureShare), f.left(address+" "+client, f.most))
}

func (f *failures) left(key string, most int) time.Duration {
	if s := f.seen[key]; s.n >= most {
		return max(0, s.until.Sub(f.now()))
	}
	return 0
}

// add counts one.
func (f *failures) add(address, client string) {
	f.wrong.Inc()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, key := range []string{address, address + " " + client} {
		s := f.seen[key]
		if now := f.now(); !now.Before(s.until) {
			s = failed{until: now.Add(failureSpan)}
		}
		s.n++
		f.makeRoom(key)
		f.seen[key] = s
	}
}

// makeRoom forgets what is over, and anything at all when nothing is.
func (f *failures) makeRoom(key string) {
	if _, ok := f.seen[key]; ok || len(f.seen) < maxFailures {
		return
	}
	now := f.now()
	for other, s := range f.seen {
		if !now.Before(s.until) {
			delete(f.seen, other)
		}
	}
	for other := range f.seen {
		if len(f.seen) < maxFailures {
			return
		}
		delete(f.seen, other)
	}
}

// claimed is whom a request says it is from, whether or not there is such a
// client: else the answer would tell. Nothing is verified yet.
func claimed(r *http.Request, p params) string {
	id := p.get("client_id")
	if fields := r.Header.Values(echo.HeaderAuthorization); len(fields) == 1 {
		id, _, _ = parseBasic(fields[0])
	} else if token := p.get("client_assertion"); token != "" && len(token) <= maxAssertion {
		id, _ = assertedClient(token)
	}
	const longest = 64 // of a client's id
	return id[:min(len(id), longest)]
}

// slowed refuses a request without a look at its credentials while too many
// from its address were wrong.
func (ep *endpoints) slowed(c echo.Context, client string) *oidc.Error {
	ctx := c.Request().Context()
	wait := ep.failures.wait(idp.Network(idp.BrowserFrom(ctx).IP), client)
	if wait <= 0 {
		return nil
	}
	ep.failures.slowed.Inc()
	retryAfter(c, wait)
	known, _ := ep.lookup(client)
	ep.told(ctx, known, errSlow, "too many failed client authentications from this address")
	return errSlow
}

// failedFrom counts a failed authentication.
func (ep *endpoints) failedFrom(ctx context.Context, client string) {
	ep.failures.add(idp.Network(idp.BrowserFrom(ctx).IP), client)
}
