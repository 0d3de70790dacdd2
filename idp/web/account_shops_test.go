package web_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/mfa"
)

const shopsPath = "/account/shops"

// owner signs kenji in, who makes a shop on the pages.
func (k *kit) owner(t *testing.T) (b *idptest.Browser, shop string) {
	t.Helper()
	k.person(t)
	b = k.Browser(t)
	k.enter(t, b, "/account")
	p := submit(b, b.Get(shopsPath), shopsPath, "name", "Minato Books")
	wants(t, p, http.StatusOK, "The shop is there", "Minato Books", "Your role: Owner", "1 of 1 have 2-step verification on")
	return b, p.URL.Path
}

// invitation is the link of the newest mail to an address.
func (k *kit) invitation(t *testing.T, to string) string {
	t.Helper()
	body := k.Message(t, mfa.Mail, to).Body
	link := regexp.MustCompile(`/shops/join\?token=\S+`).FindString(body)
	if link == "" {
		t.Fatalf("no link in %s", body)
	}
	return link
}

func TestShopIsRunOnThePages(t *testing.T) {
	t.Parallel()
	k := start(t)
	k.AddUser(t, "sakura@example.jp", secret)
	b, shop := k.owner(t)
	wants(t, submit(b, b.Get(shopsPath), shopsPath, "name", "www.evil.example"), http.StatusUnprocessableEntity, "without a web or email address", "evil", `aria-invalid="true"`)

	p := b.Get(shop + "/invite")
	wants(t, p, http.StatusOK, "Invite a member to Minato Books", `id="role-staff" name="role" value="staff" checked`)
	wants(t, submit(b, p, shop+"/invite", "email", "nonsense", "role", "staff"), http.StatusUnprocessableEntity, "Enter your email like")
	p = submit(b, p, shop+"/invite", "email", "sakura@example.jp", "role", "staff")
	wants(t, p, http.StatusOK, "The invitation is sent", "sakura@example.jp", "Open invitations")
	wants(t, submit(b, p, shop+"/invite", "email", "sakura@example.jp", "role", "staff"), http.StatusUnprocessableEntity, "invited already")
	p = submit(b, p, shop, "again", find(t, p, `name="again" value="(\w+)"`))
	wants(t, p, http.StatusOK, "sent again")
	first, second := k.invitation(t, "sakura@example.jp"), k.invitation(t, "sakura@example.jp")

	other := k.Browser(t)
	dead, live := first, second
	if other.Get(first).Status == http.StatusOK { // mails of one moment come in any order
		dead, live = second, first
	}
	wants(t, other.Get(dead), http.StatusGone, "no longer works", "Ask the shop")
	q := other.Get(live)
	at(t, q, "/shops/join")
	if q.URL.RawQuery != "" {
		t.Error("the secret stays in the address")
	}
	wants(t, q, http.StatusOK, "Invitation to Minato Books", "as Staff", "s•••@example.jp", "Create an account to join")
	q = submit(other, q, "/shops/join", "do", "signin")
	at(t, q, "/signin")
	q = other.Submit(q, "/signin", "identifier", "sakura@example.jp", "password", secret)
	at(t, q, "/shops/join")
	wants(t, q, http.StatusOK, "sakura@example.jp", "whether your 2-step verification is on")
	q = submit(other, q, "/shops/join", "do", "join")
	at(t, q, shop)
	wants(t, q, http.StatusOK, "You joined the shop", "Your role: Staff")
	if strings.Contains(q.Body, email) {
		t.Error("staff see the owner's address")
	}
	wants(t, other.Get("/account/activity"), http.StatusOK, "A shop was joined")
	wants(t, other.Get(shop+"/invite"), http.StatusForbidden, "Your role in the shop doesn&#39;t allow this")

	p = b.Get(shop)
	wants(t, p, http.StatusOK, "1 of 2 have 2-step verification on", "sakura@example.jp")
	member := shop + "/member?who=" + find(t, p, `member\?who=(\w+)`)
	p = b.Get(member)
	wants(t, p, http.StatusOK, "The role of")
	p = b.Submit(p, shop+"/member", "do", "role", "role", "manager")
	wants(t, p, http.StatusOK, "The role is changed", "Manager")
	wants(t, other.Get(shop), http.StatusOK, "Members", "sakura@example.jp", "Invite a member")
	wants(t, b.Submit(b.Get(member), shop+"/member", "do", "remove"), http.StatusOK, "The member is removed")
	wants(t, other.Get(shop), http.StatusNotFound)

	wants(t, submit(b, b.Get(shop+"/name"), shop+"/name", "name", "Harbour Books"), http.StatusOK, "The name is changed", "Harbour Books")
	wants(t, b.Get(shop+"/leave"), http.StatusConflict, "A shop needs an owner")
	p = b.Get(shop + "/close")
	wants(t, p, http.StatusOK, "Close Harbour Books?", "cannot be undone")
	wants(t, b.Submit(p, ""), http.StatusOK, "The shop is closed")
	wants(t, b.Get(shop), http.StatusNotFound)
}

