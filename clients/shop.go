package clients

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// A shop is a seller account: several people with roles, each with a sign-in of
// their own (S-091), and the credentials of its external tools. On the wire it
// is the scope `account` with the claims account_id and account_role.

// ScopeAccount is the scope by which a client asks for whom a person acts.
const ScopeAccount = "account"

// Right is one thing that a role may do in a shop.
type Right string

// The rights.
const (
	RightSee     Right = "see"     // who the members are, and whether their two-step verification is on
	RightMembers Right = "members" // invite, change roles, remove; includes see
	RightTools   Right = "tools"   // credentials of external tools
)

// RoleOwner is the role that every shop has at least once. It may do everything,
// also what no right stands for: rename the shop, demand two-step verification,
// close it.
const RoleOwner = "owner"

// ShopRole is what a member of a shop is there.
type ShopRole struct {
	ID string `yaml:"id"`
	// Names are display names by language; empty means ID in every language.
	Names map[string]string `yaml:"names"`
	// May is ignored for the owner.
	May []Right `yaml:"may"`
}

// Shops is what a deployment allows shops.
type Shops struct {
	// SelfService lets anybody create a shop; otherwise operators do.
	SelfService bool       `yaml:"self_service"`
	Roles       []ShopRole `yaml:"roles"`
	// Tools bounds what the credentials of external tools may be good for.
	Tools ShopTools `yaml:"tools"`
}

// ShopTools bounds the credentials of external tools. Without scopes no shop has any.
type ShopTools struct {
	Scopes []ToolScope `yaml:"scopes"`
	// Resources are the audiences to choose from; empty means the issuer alone.
	Resources []string `yaml:"resources"`
}

// ToolScope is a scope that an external tool may be given.
type ToolScope struct {
	Scope string `yaml:"scope"`
	// Names say what it allows, by language; empty means Scope in every language.
	Names map[string]string `yaml:"names"`
}

// DefaultShops has three roles and no tools.
func DefaultShops() Shops {
	return Shops{SelfService: true, Roles: []ShopRole{
		{ID: RoleOwner, Names: map[string]string{"ja": "オーナー", "en": "Owner"}},
		{ID: "manager", Names: map[string]string{"ja": "マネージャー", "en": "Manager"}, May: []Right{RightMembers}},
		{ID: "staff", Names: map[string]string{"ja": "スタッフ", "en": "Staff"}},
	}}
}

// Role finds a role. One that is not configured any more may do nothing.
func (s Shops) Role(id string) ShopRole {
	for _, r := range s.Roles {
		if r.ID == id {
			return r
		}
	}
	return ShopRole{ID: id}
}

// Known reports whether a role may be given to somebody.
func (s Shops) Known(id string) bool {
	return slices.ContainsFunc(s.Roles, func(r ShopRole) bool { return r.ID == id })
}

// Owner reports whether it is the owner's role.
func (r ShopRole) Owner() bool { return r.ID == RoleOwner }

// Has reports whether the role has a right.
func (r ShopRole) Has(what Right) bool {
	return r.Owner() || slices.Contains(r.May, what) || what == RightSee && slices.Contains(r.May, RightMembers)
}

// Over reports whether somebody in this role may give and take the role o.
// Owners may give every role; others only roles that may do less than theirs,
// so that nobody can make themselves, or a friend, their equal or more.
func (r ShopRole) Over(o ShopRole) bool {
	if r.Owner() {
		return true
	}
	return r.Has(RightMembers) && !o.Owner() && o.within(r) && !r.within(o)
}

// within reports whether o may do everything that r may.
func (r ShopRole) within(o ShopRole) bool {
	return !slices.ContainsFunc([]Right{RightSee, RightMembers, RightTools}, func(what Right) bool { return r.Has(what) && !o.Has(what) })
}

// Name is what pages call the role in a language.
func (r ShopRole) Name(lang string) string { return named(r.Names, lang, r.ID) }

// Name is what pages call the scope in a language.
func (t ToolScope) Name(lang string) string { return named(t.Names, lang, t.Scope) }

func named(names map[string]string, lang, fallback string) string {
	if n := names[lang]; n != "" {
		return n
	}
	return fallback
}

// Scope finds a scope that tools may have.
func (t ShopTools) Scope(name string) (ToolScope, bool) {
	i := slices.IndexFunc(t.Scopes, func(s ToolScope) bool { return s.Scope == name })
	if i < 0 {
		return ToolScope{Scope: name}, false
	}
	return t.Scopes[i], true
}

// Validate reports every fault, joined; each is a [*Fault].
func (s Shops) Validate() error {
	var f faults
	f.add(!s.Known(RoleOwner), "roles", "must have the role owner")
	for i, r := range s.Roles {
		at := fmt.Sprintf("roles[%d]", i)
		f.add(!roleForm.MatchString(r.ID), at+".id", "must be 1 to 32 of a-z, 0-9, hyphen and underscore, and begin with a letter")
		f.add(slices.ContainsFunc(s.Roles[:i], func(o ShopRole) bool { return o.ID == r.ID }), at+".id", "is there twice")
		f.add(r.Owner() && len(r.May) > 0, at+".may", "must be left out: an owner may do everything")
		languages(&f, at+".names", r.Names)
		for j, what := range r.May {
			known := what == RightSee || what == RightMembers || what == RightTools
			f.add(!known, fmt.Sprintf("%s.may[%d]", at, j), "must be see, members or tools")
		}
	}
	for i, t := range s.Tools.Scopes {
		at := fmt.Sprintf("tools.scopes[%d]", i)
		f.add(!scopeForm.MatchString(t.Scope), at+".scope", "must be one scope without spaces")
		// T-55: a tool is no person.
		f.add(Personal(t.Scope), at+".scope", "speaks of a person; a tool is none")
		f.add(slices.ContainsFunc(s.Tools.Scopes[:i], func(o ToolScope) bool { return o.Scope == t.Scope }), at+".scope", "is there twice")
		languages(&f, at+".names", t.Names)
	}
	for i, r := range s.Tools.Resources {
		f.add(faultOfResource(r) != "", fmt.Sprintf("tools.resources[%d]", i), "%s", faultOfResource(r))
	}
	return errors.Join(f...)
}

// Personal reports whether a scope speaks of a person: such scopes never go
// into a client's own token (T-55).
func Personal(scope string) bool {
	return slices.Contains([]string{"openid", "profile", "email", "phone", "address", "offline_access", ScopeAccount}, scope)
}

// ShopLimits are the numbers that keep shops within bounds.
type ShopLimits struct {
	Invitation     time.Duration `yaml:"invitation"`      // how long a mailed invitation works
	InvitationsDay int           `yaml:"invitations_day"` // mails per shop, resent ones too
	Members        int           `yaml:"members"`         // per shop, open invitations included
	ShopsPerPerson int           `yaml:"per_person"`      // that one person may belong to
	Tools          int           `yaml:"tools"`           // credentials per shop
	// ToolReminderDays are how many days before its end members are mailed about a credential.
	ToolReminderDays []int `yaml:"tool_reminder_days"`
}

// DefaultShopLimits suit shops that people run together.
func DefaultShopLimits() ShopLimits {
	return ShopLimits{Invitation: 7 * 24 * time.Hour, InvitationsDay: 20, Members: 100, ShopsPerPerson: 20, Tools: 20, ToolReminderDays: []int{14, 3}}
}
