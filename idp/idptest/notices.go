package idptest

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/store"
)

// Notified are the events of which the person learns by mail in the same
// transaction, and the mail (A-6.3.7, ux 8.3). Every test that runs a provider
// holds it to them when it ends.
var Notified = map[string]string{
	"address.added":        "mail.addr_add",
	"address.removed":      "mail.addr_rm",
	"code.stopped":         "mail.paused",
	"code.unasked":         "mail.unasked",
	"consent.granted":      "mail.app",
	"date.extended":        "mail.extended",
	"date.reached":         "mail.due_now",
	"date.reminded":        "mail.due",
	"device.replayed":      "mail.dev_copied",
	"device.reset":         "mail.dev",
	"device.trusted":       "mail.dev_add",
	"device_code.approved": "mail.device",
	"email.changed":        "mail.em_chg",
	"method.added":         "mail.m_add",
	"method.changed":       "mail.m_chg",
	"method.disabled":      "mail.m_stop",
	"method.expiring":      "mail.m_old",
	"method.main":          "mail.m_main",
	"method.purged":        "mail.m_purged",
	"method.questioned":    "mail.m_check",
	"method.reminded":      "mail.m_unver",
	"method.removed":       "mail.m_rm",
	"method.renewed":       "mail.m_new",
	"method.verified":      "mail.m_ok",
	"passkey.added":        "mail.pk_add",
	"passkey.copied":       "mail.pk_copy",
	"passkey.removed":      "mail.pk_rm",
	"password.changed":     "mail.pwchanged",
	"password.must_change": "mail.mustchange",
	"password.reset_sent":  "mail.reset",
	"recovery.asked":       "mail.rec_ask",
	"recovery.cancelled":   "mail.rec_off",
	"recovery.done":        "mail.rec_done",
	"recovery.expired":     "mail.rec_exp",
	"recovery.refused":     "mail.rec_ng",
	"recovery.reminded":    "mail.rec_soon",
	"recovery.sent":        "mail.rec_in",
	"recovery.waiting":     "mail.rec_ok",
	"recovery_code.used":   "mail.rc_used",
	"recovery_codes.made":  "mail.rc",
	"risk.reported":        "mail.reported",
	"role.granted":         "mail.role_on",
	"role.revoked":         "mail.role_off",
	"session.ended_all":    "mail.ended",
	"shop.closed":          "mail.shop_closed",
	"shop.demanded":        "mail.shop_2sv",
	"shop.joined":          "mail.shop_join",
	"shop.left":            "mail.shop_left",
	"shop.removed":         "mail.shop_removed",
	"shop.role_changed":    "mail.shop_role",
	"shop.tool_ending":     "mail.shop_tool_end",
	"shop.tool_added":      "mail.shop_tool",
	"shop.tool_revoked":    "mail.shop_tool_off",
	"shop.tool_rotated":    "mail.shop_tool_new",
	"shop.tools_resumed":   "mail.shop_tools_on",
	"shop.tools_suspended": "mail.shop_tools_off",
	"signin.blocked":       "mail.blocked",
	"signin.stopped":       "mail.blocked",
	"two_step.off":         "mail.2sv_off",
	"two_step.on":          "mail.2sv_on",
	"user.closing":         "mail.close",
	"user.disabled":        "mail.suspended",
	"user.enabled":         "mail.restored",
	"user.erased":          "mail.closed",
	"user.exported":        "mail.export",
	"user.kept":            "mail.close_off",
}

// Quiet are the events that are noted without a mail: what the person sees at
// once, what only takes access away, what no person is behind, and what is told
// under conditions that tests of their own hold (a new browser, many failures).
var Quiet = []string{
	"address.asked", "alarm.raised", "app.disconnected", "call.stopped", "client.added", "client.date_changed", "client.disabled",
	"client.enabled", "client.registered", "client.reregistered", "client.secret_rotated", "client.unregistered", "code.refused", "code.replayed", "code.resumed", "code.right", "code.sent",
	"code.undelivered", "code.wrong", "device.removed", "device_code.denied", "device_code.guessed", "device_code.replayed",
	"email.not_restored", "email.restored", "enrolment.put_off", "grant.revoked", "grant.rules_changed", "key.revoked",
	"keys.rotated", "method.drafted", "method.restored", "passkey.declined", "passkey.put_off", "passkey.refused", "passkey.right",
	"profile.changed", "recovery.answered", "recovery.approved", "recovery.cleared", "recovery.dropped", "recovery_code.wrong",
	"refresh.replayed", "registration_token.made", "registration_token.revoked", "session.ended", "session.ended_others", "session.replaced", "setup.mail_proved", "setup.mail_sent",
	"setup.mail_wrong", "shop.chosen", "shop.created", "shop.demand_changed", "shop.invited", "shop.invited_again",
	"shop.join_refused", "shop.renamed", "shop.tool_secret_dropped", "shop.uninvited", "signin.done", "signin.password.right",
	"signin.password.wrong", "signin.unfinished", "staff.exported", "staff.limited", "staff.searched", "staff.viewed",
	"token.exchanged", "token.revoked", "user.added", "user.signed_up",
}

// noticed are the events of Notified that some test has caused.
var noticed sync.Map

// Unnoticed are the events of [Notified] that no test of this program has caused.
func Unnoticed() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(Notified)), func(name string) bool {
		_, ok := noticed.Load(name)
		return ok
	})
}

// checkNotices holds events to Notified: those of the last day, whose mails are
// still there, and older ones as far as their mails are.
func (s *Server) checkNotices(t testing.TB) {
	var events []idp.Event
	var day time.Time
	mails := map[string]bool{}
	key := func(user, name string, at time.Time) string { return user + " " + name + " " + at.Format(time.RFC3339) }
	err := s.Store.View(context.Background(), func(tx *store.Tx) error { // the test's own is over
		var err error
		day = tx.Now.Add(-23 * time.Hour)
		if events, err = tx.Events(store.EventFilter{}); err != nil {
			return err
		}
		box, err := tx.Outbox(0)
		for _, o := range box {
			mails[key(o.UserID, o.Name, o.CreatedAt)] = true
		}
		return err
	})
	if err != nil {
		return // the test closed or broke the database
	}
	gone := map[string]bool{}
	for _, e := range events {
		gone[e.UserID] = gone[e.UserID] || e.Name == "user.erased"
	}
	for _, e := range events {
		mail, ok := Notified[e.Name]
		if !ok || e.Details["by"] == "report" || gone[e.UserID] && e.Name != "user.erased" {
			continue // a report is confirmed by a mail of its own
		}
		user := e.UserID
		if e.Name == "user.erased" {
			user = "" // the last mail names nobody
		}
		told := mails[key(user, mail, e.At)]
		if told || !e.At.Before(day) {
			noticed.Store(e.Name, true)
		}
		if !told && !e.At.Before(day) {
			t.Errorf("%s of %s at %s was not told by %s", e.Name, e.UserID, e.At, mail)
		}
	}
}
