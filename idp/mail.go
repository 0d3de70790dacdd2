package idp

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// mailFor is how long a mail is tried to be delivered.
const mailFor = 3 * 24 * time.Hour

// mail tells a person of something that happened to their account. Every
// address they have learns of it (N-51), in their language, with a link that
// takes it back (T-64). A parameter "ref" names what it was about to the undo
// of this mail, see undos; it stands in no mail.
func (p *Provider) mail(w *work, u User, name string, params ...string) error {
	to, err := p.noticeAddresses(w.Tx, u)
	if err != nil {
		return err
	}
	return p.mailAll(w, to, u, name, params...)
}

// mailAll is mail to a list of addresses.
func (p *Provider) mailAll(w *work, to []string, u User, name string, params ...string) error {
	m := p.facts(w, u, params)
	ref := m["ref"]
	delete(m, "ref")
	if !slices.Contains(unreported, name) {
		link, err := p.reportLink(w, u, name, ref, m)
		if err != nil {
			return err
		}
		m["report"], m["days"] = link, days(p.cfg.Limits.Account.Report)
	}
	for _, address := range to {
		if err := p.queueMail(w, address, u, name, m); err != nil {
			return err
		}
	}
	return nil
}

// mailTo writes to one address: a code or a link that is for nobody else.
func (p *Provider) mailTo(w *work, to string, u User, name string, params ...string) error {
	return p.queueMail(w, to, u, name, p.facts(w, u, params))
}

// facts are what a mail says of its cause: when, in which browser, from where.
func (p *Provider) facts(w *work, u User, params []string) map[string]string {
	m := map[string]string{"name": u.Name, "time": w.Now.Format(time.RFC3339), "zone": u.Zone, "domain": p.Host()}
	if kind := Role(w.Actor.Kind); !slices.Contains(Roles, kind) { // where staff sit is nobody's business
		m["device"], m["place"], m["ip"] = clip(w.Actor.UserAgent, 300), p.Place(w.Actor.IP, p.lang(u.Lang)), ShortIP(w.Actor.IP)
	}
	for i := 0; i+1 < len(params); i += 2 {
		m[params[i]] = params[i+1]
	}
	return m
}

func (p *Provider) queueMail(w *work, to string, u User, name string, m map[string]string) error {
	w.queued = true
	_, err := w.Enqueue(store.Outgoing{
		Kind: mfa.Mail, To: to, Lang: p.lang(u.Lang), UserID: u.ID, Name: name, Params: maps.Clone(m),
		ExpiresAt: w.Now.Add(mailFor),
	})
	return err
}

// noticeAddresses are all addresses of a person, the one that signs in first.
func (p *Provider) noticeAddresses(tx *store.Tx, u User) ([]string, error) {
	more, err := tx.NoticeAddresses(u.ID)
	to := []string{u.Email}
	for _, a := range more {
		if !slices.Contains(to, a.Email) {
			to = append(to, a.Email)
		}
	}
	return to, err
}

func (p *Provider) lang(l string) string {
	if l == "ja" || l == "en" {
		return l
	}
	return p.cfg.Lang
}

// Place names where an IP address is, in a language; empty when nobody knows.
func (p *Provider) Place(ip, lang string) string {
	if p.cfg.Place == nil || ip == "" {
		return ""
	}
	return p.cfg.Place(ip, lang)
}

// ShortIP is what people are shown of an IP address where its place is not
// known: its network, without the part that stands for one connection.
func ShortIP(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return ""
	}
	a = a.Unmap()
	if a.Is4() {
		return a.String()[:strings.LastIndexByte(a.String(), '.')] + ".*"
	}
	n, err := a.Prefix(48)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(n.Masked().Addr().String(), "::") + "::*"
}
