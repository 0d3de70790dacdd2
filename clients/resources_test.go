package clients_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/clients"
)

var apis = clients.Resources{
	{ID: "https://pay.example", Scopes: []string{"payout", "read"}},
	{ID: "https://stock.example", Scopes: []string{"stock", "read"}},
}

// RFC 8707 §2.2: a scope counts at the resources that have it.
func TestScopesBelongToResources(t *testing.T) {
	t.Parallel()
	asked := []string{"openid", "stock", "payout", "read", "other"}
	for _, tt := range []struct {
		name string
		at   []string
		want []string
	}{
		{"one resource", []string{"https://pay.example"}, []string{"openid", "payout", "read", "other"}},
		{"the other", []string{"https://stock.example"}, []string{"openid", "stock", "read", "other"}},
		{"both", []string{"https://pay.example", "https://stock.example"}, asked},
		{"another audience", []string{"https://id.example"}, []string{"openid", "other"}},
		{"none", nil, []string{"openid", "other"}},
	} {
		if diff := cmp.Diff(tt.want, apis.At(tt.at, asked)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	if diff := cmp.Diff(asked, (clients.Resources{}).At(nil, asked)); diff != "" {
		t.Errorf("nothing registered (-want +got):\n%s", diff)
	}
}

func TestResourcesAreValidated(t *testing.T) {
	t.Parallel()
	const issuer = "https://id.example"
	if err := apis.Validate(issuer); err != nil {
		t.Errorf("good ones: %v", err)
	}
	bad := clients.Resources{
		{ID: "payout"},
		{ID: issuer},
		{ID: "https://pay.example#x"},
		{ID: "https://pay.example", Scopes: []string{"a b", "openid", "read", "read"}},
		{ID: "https://pay.example"},
	}
	want := []string{
		"resources[0].id", "resources[1].id", "resources[2].id",
		"resources[3].scopes[0]", "resources[3].scopes[1]", "resources[3].scopes[3]", "resources[4].id",
	}
	if diff := cmp.Diff(want, fields(t, bad.Validate(issuer))); diff != "" {
		t.Errorf("bad ones (-want +got):\n%s", diff)
	}
}

// A registration names nothing that is not registered, and asks for nothing
// that it could never get.
func TestClientsNameRegisteredResources(t *testing.T) {
	t.Parallel()
	const issuer = "https://id.example"
	for _, tt := range []struct {
		name   string
		client clients.Client
		want   []string
	}{
		{"registered", clients.Client{Resources: []string{"https://pay.example"}, Scopes: []string{"openid", "payout", "read"}}, nil},
		{"the issuer beside it", clients.Client{Resources: []string{issuer, "https://pay.example"}}, nil},
		{"an API", clients.Client{Serves: []string{"https://stock.example"}}, nil},
		{"another's scope", clients.Client{Resources: []string{"https://pay.example"}, Scopes: []string{"stock"}}, []string{"scopes[0]"}},
		{"a scope without its resource", clients.Client{Scopes: []string{"openid", "read"}}, []string{"scopes[1]"}},
		{"unknown ones", clients.Client{Resources: []string{"https://x.example"}, Serves: []string{"https://y.example", issuer}}, []string{"resources[0]", "serves[0]", "serves[1]"}},
	} {
		if diff := cmp.Diff(tt.want, fields(t, apis.Judge(tt.client, issuer))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
