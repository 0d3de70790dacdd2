package idp

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"time"

	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// exportFormat names the form of the file; docs/privacy.md describes it.
const exportFormat = "sekisho-account-1"

// exportEvents bounds how much of the audit log is in the file.
const exportEvents = 10_000

// exports are the parts of the file in their order. Whoever adds a table about
// people adds a part: a test compares tables with what is named here.
var exports = []struct {
	name   string
	tables []string
	of     func(p *Provider, tx *store.Tx, u User) (any, error)
}{
	{"account", []string{"users", "addresses"}, (*Provider).exportAccount},
	{"addresses", []string{"notice_addresses", "former_emails"}, (*Provider).exportAddresses},
	{"methods", []string{"factors"}, (*Provider).exportMethods},
	{"passkeys", []string{"passkeys"}, (*Provider).exportPasskeys},
	{"recovery_codes", []string{"recovery_codes"}, (*Provider).exportRecoveryCodes},
	{"trusted_devices", []string{"devices"}, (*Provider).exportDevices},
	{"sessions", []string{"sessions"}, (*Provider).exportSessions},
	{"apps", []string{"consents", "grants"}, (*Provider).exportApps},
	{"dates", []string{"uses"}, (*Provider).exportUses},
	{"subjects", []string{"subjects"}, (*Provider).exportSubjects},
	{"shops", []string{"shop_members"}, (*Provider).exportShops},
	{"recoveries", []string{"recoveries", "recovery_files"}, (*Provider).exportRecoveries},
	{"codes_sent", []string{"sends"}, (*Provider).exportSends},
	{"messages", []string{"outbox"}, (*Provider).exportMessages},
	{"events", []string{"events"}, (*Provider).exportEvents},
}

// notExported are tables that hold what is gone within a day, or nothing but secrets.
var notExported = []string{"enrolments", "challenges", "sign_ins", "tokens", "closures", "shop_choices"}

// ExportData is everything that is held about the signed-in person, as one JSON
// file, without secrets. It needs fresh proofs, is noted and told by mail.
// *mfa.TooSoonError after too many on one day.
func (p *Provider) ExportData(ctx context.Context, b *Browser) ([]byte, error) {
	var out []byte
	err := p.withSudo(ctx, b, func(w *work, h *holder) error {
		ok, until, err := w.Hit("export|"+h.user.ID, p.cfg.Limits.Account.Exports, 24*time.Hour)
		if err != nil {
			return err
		}
		if !ok {
			return store.Keep(&mfa.TooSoonError{What: "exports", At: until})
		}
		if out, err = p.export(w.Tx, h.user); err != nil {
			return err
		}
		if err := p.mail(w, h.user, "mail.export"); err != nil {
			return err
		}
		return w.record("user.exported", h.user.ID, "")
	})
	return out, err
}

// export writes the file part by part, so that it reads in a sensible order.
func (p *Provider) export(tx *store.Tx, u User) ([]byte, error) {
	var raw bytes.Buffer
	raw.WriteString("{")
	add := func(name string, v any) error {
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		if raw.Len() > 1 {
			raw.WriteString(",")
		}
		raw.WriteString(`"` + name + `":`)
		raw.Write(text)
		return nil
	}
	head := [][2]string{{"format", exportFormat}, {"issuer", p.cfg.Issuer}, {"made_at", tx.Now.Format(time.RFC3339)}}
	for _, h := range head {
		if err := add(h[0], h[1]); err != nil {
			return nil, err
		}
	}
	for _, e := range exports {
		v, err := e.of(p, tx, u)
		if err != nil {
			return nil, err
		}
		if err := add(e.name, v); err != nil {
			return nil, err
		}
	}
	raw.WriteString("}")
	var out bytes.Buffer
	err := json.Indent(&out, raw.Bytes(), "", "  ")
	out.WriteString("\n")
	return out.Bytes(), err
}

// exportRow is one object of the file.
type exportRow map[string]any

// put adds members; zero times and empty texts are left out.
func put(pairs ...any) exportRow {
	r := exportRow{}
	for i := 0; i+1 < len(pairs); i += 2 {
		name, _ := pairs[i].(string)
		switch v := pairs[i+1].(type) {
		case time.Time:
			if !v.IsZero() {
				r[name] = v
			}
		case string:
			if v != "" {
				r[name] = v
			}
		default:
			r[name] = v
		}
	}
	return r
}

func (p *Provider) exportAccount(tx *store.Tx, u User) (any, error) {
	home, err := tx.Address(u.ID)
	return put(
		"id", u.ID, "email", u.Email, "email_verified_at", u.EmailVerifiedAt, "name", u.Name, "language", u.Lang, "time_zone", u.Zone,
		"created_at", u.CreatedAt, "password_set_at", u.PasswordAt, "two_step_since", u.TwoStepAt, "staff_roles", RolesOf(u),
		"postal_code", home.PostalCode, "region", home.Region, "locality", home.Locality, "street_address", home.Street, "country", home.Country,
	), err
}

func (p *Provider) exportAddresses(tx *store.Tx, u User) (any, error) {
	out := []exportRow{}
	now, err := tx.NoticeAddresses(u.ID)
	if err != nil {
		return nil, err
	}
	for _, a := range now {
		out = append(out, put("email", a.Email, "use", "notices", "added_at", a.CreatedAt))
	}
	former, err := tx.FormerEmails(u.ID)
	for _, f := range former {
		out = append(out, put("email", f.Email, "use", "signed in until", "until", f.CreatedAt, "kept_until", f.ExpiresAt))
	}
	return out, err
}

