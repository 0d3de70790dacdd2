package clients

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
)

// Registration is what clients that register themselves may be (RFC 7591). The
// zero value lets nobody in.
type Registration struct {
	Enabled bool `yaml:"enabled"`
	// Most is how many there may be at a time.
	Most int `yaml:"max_clients"`
	// Scopes, Grants and Resources are those they may have.
	Scopes    []string    `yaml:"scopes"`
	Grants    []GrantType `yaml:"grants"`
	Resources []string    `yaml:"resources"`
	// Rules hold for each of them; none of them is a first party.
	Rules Rules `yaml:"rules"`
}

// DefaultRegistration is what they may be where nothing is said.
func DefaultRegistration() Registration {
	return Registration{
		Most: 100, Scopes: slices.Clone(defaultScopes), Grants: []GrantType{GrantCode, GrantRefresh},
	}
}

// UnmarshalYAML reads the section; grants may be written in short.
func (r *Registration) UnmarshalYAML(unmarshal func(any) error) error {
	type plain Registration
	file := plain(*r)
	err := unmarshal(&file)
	*r = Registration(file)
	for i, g := range r.Grants {
		r.Grants[i] = ParseGrant(string(g))
	}
	return err
}

// Validate reports every fault, joined; each is a [*Fault].
func (r Registration) Validate() error {
	var f faults
	f.add(r.Most < 1 || r.Most > 10_000, "max_clients", "must be 1 to 10000")
	f.add(r.Rules.FirstParty, "rules.first_party", "must be false: people must be asked about a client that nobody here knows")
	f.add(r.Rules.MinACR != "" && !slices.Contains(reachable, r.Rules.MinACR), "rules.min_acr", "must be one of %s", strings.Join(reachable, ", "))
	for i, g := range r.Grants {
		known := []GrantType{GrantCode, GrantRefresh, GrantDevice, GrantClientCredentials}
		f.add(!slices.Contains(known, g), indexed("grants", i), "must be one of %s", join(known))
	}
	for i, s := range r.Scopes {
		f.add(!scopeForm.MatchString(s), indexed("scopes", i), "must be one scope without spaces")
	}
	return f.join()
}

// Admit makes a client of one that asks to be registered: the deployment's
// rules are its rules, whatever it asks. It reports what the client may not
// have; each is a [*Fault]. It is no substitute for [Client.Validate].
func (r Registration) Admit(c *Client) error {
	var f faults
	if len(c.Grants) == 0 {
		c.Grants = []GrantType{GrantCode}
	}
	for i, g := range c.Grants {
		f.add(!slices.Contains(r.Grants, g), indexed("grants", i), "may not be had by a client that registers itself")
	}
	if len(c.Scopes) == 0 && c.SignsIn() {
		c.Scopes = slices.Clone(r.Scopes)
	}
	for i, s := range c.Scopes {
		f.add(!slices.Contains(r.Scopes, s), indexed("scopes", i), "may not be had by a client that registers itself")
	}
	for i, id := range c.Resources {
		f.add(!slices.Contains(r.Resources, id), indexed("resources", i), "may not be had by a client that registers itself")
	}
	c.Rules = r.Rules
	return f.join()
}

// registered begins the ids of clients that registered themselves.
const registered = "reg-"

// NewRegisteredID makes the id of a client that registers itself: 80 random bits.
func NewRegisteredID() string { return registered + strings.ToLower(rand.Text()[:16]) }

func indexed(field string, i int) string { return fmt.Sprintf("%s[%d]", field, i) }
