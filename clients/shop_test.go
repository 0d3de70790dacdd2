package clients_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/clients"
)

func role(id string, may ...clients.Right) clients.ShopRole {
	return clients.ShopRole{ID: id, May: may}
}

func TestRolesGiveAndTakeOnlyWhatIsLessThanTheirOwn(t *testing.T) {
	t.Parallel()
	owner, staff := role(clients.RoleOwner), role("staff")
	manager := role("manager", clients.RightMembers)
	tech := role("tech", clients.RightTools)
	both := role("both", clients.RightMembers, clients.RightTools)
	for _, tt := range []struct {
		who, over clients.ShopRole
		want      bool
	}{
		{owner, owner, true},
		{owner, manager, true},
		{owner, role("gone"), true},
		{manager, owner, false},
		{manager, manager, false},
		{manager, staff, true},
		{manager, tech, false},
		{manager, role("gone"), true},
		{both, manager, true},
		{both, tech, true},
		{both, both, false},
		{manager, both, false},
		{tech, staff, false},
		{staff, staff, false},
		{role("gone"), staff, false},
	} {
		if got := tt.who.Over(tt.over); got != tt.want {
			t.Errorf("%s over %s = %v, want %v", tt.who.ID, tt.over.ID, got, tt.want)
		}
	}
}

func TestRights(t *testing.T) {
	t.Parallel()
	s := clients.DefaultShops()
	var got []string
	for _, id := range []string{"owner", "manager", "staff", "gone"} {
		r := s.Role(id)
		for _, what := range []clients.Right{clients.RightSee, clients.RightMembers, clients.RightTools} {
			if r.Has(what) {
				got = append(got, id+" "+string(what))
			}
		}
	}
	want := []string{"owner see", "owner members", "owner tools", "manager see", "manager members"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rights (-want +got)\n%s", diff)
	}
	if got := s.Role("manager").Name("ja") + s.Role("gone").Name("ja"); got != "マネージャーgone" {
		t.Errorf("names are %q", got)
	}
}

func TestValidateShopsNamesEveryFault(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*clients.Shops)
		want   []string
	}{
		{"the default is fine", func(*clients.Shops) {}, nil},
		{"tools are fine", func(s *clients.Shops) {
			s.Tools.Scopes, s.Tools.Resources = []clients.ToolScope{{Scope: "orders", Names: map[string]string{"ja": "注文"}}}, []string{"https://api.example"}
		}, nil},
		{"no owner", func(s *clients.Shops) { s.Roles = s.Roles[1:] }, []string{"roles"}},
		{"an owner with rights", func(s *clients.Shops) { s.Roles[0].May = []clients.Right{clients.RightSee} }, []string{"roles[0].may"}},
		{"a role twice", func(s *clients.Shops) { s.Roles[1].ID = "staff" }, []string{"roles[2].id"}},
		{"a role with spaces", func(s *clients.Shops) { s.Roles[1].ID = "shop manager" }, []string{"roles[1].id"}},
		{"an unknown right", func(s *clients.Shops) { s.Roles[1].May = []clients.Right{"pay"} }, []string{"roles[1].may[0]"}},
		{"an unknown language", func(s *clients.Shops) { s.Roles[1].Names = map[string]string{"jp-JP": "x"} }, []string{"roles[1].names"}},
		{"a tool that is a person (T-55)", func(s *clients.Shops) {
			s.Tools.Scopes = []clients.ToolScope{{Scope: "openid"}, {Scope: "account"}, {Scope: "a b"}}
		}, []string{"tools.scopes[0].scope", "tools.scopes[1].scope", "tools.scopes[2].scope"}},
		{"a relative audience", func(s *clients.Shops) { s.Tools.Resources = []string{"payout"} }, []string{"tools.resources[0]"}},
	} {
		s := clients.DefaultShops()
		tt.change(&s)
		if diff := cmp.Diff(tt.want, fields(t, s.Validate())); diff != "" {
			t.Errorf("%s: faults (-want +got)\n%s", tt.name, diff)
		}
	}
}

// T-54: what a tool is called can never be taken for a person, nor for another client.
func TestToolIDsDoNotLookLikePeople(t *testing.T) {
	t.Parallel()
	person := regexp.MustCompile(`^[A-Z2-7]{26}$`)
	for range 50 {
		id := clients.NewToolID()
		c := clients.Client{ID: id, Name: "x", SecretHashes: []string{clients.HashSecret("s")}, Grants: []clients.GrantType{clients.GrantClientCredentials}}
		if person.MatchString(strings.ToUpper(id)) || !clients.IsToolID(id) || c.Validate() != nil {
			t.Fatalf("%q: %v", id, c.Validate())
		}
	}
	for _, id := range []string{"", "tool-", "tool-ABCDEFGHIJKLMNOP", "minato-tool", "tool-abcdefghijklmnopq"} {
		if clients.IsToolID(id) {
			t.Errorf("%q passes for a tool's id", id)
		}
	}
}

func TestStanding(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name string
		tool *clients.Tool
		want error
	}{
		{"another client", nil, nil},
		{"a tool", &clients.Tool{ExpiresAt: now.Add(time.Second)}, nil},
		{"expired", &clients.Tool{ExpiresAt: now}, clients.ErrExpired},
		{"suspended", &clients.Tool{Suspended: true}, clients.ErrSuspended},
	} {
		if got := (clients.Client{Tool: tt.tool}).Standing(now); !errors.Is(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestRegistryKeepsToolsApart(t *testing.T) {
	t.Parallel()
	r := clients.NewRegistry([]clients.Client{{ID: "shop", Name: "file"}})
	r.SetTool(clients.Client{ID: "shop", Name: "tool"})
	r.SetTool(clients.Client{ID: "tool-a", Name: "a"})
	if c, _ := r.Lookup("shop"); c.Name != "file" {
		t.Errorf("a tool took the place of client %q", c.ID)
	}
	if _, ok := r.Lookup("tool-a"); !ok || len(r.All()) != 1 {
		t.Errorf("tool found: %v; all: %v", ok, r.All())
	}
	r.RemoveTool("tool-a")
	if _, ok := r.Lookup("tool-a"); ok {
		t.Error("a removed tool is found")
	}
}
