package protocol

import (
	"net/http"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/metrics"
)

// tally counts the answers of the token endpoint by grant: given and refused.
// The empty grant stands for requests that named none that is served.
type tally map[clients.GrantType][2]metrics.Bound

func newTally(r *metrics.Registry) tally {
	c, t := r.Counter("token_requests_total", "Answers of the token endpoint.", "grant_type", "result"), tally{}
	for _, g := range append([]clients.GrantType{""}, grantTypes...) {
		name := string(g)
		if g == "" {
			name = "other"
		}
		t[g] = [2]metrics.Bound{c.Bind(name, "refused"), c.Bind(name, "issued")}
	}
	return t
}

// count counts one answer.
func (t tally) count(g clients.GrantType, status int) {
	counts, ok := t[g]
	if !ok {
		counts = t[""]
	}
	if status == http.StatusOK {
		counts[1].Inc()
		return
	}
	counts[0].Inc()
}