// A new person creates an account on the way and comes back to the invitation.
func TestInvitedPersonSignsUpOnTheWay(t *testing.T) {
	t.Parallel()
	k := start(t)
	b, shop := k.owner(t)
	submit(b, b.Get(shop+"/invite"), shop+"/invite", "email", "new@example.jp", "role", "manager")
	n := k.Browser(t)
	p := submit(n, n.Get(k.invitation(t, "new@example.jp")), "/shops/join", "do", "signup")
	at(t, p, "/signup")
	p = n.Submit(p, "/signup", "name", "Mika", "email", "new@example.jp", "new-password", "another long phrase", "agree", "1")
	at(t, p, "/signup/verify")
	p = n.Submit(p, "/signup/verify", "code", k.MailCode(t, "new@example.jp"))
	at(t, p, "/shops/join")
	p = submit(n, p, "/shops/join", "do", "join")
	at(t, p, shop)
	wants(t, p, http.StatusOK, "You joined the shop", "Manager")
}

// Somebody else's invitation says so plainly and offers the right way.
func TestInvitationForAnotherAddressSaysSo(t *testing.T) {
	t.Parallel()
	k := start(t)
	k.AddUser(t, "mallory@example.jp", secret)
	k.AddUser(t, "sakura@example.jp", secret)
	b, shop := k.owner(t)
	submit(b, b.Get(shop+"/invite"), shop+"/invite", "email", "sakura@example.jp", "role", "staff")
	m := k.Browser(t)
	m.Submit(m.Get("/signin"), "/signin", "identifier", "mallory@example.jp", "password", secret)
	p := m.Get(k.invitation(t, "sakura@example.jp"))
	wants(t, p, http.StatusOK, "This invitation is for another address", "signed in as mallory@example.jp", "s•••@example.jp", "Use another account")
	if strings.Contains(p.Body, ">Join<") || strings.Contains(p.Body, "sakura@") {
		t.Error("a stranger may join, or sees the address")
	}
	p = submit(m, p, "/shops/join", "do", "join") // as if there were a button
	at(t, p, "/shops/join")
	p = submit(m, p, "/shops/join", "do", "signin")
	at(t, p, "/signin/select")
	p = m.Submit(p, "/signin/select", "do", "other")
	p = m.Submit(p, "/signin", "identifier", "sakura@example.jp", "password", secret)
	at(t, p, "/shops/join")
	wants(t, submit(m, p, "/shops/join", "do", "join"), http.StatusOK, "You joined the shop")
}

// The owner sets a day; from then on the shop is shut for who is not ready.
func TestShopDemandsTwoStepOnThePages(t *testing.T) {
	t.Parallel()
	k := start(t)
	u := k.AddUser(t, "sakura@example.jp", secret)
	b, shop := k.owner(t)
	if err := k.Provider.SetMemberAs(t.Context(), idptest.Operator(), strings.TrimPrefix(shop, shopsPath+"/"), u.ID, "manager"); err != nil {
		t.Fatal(err)
	}
	p := b.Get(shop + "/two-step")
	wants(t, p, http.StatusOK, "Not required", "(1 of 1 without it)")
	wants(t, submit(b, p, shop+"/two-step", "role", "manager", "from", "soon", "do", "demand"), http.StatusUnprocessableEntity, "Enter a date")
	p = submit(b, p, shop+"/two-step", "role", "manager", "from", "2026-11-23", "do", "demand")
	wants(t, p, http.StatusOK, "changes are saved", "Required from 23 November 2026")
	s := k.Browser(t)
	s.Submit(s.Get("/signin"), "/signin", "identifier", "sakura@example.jp", "password", secret)
	wants(t, s.Get(shop), http.StatusOK, "From 23 November 2026, 2-step verification is required", "Members")
	k.Clock.Advance(10 * time.Hour) // it is the 23rd in Tokyo
	p = s.Get(shop)
	wants(t, p, http.StatusOK, "This shop requires 2-step verification", "Start setup")
	if strings.Contains(p.Body, email) {
		t.Error("the members are shown all the same")
	}
	at(t, s.Get(shop+"/invite"), shop)
}

// Where operators make shops, the menu speaks of them to members alone.
func TestShopsAreNotOfferedWhereOperatorsMakeThem(t *testing.T) {
	t.Parallel()
	closed := clients.DefaultShops()
	closed.SelfService = false
	k := start(t, idptest.Shops(closed))
	b := k.newcomer(t)
	if p := b.Get("/account"); strings.Contains(p.Body, `href="/account/shops"`) {
		t.Error("the menu offers shops")
	}
	p := b.Get(shopsPath)
	wants(t, p, http.StatusOK, "not a member of any shop")
	if strings.Contains(p.Body, "Create the shop") {
		t.Error("a shop may be made")
	}
	wants(t, submit(b, b.Get("/account/profile"), shopsPath, "name", "Mine"), http.StatusForbidden)
}

