package web_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest/chrome"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// S-091, the whole story in both languages: a member is invited, joins with a
// sign-in of her own, is asked for two-step verification by the shop, works for
// it, and leaves; with the mails, the audit log and what becomes of her grant.
func TestBrowserMemberJoinsIsAskedForTwoStepAndLeaves(t *testing.T) {
	k, b := start(t, roomy()), chrome.Start(t)
	for lang, words := range map[string]map[string]string{
		"ja": {"invited": "招待されました", "joined": "メンバーになりました", "demanded": "2段階認証が必要", "left": "外れました", "gone": "メンバーが減りました", "reason": "オーナーが、あなたの役割に2段階認証を必須"},
		"en": {"invited": "You are invited", "joined": "You are a member", "demanded": "requires 2-step", "left": "You left", "gone": "is no longer in", "reason": "requires 2-step verification of your role"},
	} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			owner, e164, _ := k.guarded(t, b, lang)
			member := k.visitor(t, b, lang)
			k.speak(t, lang, owner.email, member.email)
			owner.enter("/account/shops", e164)
			owner.Fill("#name", "Minato Books "+lang)
			owner.Press("main form .btn.pri")
			shop, _, _ := strings.Cut(owner.Path(), "?")

			owner.Press(`a[href$="/invite"]`)
			owner.Fill("#email", member.email)
			owner.Press("main form .btn.pri")
			invited := k.letter(t, member.email, words["invited"])
			member.Open(linkToJoin.FindString(invited.Body))
			member.at("/shops/join")
			member.Press("button[value=signin]")
			member.Fill("#identifier", member.email)
			member.Fill("#password", secret)
			member.Press("main form .btn.pri")
			member.at("/shops/join")
			member.Press("button[value=join]")
			member.at(shop)
			k.letter(t, member.email, words["joined"])

			owner.Open(shop + "/two-step")
			owner.Select("#from-staff", "2026-11-22") // today; a date field takes no paste
			owner.Press(`section[aria-labelledby="r-staff"] button[value=demand]`)
			k.letter(t, member.email, words["demanded"])

			member.Open(atDesk)
			member.at("/signin/enroll")
			member.sees("main", words["reason"], "Minato Books "+lang)
			member.Press("button[value=setup]")
			member.addApp()
			member.addPhone(mfa.Voice)
			member.at(twoStepPath + "/setup/finish")
			member.left(member.Leave("button[value=finish]"))
			grant := k.granted(t, member.email, strings.TrimPrefix(shop, "/account/shops/"))
			owner.Open(shop)
			if n := owner.Count(".panelbox:first-of-type .tag.ok"); n != 2 {
				t.Errorf("%d members are ready in the eyes of the owner, want 2", n)
			}

			member.Open(shop + "/leave")
			member.Press("main .btn.bad")
			member.at("/account/shops")
			if _, err := k.Provider.Bearer(t.Context(), grant.ID, "jti"); !errors.Is(err, idp.ErrRevoked) {
				t.Errorf("the grant lives on: %v", err)
			}
			k.letter(t, member.email, words["left"])
			k.letter(t, owner.email, words["gone"])
			k.chronicle(t, grant.UserID, "shop.joined", "shop.demanded", "two_step.on", "shop.left")
		})
	}
}

// speak sets the language of people who chose none.
func (k *kit) speak(t *testing.T, lang string, emails ...string) {
	t.Helper()
	for _, e := range emails {
		u, err := k.Provider.FindUser(t.Context(), e)
		if err == nil {
			err = k.Store.Update(t.Context(), idp.Actor{Kind: "operator"}, func(tx *store.Tx) error {
				u.Lang = lang
				return tx.UpdateUser(u)
			})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// letter is the mail to an address whose subject has a word.
func (k *kit) letter(t *testing.T, to, word string) mfa.Message {
	t.Helper()
	if err := k.Provider.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, m := range k.Inbox.Messages(mfa.Mail) {
		if m.To == to && strings.Contains(m.Subject, word) {
			return m.Message
		}
	}
	t.Fatalf("no mail to %s about %q", to, word)
	return mfa.Message{}
}

// granted is the one grant that somebody has for a shop.
func (k *kit) granted(t *testing.T, email, shop string) idp.Grant {
	t.Helper()
	u, err := k.Provider.FindUser(t.Context(), email)
	if err != nil {
		t.Fatal(err)
	}
	var grants []idp.Grant
	err = k.Store.View(t.Context(), func(tx *store.Tx) error {
		grants, err = tx.Grants(u.ID)
		return err
	})
	if err != nil || len(grants) != 1 || grants[0].ShopID != shop || grants[0].ACR != "urn:sekisho:acr:2sv" {
		t.Fatalf("grants %+v, %v", grants, err)
	}
	return grants[0]
}

// chronicle fails unless the audit log has these events of a person, in this order.
func (k *kit) chronicle(t *testing.T, userID string, names ...string) {
	t.Helper()
	events, err := k.Provider.Events(t.Context(), store.EventFilter{UserID: userID, Names: names, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range events {
		got = append([]string{e.Name}, got...)
	}
	if strings.Join(got, " ") != strings.Join(names, " ") {
		t.Errorf("the audit log has %v, want %v", got, names)
	}
}