func (p *Provider) exportMethods(tx *store.Tx, u User) (any, error) {
	out := []exportRow{}
	list, err := tx.Factors(u.ID)
	for _, f := range list {
		out = append(out, put(
			"channel", string(f.Channel), "role", string(f.Role), "name", f.Name, "number", f.Number, "added_at", f.CreatedAt,
			"verified_at", f.VerifiedAt, "last_used_at", f.LastUsedAt, "stopped_at", f.DisabledAt, "left_behind_at", f.DormantAt,
		))
	}
	return out, err
}

func (p *Provider) exportPasskeys(tx *store.Tx, u User) (any, error) {
	out := []exportRow{}
	list, err := tx.Passkeys(u.ID)
	for _, k := range list {
		out = append(out, put(
			"name", k.Name, "make", k.AAGUID, "synced", k.Synced, "added_at", k.CreatedAt, "last_used_at", k.LastUsedAt, "stopped_at", k.DisabledAt,
		))
	}
	return out, err
}

func (p *Provider) exportRecoveryCodes(tx *store.Tx, u User) (any, error) {
	c, err := tx.RecoveryCodes(u.ID)
	return put("made_at", c.MadeAt, "left", c.Left), err
}

func (p *Provider) exportDevices(tx *store.Tx, u User) (any, error) {
	out := []exportRow{}
	list, err := tx.Devices(u.ID)
	for _, d := range list {
		out = append(out, put("browser", d.UserAgent, "ip", d.IP, "added_at", d.CreatedAt, "last_used_at", d.LastUsedAt, "ends_at", d.ExpiresAt))
	}
	return out, err
}

func (p *Provider) exportSessions(tx *store.Tx, u User) (any, error) {
	out := []exportRow{}
	list, err := tx.Sessions(u.ID)
	for _, s := range list {
		out = append(out, put("browser", s.UserAgent, "ip", s.IP, "signed_in_at", s.CreatedAt, "last_used_at", s.SeenAt, "ends_at", s.ExpiresAt))
	}
	return out, err
}

func (p *Provider) exportApps(tx *store.Tx, u User) (any, error) {
	out := []exportRow{}
	list, err := p.apps(tx, u.ID)
	for _, a := range list {
		out = append(out, put("client_id", a.Client.ID, "name", a.Client.Name, "scopes", a.Scopes, "since", a.Since, "last_used_at", a.Used))
	}
	return out, err
}

func (p *Provider) exportUses(tx *store.Tx, u User) (any, error) {
	out := []exportRow{}
	list, err := tx.Uses(u.ID)
	for _, n := range list {
		out = append(out, put("client_id", n.ClientID, "first_used_at", n.FirstAt, "last_used_at", n.LastAt, "notice_put_off_at", n.PutOffAt,
			"reminded_of", n.RemindedFrom, "extended_until", n.ExtendedUntil))
	}
	return out, err
}

func (p *Provider) exportShops(tx *store.Tx, u User) (any, error) {
	out := []exportRow{}
	mine, err := tx.Memberships(u.ID)
	if err != nil {
		return nil, err
	}
	for _, m := range mine {
		shop, err := tx.Shop(m.ShopID)
		if err != nil {
			return nil, err
		}
		out = append(out, put("id", m.ShopID, "name", shop.Name, "role", m.Role, "joined_at", m.JoinedAt))
	}
	return out, nil
}

// exportRecoveries leaves out what the applicant wrote and sent: it may have
// been somebody else (T-42).
func (p *Provider) exportRecoveries(tx *store.Tx, u User) (any, error) {
	out := []exportRow{}
	list, err := tx.RecoveriesOf(u.ID)
	for _, r := range list {
		out = append(out, put(
			"state", r.State, "with_password", r.Password, "contact", maskEmail(r.Contact), "browser", r.UserAgent, "ip", r.IP,
			"sent_at", r.SentAt, "decided_at", r.DecidedAt, "closed_at", r.ClosedAt, "evidence_until", r.ClearAt,
		))
	}
	return out, err
}

func (p *Provider) exportSends(tx *store.Tx, u User) (any, error) {
	out := []exportRow{}
	list, err := tx.SendsTo(u.ID)
	for _, s := range list {
		out = append(out, put("channel", string(s.Channel), "country", s.Country, "gateway", s.Gateway, "state", string(s.State), "sent_at", s.SentAt, "entered_at", s.EnteredAt))
	}
	return out, err
}

func (p *Provider) exportMessages(tx *store.Tx, u User) (any, error) {
	out := []exportRow{}
	list, err := tx.OutboxOf(u.ID)
	for _, o := range list {
		out = append(out, put("kind", string(o.Kind), "name", o.Name, "to", o.To, "queued_at", o.CreatedAt, "sent_at", o.SentAt, "given_up_at", o.FailedAt))
	}
	return out, err
}

func (p *Provider) exportEvents(tx *store.Tx, u User) (any, error) {
	out := []exportRow{}
	list, err := tx.Events(store.EventFilter{UserID: u.ID, Limit: exportEvents})
	for _, e := range list {
		row := put("at", e.At, "name", e.Name, "by", e.Actor.Kind, "client_id", e.ClientID)
		if kind := e.Actor.Kind; kind == "user" || kind == "anonymous" || kind == "job" { // what staff wrote and where they sit is theirs
			maps.Copy(row, put("browser", e.Actor.UserAgent, "ip", e.Actor.IP))
			if len(e.Details) > 0 {
				row["details"] = e.Details
			}
		}
		out = append(out, row)
	}
	return out, err
}

// exportSubjects are the names by which relying parties know the person that
// are not given the account's id.
func (p *Provider) exportSubjects(tx *store.Tx, u User) (any, error) {
	out := []exportRow{}
	all, err := tx.Subjects(u.ID)
	for _, s := range all {
		out = append(out, put("sector", s.Sector, "sub", s.Sub))
	}
	return out, err
}
