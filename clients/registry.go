package clients

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// Registry holds every client there is: those of the configuration file, those
// stored by command, and the external tools of shops. Reads take no lock.
type Registry struct {
	file []Client
	all  atomic.Pointer[map[string]*Client]
	// tools may be many, so they change one by one; values are *Client.
	tools sync.Map
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

// SetTool takes up an external tool, new or changed. It never stands in the
// place of another client.
func (r *Registry) SetTool(c Client) { r.tools.Store(c.ID, &c) }

// RemoveTool forgets an external tool.
func (r *Registry) RemoveTool(id string) { r.tools.Delete(id) }

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
	if c, ok := (*r.all.Load())[id]; ok {
		return c, true
	}
	v, _ := r.tools.Load(id)
	c, ok := v.(*Client)
	return c, ok
}

// InFile reports whether the client is the configuration file's, where commands cannot change it.
func (r *Registry) InFile(id string) bool {
	return slices.ContainsFunc(r.file, func(c Client) bool { return c.ID == id })
}

// All are the clients but for tools, disabled ones too, by id.
func (r *Registry) All() []Client {
	m := *r.all.Load()
	out := make([]Client, 0, len(m))
	for c := range maps.Values(m) {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b Client) int { return cmp.Compare(a.ID, b.ID) })
	return out
}