// Who has several shops chooses within the sign-in, and switches on the page of shops.
func TestShopIsChosenAndSwitchedOnThePages(t *testing.T) {
	t.Parallel()
	k := start(t)
	b, _ := k.owner(t)
	submit(b, b.Get(shopsPath), shopsPath, "name", "Second")
	p := b.Get(atDesk)
	at(t, p, "/signin/shop")
	wants(t, p, http.StatusOK, "Which shop is it for?", "Minato Books", "Second", "Owner", "Party desk")
	second := find(t, p, `value="(\w+)"[^>]*>(?:<svg.*?</svg>)?<span><b>Second`)
	wants(t, b.Submit(p, "/signin/shop", "shop", "X"), http.StatusNotFound)
	p = b.Submit(p, "/signin/shop", "shop", second)
	if p.Left == nil || p.Left.Query().Get("code") == "" {
		t.Fatalf("the choice leads to %v: %s", p.Left, p.Body)
	}
	if p = b.Get(atDesk); p.Left == nil {
		t.Errorf("the choice was forgotten: on %s", p.URL)
	}
	p = b.Get(shopsPath)
	wants(t, p, http.StatusOK, "Shops in apps", "Party desk", `value="`+second+`" selected`)
	first := find(t, p, `<option value="(\w+)">Minato Books`)
	p = submit(b, p, shopsPath, "client", "desk", "shop", first)
	wants(t, p, http.StatusOK, "Switched", `value="`+first+`" selected`)
	wants(t, submit(b, p, shopsPath, "client", "desk", "shop", "X"), http.StatusNotFound)
	wants(t, submit(b, p, shopsPath, "client", "nobody", "shop", first), http.StatusNotFound)
}

// A shop's demand is met inside the sign-in, and the page says whose it is.
func TestShopDemandIsExplainedInsideTheSignIn(t *testing.T) {
	t.Parallel()
	k := start(t)
	u := k.AddUser(t, "sakura@example.jp", secret)
	_, shop := k.owner(t)
	id := strings.TrimPrefix(shop, shopsPath+"/")
	for _, err := range []error{
		k.Provider.SetMemberAs(t.Context(), idptest.Operator(), id, u.ID, "staff"),
		k.Provider.DemandAs(t.Context(), idptest.Operator(), id, "staff", k.Clock.Now()),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	s := k.Browser(t)
	p := s.Submit(s.Get(atDesk), "/signin", "identifier", "sakura@example.jp", "password", secret)
	at(t, p, "/signin/enroll")
	wants(t, p, http.StatusOK, "The owner of Minato Books requires 2-step verification of your role")
}

// The credential of an external tool: its secret is shown once, in the browser that made it.
func TestToolIsMadeOnThePagesAndItsSecretShownOnce(t *testing.T) {
	t.Parallel()
	k := start(t, tooled())
	b, shop := k.owner(t)
	wants(t, b.Get(shop), http.StatusOK, "External tools")
	p := b.Get(shop + "/tools")
	wants(t, p, http.StatusOK, "There are no credentials")
	p = b.Get(shop + "/tools/new")
	wants(t, p, http.StatusOK, "See orders", "https://api.example", "90 days")
	wants(t, submit(b, p, shop+"/tools/new", "name", "", "scope", "orders", "resource", "https://api.example"), http.StatusUnprocessableEntity, "Enter a name of up to")
	wants(t, submit(b, p, shop+"/tools/new", "name", "Stock", "resource", "https://api.example"), http.StatusUnprocessableEntity, "Choose at least one thing", `value="Stock"`)
	p = submit(b, p, shop+"/tools/new", "name", "Stock", "scope", "orders", "resource", "https://api.example", "days", "365")
	wants(t, p, http.StatusOK, "The credential is created", "shown this once", "22 November 2027", "Stock", "See orders")
	id, first := find(t, p, `>(tool-[a-z2-7]{16})<`), find(t, p, `Secret</dt><dd><code class="json">([^<]+)<`)
	if c, ok := k.Provider.Config().Clients.Lookup(id); !ok || !c.VerifySecret(first) {
		t.Error("the secret that is shown does not work")
	}
	if again := b.Get(p.URL.RequestURI()); strings.Contains(again.Body, first) {
		t.Error("the secret is shown twice")
	}
	p = submit(b, p, shop+"/tools", "tool", id, "do", "rotate")
	wants(t, p, http.StatusOK, "There is a new secret", "End the earlier secret")
	p = submit(b, p, shop+"/tools", "tool", id, "do", "drop")
	wants(t, p, http.StatusOK, "The earlier secret no longer works")
	wants(t, submit(b, p, shop+"/tools", "tool", "tool-aaaaaaaaaaaaaaaa", "do", "revoke"), http.StatusNotFound)
	p = submit(b, p, shop+"/tools", "tool", id, "do", "revoke")
	wants(t, p, http.StatusOK, "The credential is revoked", "There are no credentials")
	wants(t, b.Get("/account/activity"), http.StatusOK, "A credential for an external tool was created")
}

// tooled are shops whose tools may see orders at one API.
func tooled() idptest.Option {
	s := clients.DefaultShops()
	s.Tools = clients.ShopTools{
		Scopes:    []clients.ToolScope{{Scope: "orders", Names: map[string]string{"ja": "注文を見る", "en": "See orders"}}},
		Resources: []string{"https://api.example"},
	}
	return idptest.Shops(s)
}
