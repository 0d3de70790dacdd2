package protocol_test

import (
	"net/http"
	"testing"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/protocol"
	"github.com/sekisho-id/sekisho/idp/store"
)

// toolWorld has a shop of carol's, who has two-step verification, and a tool of it.
type toolWorld struct {
	*world
	shop string
	made idp.Secret
	b    *idp.Browser
}

func newToolWorld(t *testing.T) toolWorld {
	t.Helper()
	shops := clients.DefaultShops()
	shops.Tools = clients.ShopTools{Scopes: []clients.ToolScope{{Scope: "orders"}, {Scope: "stock"}}, Resources: []string{"https://api.example"}}
	w := toolWorld{world: newWorld(t, idptest.Shops(shops)), b: &idp.Browser{IP: "192.0.2.1", Lang: "en"}}
	u := w.AddUserWith(t, carol, password, mobile, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
	ctx, p := t.Context(), w.Provider
	n, err := p.AccountSignIn(ctx, w.b, "/account", false)
	must(t, err)
	n, err = p.SubmitPassword(ctx, w.b, n.SignInID, carol, password)
	must(t, err)
	_, err = p.SubmitCode(ctx, w.b, n.SignInID, w.Code(t, mobile), false)
	must(t, err)
	w.shop, err = p.AddShop(ctx, idptest.Operator(), "Minato Books", u.ID)
	must(t, err)
	w.made, err = p.CreateTool(ctx, w.b, w.shop, idp.NewTool{Name: "Stock tool", Scopes: []string{"orders"}, Resources: []string{"https://api.example"}})
	must(t, err)
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w toolWorld) token(t *testing.T, secret string, extra ...string) reply {
	t.Helper()
	return w.machine(t).post(protocol.PathToken, form(append([]string{"grant_type", "client_credentials"}, extra...)...),
		"Authorization", basicOf(w.made.ToolID, secret))
}

// S-091, S-108: a tool's token names its shop, is for nobody's person, and can do
// what was chosen and no more.
func TestToolsTokenNamesItsShop(t *testing.T) {
	t.Parallel()
	w := newToolWorld(t)
	r := w.token(t, w.made.Secret)
	if r.status != http.StatusOK || r.str("scope") != "orders" {
		t.Fatalf("token: %d %s", r.status, r.body)
	}
	_, claims := parts(t, r.str("access_token"))
	if claims["account_id"] != w.shop || claims["account_role"] != nil || claims["sub"] != "client:"+w.made.ToolID || claims["acr"] != nil {
		t.Errorf("claims %v", claims)
	}
	if got := w.userInfo(t, r.str("access_token")); got.status != http.StatusForbidden { // T-55
		t.Errorf("userinfo answers %d", got.status)
	}
	status := w.introspect(t, "payapi", r.str("access_token")).json()
	if status["active"] != true || status["account_id"] != w.shop {
		t.Errorf("introspection says %v", status)
	}
	for what, extra := range map[string][]string{
		"another scope": {"scope", "stock"}, "a person's scope": {"scope", "openid"}, "account": {"scope", "account"},
		"another audience": {"resource", "https://pay.example"},
	} {
		if r := w.token(t, w.made.Secret, extra...); r.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", what, r.status, r.body)
		}
	}
	if r := w.token(t, "wrong"); r.status != http.StatusUnauthorized {
		t.Errorf("a wrong secret: %d", r.status)
	}
	v, err := w.Provider.Tools(t.Context(), w.b, w.shop)
	must(t, err)
	if v.Tools[0].LastUsedAt.IsZero() {
		t.Error("the use was not noted")
	}
}

// No tool acts after its shop's last guarded owner fell, and what it was given
// before is not active; strangers learn nothing of it.
func TestToolIsRefusedAfterSuspension(t *testing.T) {
	t.Parallel()
	w := newToolWorld(t)
	before := w.token(t, w.made.Secret).str("access_token")
	u, err := w.Provider.FindUser(t.Context(), carol)
	must(t, err)
	must(t, w.Provider.ResetTwoStep(t.Context(), idptest.Operator(), u.ID))
	if r := w.token(t, w.made.Secret); r.status != http.StatusBadRequest || r.str("error") != "unauthorized_client" {
		t.Errorf("suspended: %d %s", r.status, r.body)
	}
	if r := w.token(t, "wrong"); r.status != http.StatusUnauthorized || r.str("error") != "invalid_client" {
		t.Errorf("a stranger: %d %s", r.status, r.body)
	}
	if got := w.introspect(t, "payapi", before).json(); got["active"] != false {
		t.Errorf("introspection says %v", got)
	}
}

// A tool's secret proves no other tool.
func TestToolCannotUseTheSecretOfAnother(t *testing.T) {
	t.Parallel()
	w := newToolWorld(t)
	other, err := w.Provider.CreateTool(t.Context(), w.b, w.shop, idp.NewTool{Name: "Other", Scopes: []string{"stock"}, Resources: []string{"https://api.example"}})
	must(t, err)
	if r := w.token(t, other.Secret); r.status != http.StatusUnauthorized {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := w.machine(t).post(protocol.PathToken, form("grant_type", "client_credentials"), "Authorization", basicOf("tool-aaaaaaaaaaaaaaaa", w.made.Secret)); r.status != http.StatusUnauthorized {
		t.Errorf("a guessed id: %d %s", r.status, r.body)
	}
	var kept store.Tool
	must(t, w.Store.View(t.Context(), func(tx *store.Tx) error {
		var err error
		kept, err = tx.Tool(w.made.ToolID)
		return err
	}))
	if len(kept.Secrets) != 1 || kept.Secrets[0].Hash != clients.HashSecret(w.made.Secret) {
		t.Error("the secret is not kept as a hash")
	}
}
