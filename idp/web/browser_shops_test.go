package web_test

import (
	"fmt"
	"regexp"

	"github.com/sekisho-id/sekisho/idp/idptest/chrome"
	"github.com/sekisho-id/sekisho/mfa"
)

// linkToJoin is what an invitation leads to.
var linkToJoin = regexp.MustCompile(`http\S+/shops/join\?token=\S+`)

// shopkeeper makes a shop, invites somebody who joins, and closes it.
func (g *gallery) shopkeeper(b *chrome.Browser) {
	g.visit("/account/shops", "shops--none")
	g.Fill("#name", "www.evil.example")
	g.Press("main form .btn.pri")
	g.check("shops--error", false)
	g.Fill("#name", "みなと書店")
	g.Press("main form .btn.pri")
	g.check("shop--created", false)
	shop := g.Path()
	shop = shop[:len(shop)-len("?done=created")]
	g.visit(shop+"/invite", "shop-invite")
	g.Fill("#email", "nonsense")
	g.Press("main form .btn.pri")
	g.check("shop-invite--error", false)
	who := g.k.visitor(g.t, b, g.lang)
	g.Fill("#email", fmt.Sprintf("stranger%d@example.jp", visitors.Add(1)))
	g.Press("main form .btn.pri")
	g.Open(shop + "/invite")
	g.Fill("#email", who.email)
	g.Press("main form .btn.pri")
	link := linkToJoin.FindString(g.k.Message(g.t, mfa.Mail, who.email).Body)
	w := g.as(who)
	w.visit(link, "join")
	w.Press("button[value=signin]")
	w.Fill("#identifier", who.email)
	w.Fill("#password", secret)
	w.Press("main form .btn.pri")
	w.shot("join--mine")
	w.Press("button[value=join]")
	w.shot("shop--staff")
	w.visit(shop+"/leave", "shop-leave")
	w.visit("/account/shops", "shops")
	w.visit(link, "error--join")

	g.visit(shop, "shop")
	g.visit(g.Attr(`a[href*="member?who="]`, "href"), "shop-member")
	g.visit(shop+"/two-step", "shop-demand")
	g.Press("main form .btn.sec")
	g.check("shop-demand--error", false)
	g.visit(shop+"/name", "shop-name")
	g.visit(shop+"/close", "shop-close")

	g.visit(shop+"/tools", "shop-tools--none")
	g.visit(shop+"/tools/new", "shop-tool-new")
	g.Press("main form .btn.pri")
	g.check("shop-tool-new--error", false)
	g.Fill("#name", "在庫ツール")
	g.Click("#scope-0")
	g.Press("main form .btn.pri")
	g.shot("shop-tools--secret")
	g.Press("button[value=rotate]")
	g.Open(shop + "/tools")
	g.shot("shop-tools")

	g.Open("/account/shops") // with two there is something to choose
	g.Fill("#name", "Second")
	g.Press("main form .btn.pri")
	g.visit(atDesk, "choose")
	g.Leave("main .pick button")
	g.visit("/account/shops", "shops--several")
	g.visit(authorize("desk", "scope", "openid account", "prompt", "consent"), "consent--shop")
}

// atDesk is a request of a relying party that asks for whom somebody acts.
var atDesk = authorize("desk", "scope", "openid account")
