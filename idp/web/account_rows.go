package web

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/templates"
)

// reader is who reads a page: in which language and time zone.
type reader struct {
	set  *templates.Set
	lang string
	zone *time.Location
	// digits is the length of codes that come by phone.
	digits int
	// where names the place of an IP address in this language, see reader.place.
	where func(ip, lang string) string
}

// place is where an address is, or else its network.
func (r reader) place(ip string) string { return cmp.Or(r.where(ip, r.lang), idp.ShortIP(ip)) }

func (r reader) text(key string, args ...any) string { return r.set.Text(r.lang, key, args...) }

// at is a moment in the reader's zone; the zero time stays what it is.
func (r reader) at(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(r.zone)
}

// method shows a registered way to get codes. removable is for the caller to say.
func (r reader) method(f mfa.Factor) templates.MethodRow {
	row := templates.MethodRow{
		ID: f.ID, Primary: f.Role == mfa.Primary, Verified: f.Verified(), Disabled: !f.DisabledAt.IsZero(),
		Added: r.at(f.CreatedAt), Used: r.at(f.LastUsedAt),
	}
	if f.Channel == mfa.App {
		row.Icon, row.App, row.Label, row.Words = "app", true, f.Name, r.text("two.m.app")
		if f.Name != "" {
			row.Words += r.text("c.quoted", "text", f.Name)
		}
		return row
	}
	row.Icon, row.Label = iconOf(f.Channel), mfa.Masked(f.Number)
	key := "two.m.sms"
	if f.Channel == mfa.Voice {
		key = "two.m.voice"
	}
	row.Words = r.text(key) + " " + row.Label
	return row
}

func (r reader) methodPtr(f *mfa.Factor) *templates.MethodRow {
	if f == nil {
		return nil
	}
	row := r.method(*f)
	return &row
}

// removable reports whether a method may be removed: never below a main and a
// backup one while two-step verification is on (S-123).
func removable(all []mfa.Factor, f mfa.Factor, state idp.TwoStepState) bool {
	switch {
	case f.Draft:
		return false
	case state != idp.StateOn:
		return true
	}
	_, _, err := mfa.Without(all, f.ID)
	return err == nil
}

// heir is the method that becomes the main one when f goes; nil when none does.
func heir(all []mfa.Factor, f mfa.Factor) *mfa.Factor {
	_, id, err := mfa.Without(all, f.ID)
	if err != nil || id == "" {
		return nil
	}
	i := slices.IndexFunc(all, func(o mfa.Factor) bool { return o.ID == id })
	return &all[i]
}

func iconOf(ch mfa.Channel) string {
	switch ch {
	case mfa.App:
		return "app"
	case mfa.Voice:
		return "call"
	default:
		return "sms"
	}
}

// sent describes a running challenge. full shows the whole number: only where
// the person typed it a moment ago (ux 2.6).
func (r reader) sent(v idp.CodeView, full bool) *templates.SentCode {
	s := &templates.SentCode{
		Channel: string(v.Channel), Icon: iconOf(v.Channel), Label: v.Account, At: r.at(v.SentAt),
		ResendAt: r.at(v.ResendAt), Again: v.Sends > 1, Minutes: minutes(v.ExpiresAt.Sub(v.SentAt)), Digits: appDigits,
	}
	if v.Channel.Phone() {
		s.Digits = r.digits
	}
	switch {
	case !v.Channel.Phone():
	case full:
		s.Label = mfa.National(v.Number)
	default:
		s.Label = mfa.Masked(v.Number)
	}
	return s
}

// browser names what a person signs in with: "Mac, Safari".
func (r reader) browser(userAgent string) (icon, name string) {
	os, browser := deviceOf(userAgent)
	icon = "laptop"
	if os == "iPhone" || os == "Android" {
		icon = "phone"
	}
	switch {
	case os == "" && browser == "":
		return icon, r.text("device.unknown")
	case os == "" || browser == "":
		return icon, os + browser
	}
	return icon, r.text("device.of", "os", os, "browser", browser)
}

// names lists relying parties in a sentence.
func (r reader) names(list []clients.Client) string {
	names := make([]string, 0, len(list))
	for _, c := range list {
		names = append(names, c.DisplayName(r.lang))
	}
	if r.lang == "ja" {
		return strings.Join(names, "」「")
	}
	return strings.Join(names, ", ")
}
