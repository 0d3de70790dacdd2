package clients_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/clients"
)

// What FAPI 2.0 demands holds together, whatever else was registered.
func TestProfileFAPI2TurnsItsDemandsOnTogether(t *testing.T) {
	t.Parallel()
	plain, strict := clients.Client{}, clients.Client{Profile: clients.ProfileFAPI2, NoPKCE: true, NoNonce: true}
	tests := []struct {
		name         string
		of           func(clients.Client) any
		plain, fapi2 any
	}{
		{"pushed requests", func(c clients.Client) any { return c.PARRequired() }, false, true},
		{"dated request objects", func(c clients.Client) any { return c.DatedObjectsRequired() }, false, true},
		{"bound tokens", func(c clients.Client) any { return c.BoundTokensRequired() }, false, true},
		{"PKCE", func(c clients.Client) any { return c.PKCERequired() }, true, true},
		{"rotation of refresh tokens", func(c clients.Client) any { return c.RotatesRefreshTokens() }, true, false},
		{"life of a code", func(c clients.Client) any { return c.CodeLifetime(10 * time.Minute) }, 10 * time.Minute, time.Minute},
		{"life of a shorter code", func(c clients.Client) any { return c.CodeLifetime(time.Second) }, time.Second, time.Second},
		{"algorithms", func(c clients.Client) any { return c.SigningAlgs() }, []string{"RS256", "PS256", "ES256", "EdDSA"}, []string{"PS256", "ES256", "EdDSA"}},
		{"algorithm of ID tokens", func(c clients.Client) any { return c.SigningAlg() }, "RS256", "ES256"},
	}
	for _, tt := range tests {
		if diff := cmp.Diff([]any{tt.plain, tt.fapi2}, []any{tt.of(plain), tt.of(strict)}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	if !(clients.Client{RequirePAR: true}).PARRequired() {
		t.Error("require_par alone does not require pushed requests")
	}
}

func TestResponseModesAreOptIn(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		modes           []clients.ResponseMode
		query, formPost bool
	}{
		{nil, true, false},
		{[]clients.ResponseMode{clients.ModeFormPost}, false, true},
		{[]clients.ResponseMode{clients.ModeQuery, clients.ModeFormPost}, true, true},
	} {
		c := clients.Client{ResponseModes: tt.modes}
		if c.AllowsMode(clients.ModeQuery) != tt.query || c.AllowsMode(clients.ModeFormPost) != tt.formPost || c.AllowsMode("fragment") {
			t.Errorf("%v: query %v, form_post %v", tt.modes, c.AllowsMode(clients.ModeQuery), c.AllowsMode(clients.ModeFormPost))
		}
	}
}
