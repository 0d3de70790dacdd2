package clients

import (
	"cmp"
	"maps"
	"slices"
	"sync/atomic"
)

// Registry holds every client there is: those of the configuration file and
// those stored by command. Reads take no lock and see one consistent state.
type Registry struct {
	file []Client
	all  atomic.Pointer[map[string]*Client]
}

// NewRegistry makes a registry of the file's clients; stored ones come with [Registry.SetStored].
func NewRegistry(file []Client) *Registry {
	r := &Registry{file: slices.Clone(file)}
	r.SetStored(nil)
	return r
}

// SetStored replaces the stored clients. The file wins where an id is in both,
// so that what the operator wrote down is what runs.
func (r *Registry) SetStored(stored []Client) {
	all := make(map[string]*Client, len(r.file)+len(stored))
	for _, list := range [][]Client{stored, r.file} {
		for _, c := range list {
			all[c.ID] = &c
		}
	}
	r.all.Store(&all)
}

// Lookup finds a client that may act: one that exists and is not disabled.
func (r *Registry) Lookup(id string) (*Client, bool) {
	c, ok := r.Find(id)
	if !ok || c.Disabled {
		return nil, false
	}
	return c, true
}

// Find finds any client, disabled ones too: for names on pages and for commands.
func (r *Registry) Find(id string) (*Client, bool) {
	c, ok := (*r.all.Load())[id]
	return c, ok
}

// InFile reports whether the client is the configuration file's, where commands cannot change it.
func (r *Registry) InFile(id string) bool {
	return slices.ContainsFunc(r.file, func(c Client) bool { return c.ID == id })
}

// All are the clients, disabled ones too, by id.
func (r *Registry) All() []Client {
	m := *r.all.Load()
	out := make([]Client, 0, len(m))
	for c := range maps.Values(m) {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b Client) int { return cmp.Compare(a.ID, b.ID) })
	return out
}
