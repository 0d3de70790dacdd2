package clients

import (
	"fmt"
	"slices"
)

// Resource is an API that access tokens are made for (RFC 8707).
type Resource struct {
	// ID is the audience of its tokens: an absolute URI without fragment.
	ID string `yaml:"id"`
	// Scopes are those that mean something there, and nowhere else unless
	// another resource has them too.
	Scopes []string `yaml:"scopes"`
}

// Resources are all that are registered.
type Resources []Resource

// Find finds a resource by its audience.
func (rs Resources) Find(id string) (Resource, bool) {
	i := slices.IndexFunc(rs, func(r Resource) bool { return r.ID == id })
	if i < 0 {
		return Resource{}, false
	}
	return rs[i], true
}

// At are those of scopes that a token for these audiences may carry: the ones
// of their resources, and those that belong to no resource (RFC 8707 §2.2).
func (rs Resources) At(audiences, scopes []string) []string {
	return slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool {
		elsewhere := false
		for _, r := range rs {
			if !slices.Contains(r.Scopes, scope) {
				continue
			}
			if slices.Contains(audiences, r.ID) {
				return false
			}
			elsewhere = true
		}
		return elsewhere
	})
}

// Validate reports every fault, joined; each is a [*Fault] whose field begins
// with resources[…]. The issuer is the provider's own: userinfo is there.
func (rs Resources) Validate(issuer string) error {
	var f faults
	for i, r := range rs {
		at := fmt.Sprintf("resources[%d].", i)
		f.add(faultOfResource(r.ID) != "", at+"id", "%s", faultOfResource(r.ID))
		f.add(r.ID == issuer, at+"id", "must not be the issuer: an API has an audience of its own")
		f.add(slices.ContainsFunc(rs[:i], func(other Resource) bool { return other.ID == r.ID }), at+"id", "is there twice")
		for j, s := range r.Scopes {
			field := fmt.Sprintf("%sscopes[%d]", at, j)
			f.add(!scopeForm.MatchString(s), field, "must be one scope without spaces")
			f.add(Personal(s), field, "is about people, who are told of by userinfo alone")
			f.add(slices.Contains(r.Scopes[:j], s), field, "is there twice")
		}
	}
	return f.join()
}

// Judge reports what a client's registration names that is not registered, and
// what it could never use, joined; each is a [*Fault].
func (rs Resources) Judge(c Client, issuer string) error {
	var f faults
	for i, id := range c.Resources {
		_, ok := rs.Find(id)
		f.add(!ok && id != issuer && faultOfResource(id) == "", fmt.Sprintf("resources[%d]", i), "must be the id of one of the configuration's resources")
	}
	for i, id := range c.Serves {
		_, ok := rs.Find(id)
		f.add(!ok && faultOfResource(id) == "", fmt.Sprintf("serves[%d]", i), "must be the id of one of the configuration's resources")
	}
	usable := rs.At(c.Resources, c.Scopes)
	for i, s := range c.Scopes {
		f.add(!slices.Contains(usable, s), fmt.Sprintf("scopes[%d]", i), "belongs to a resource that the client is not registered for")
	}
	return f.join()
}
