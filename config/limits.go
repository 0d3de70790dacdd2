package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"
)

const day = 24 * time.Hour

var country = regexp.MustCompile(`^[A-Z]{2}$`)

// bound is the range of a number; the value and its limits have one unit.
type bound struct {
	key             string
	value, min, max int64
	duration        bool
}

func span(key string, value, least, most time.Duration) bound {
	return bound{key, int64(value), int64(least), int64(most), true}
}

func count(key string, value, least, most int) bound {
	return bound{key, int64(value), int64(least), int64(most), false}
}

// many is more than any deployment counts; century longer than any lifetime.
const many, century = 1_000_000_000, 36500 * day

// bounds are the ranges of requirements.md section 4. Where it gives none, a
// number need only be positive, so that a load test may widen it.
func (l Limits) bounds() []bound {
	return []bound{
		count("code_digits", l.CodeDigits, 6, 8),                               // C-01
		span("code_lifetime", l.CodeLifetime, 2*time.Minute, 10*time.Minute),   // C-02
		span("setup_freshness", l.SetupFreshness, time.Minute, 15*time.Minute), // C-05
		count("code_tries", l.CodeTries, 3, 10),                                // C-06
		count("method_failures_hour", l.MethodFailuresHour, 5, 20),             // C-07
		span("method_pause", l.MethodPause, time.Minute, day),                  // C-07
		count("account_failures_day", l.AccountFailuresDay, 10, 50),            // C-08
		count("method_failures_max", l.MethodFailuresMax, 5, 100),              // C-09, N-40
		span("resend_wait", l.ResendWait, 30*time.Second, time.Hour),           // C-10
		span("resend_wait_max", l.ResendWaitMax, l.ResendWait, day),            // C-10
		count("sends_10min", l.SendsTenMinutes, 1, many),                       // C-11
		count("sends_hour", l.SendsHour, 1, many),                              // C-11
		count("sends_day", l.SendsDay, 1, many),                                // C-11
		count("number_sends_hour", l.NumberSendsHour, 1, many),                 // C-12
		count("number_sends_day", l.NumberSendsDay, 1, many),                   // C-12
		count("ip_sends_5min", l.IPSends, 1, many),                             // C-13
		count("unverified_sends_day", l.UnverifiedSendsDay, 1, many),           // C-14
		count("unverified_sends_total", l.UnverifiedSends, 1, many),            // C-14
		count("accounts_per_number", l.AccountsPerNumber, 1, many),             // C-15
		count("phones_per_account", l.PhonesPerAccount, 1, 20),                 // C-15
		count("apps_per_account", l.AppsPerAccount, 1, 10),                     // C-15
		count("prefix_sends_hour", l.PrefixSendsHour, 1, many),                 // C-17
		count("sends_day_global", l.SendsPerDayGlobal, 1, many),                // C-21
		count("sends_day_country_percent", l.CountryPercent, 1, 100),           // C-21
		count("sends_day_enrolment_percent", l.EnrolPercent, 1, 100),           // C-21
		span("draft_lifetime", l.DraftLifetime, 5*time.Minute, day),            // C-22
		span("trusted_device", l.TrustedDevice, 0, 90*day),                     // C-34
		count("trusted_devices_user", l.TrustedDevicesUser, 1, 100),            // C-34
		count("methods.passkeys", l.Care.Passkeys, 1, 100),
		count("methods.recovery_codes", l.Care.RecoveryCodes, 4, 20),                             // C-45
		count("methods.recovery_warning", l.Care.RecoveryWarning, 0, l.Care.RecoveryCodes),       // C-45
		count("methods.recovery_tries", l.Care.RecoveryTries, 3, 20),                             // N-15
		count("methods.recovery_tries_of", l.Care.RecoveryTriesOf, l.Care.RecoveryTries, 1000),   // N-15
		span("methods.recovery_pause", l.Care.RecoveryPause, time.Minute, day),                   // N-15
		span("methods.hold", l.Care.Hold, 0, 7*day),                                              // C-40
		span("methods.recheck", l.Care.Recheck, 0, century),                                      // C-23
		span("methods.recheck_notice", l.Care.RecheckNotice, 0, max(l.Care.Recheck, 0)),          // C-23
		span("methods.unverified", l.Care.Unverified, 0, century),                                // S-060
		span("methods.unverified_last", l.Care.UnverifiedLast, l.Care.Unverified, century),       // S-060
		span("methods.purge", l.Care.Purge, 0, century),                                          // C-23
		span("methods.purge_notice", l.Care.PurgeNotice, 0, max(l.Care.Purge, 0)),                // C-23
		span("session.idle_2sv", l.Session.Idle2, time.Minute, century),                          // C-30
		span("session.idle", l.Session.Idle1, time.Minute, century),                              // C-30
		span("session.absolute_2sv", l.Session.Absolute2, time.Minute, century),                  // C-31
		span("session.absolute", l.Session.Absolute1, time.Minute, century),                      // C-31
		span("session.sudo", l.Session.Sudo, time.Minute, 20*time.Minute),                        // C-33
		span("session.notice", l.Session.Notice, 0, century),                                     // C-24
		span("session.notice_daily", l.Session.NoticeDaily, 0, century),                          // ux 2.5
		count("password.per_account_ip_minute", l.Password.PerAccountIPMinute, 1, many),          // C-25
		count("password.per_account_ip_hour", l.Password.PerAccountIPHour, 1, many),              // C-25
		count("password.failures_max", l.Password.FailuresMax, 1, 100),                           // C-27, N-40
		count("password.per_ip_minute", l.Password.PerIPMinute, 1, many),                         // C-28
		count("password.free_failures", l.Password.FreeFailures, 0, many),                        // C-26
		count("password.min_alone", l.Password.MinAlone, 15, 64),                                 // C-29, N-07
		count("password.min_with_2sv", l.Password.MinWithTwoStep, 8, 64),                         // C-29, N-07
		count("password.max", l.Password.Max, 64, 256),                                           // C-29, N-08
		span("tokens.code", l.Tokens.Code, 10*time.Second, 10*time.Minute),                       // C-35
		span("tokens.pushed_request", l.Tokens.PushedRequest, 5*time.Second, 10*time.Minute),     // C-39, RFC 9126 §2.2
		span("tokens.device_code", l.Tokens.DeviceCode, time.Minute, 10*time.Minute),             // C-39, RFC 8628
		span("tokens.access_token", l.Tokens.AccessToken, time.Minute, time.Hour),                // C-36
		span("tokens.client_token", l.Tokens.ClientToken, time.Minute, time.Hour),                // C-36
		span("tokens.id_token", l.Tokens.IDToken, time.Minute, time.Hour),                        // C-38
		span("tokens.refresh_idle", l.Tokens.RefreshIdle, time.Minute, century),                  // C-37
		span("tokens.refresh_absolute", l.Tokens.RefreshAbsolute, l.Tokens.RefreshIdle, century), // C-37
		span("tokens.refresh_grace", l.Tokens.RefreshGrace, 0, 10*time.Second),                   // T-51
		span("tokens.logout_token", l.Tokens.LogoutToken, 30*time.Second, 10*time.Minute),        // C-39
		span("tokens.logout_retry", l.Tokens.LogoutRetry, 0, day),
		span("tokens.key_rotation", l.Tokens.KeyRotation, day, century),             // C-53
		span("tokens.client_assertion", l.Tokens.Assertion, time.Minute, time.Hour), // C-39
		count("tokens.client_failures_minute", l.Tokens.ClientFailures, 1, many),
		span("sign_in.request", l.SignIn.Request, time.Minute, day),              // C-32
		span("sign_in.pending", l.SignIn.Pending, time.Minute, l.SignIn.Request), // C-32
		span("sign_in.password_reset", l.SignIn.Reset, 5*time.Minute, day),       // C-43
		span("sign_in.sign_up", l.SignIn.SignUp, 5*time.Minute, day),             // N-16
		count("sign_in.mails_hour", l.SignIn.Mails, 1, 20),                       // C-43
		count("sign_in.mails_ip_hour", l.SignIn.MailsPerIP, 1, many),             // T-05
		count("sign_in.mail_tries", l.SignIn.MailTries, 3, 10),                   // C-06
		count("sign_in.device_tries", l.SignIn.DeviceTries, 3, 20),               // RFC 8628 §5.1
		span("account.history", l.Account.History, day, century),                 // ux 6.11
		span("account.report_link", l.Account.Report, day, 30*day),               // T-64
		count("account.addresses", l.Account.Addresses, 1, 20),                   // N-51
		count("account.exports_day", l.Account.Exports, 1, many),
		span("account.close_wait", l.Account.CloseWait, day, 90*day),
		span("account.close_reminder", l.Account.CloseReminder, 0, l.Account.CloseWait),
		count("account.notice_failures", l.Account.NoticeFailures, 1, many),
		count("account.notice_sends", l.Account.NoticeSends, 1, many),       // T-30
		span("account.extension", l.Account.Extension, 0, 90*day),           // S-109
		span("staff.idle", l.Staff.Idle, time.Minute, time.Hour),            // T-43
		count("staff.looks_hour", l.Staff.LooksHour, 1, many),               // T-43
		count("staff.acts_day", l.Staff.ActsDay, 1, many),                   // T-43
		span("shops.invitation", l.Shops.Invitation, time.Hour, 30*day),
		count("shops.invitations_day", l.Shops.InvitationsDay, 1, many),
		count("shops.members", l.Shops.Members, 1, 10_000),
		count("shops.per_person", l.Shops.ShopsPerPerson, 1, 1000),
		count("shops.tools", l.Shops.Tools, 1, 1000),
	}
}

// alarmBounds are those of what makes an alarm.
func (l Limits) alarmBounds() []bound {
	return []bound{
		span("alarms.window", l.Alarms.Window, time.Minute, day),               // T-01
		count("alarms.password_failures", l.Alarms.PasswordFailures, 1, many),  // T-01
		count("alarms.code_failures", l.Alarms.CodeFailures, 1, many),          // T-24
		count("alarms.failure_percent", l.Alarms.FailurePercent, 1, 100),       // T-01, T-24
		count("alarms.conversion_sends", l.Alarms.ConversionSends, 10, 1000),   // C-17
		count("alarms.conversion_percent", l.Alarms.ConversionPercent, 1, 100), // C-17
		span("alarms.hold", l.Alarms.Hold, time.Minute, 7*day),                 // T-01
	}
}

// recoveryBounds are those of requests that staff review.
func (l Limits) recoveryBounds() []bound {
	r := l.Recovery
	return []bound{
		span("recovery.draft", r.Draft, 10*time.Minute, day),
		span("recovery.open", r.Open, day, 30*day),
		span("recovery.wait", r.Wait, 0, 7*day),          // C-41
		span("recovery.wait_long", r.WaitLong, 0, 7*day), // C-41
		span("recovery.reminder", r.Reminder, 0, 3*day),  // C-41
		span("recovery.lately", r.Lately, 0, 365*day),    // T-42
		span("recovery.finish_link", r.Finish, time.Hour, 7*day),
		span("recovery.evidence", r.Evidence, day, 90*day), // C-44
		span("recovery.record", r.Record, r.Evidence, century),
		count("recovery.account_day", r.PerDay, 1, 10),       // C-42
		count("recovery.account_30days", r.PerMonth, 1, 100), // C-42
		count("recovery.network_day", r.PerNetwork, 1, many), // T-42
		count("recovery.browser_day", r.PerBrowser, 1, many), // T-42
		count("recovery.files", r.Files, 1, 10),              // T-05
		count("recovery.file_kib", r.FileKiB, 256, 20<<10),   // T-05
		count("recovery.megapixels", r.Megapixels, 1, 200),   // T-05
	}
}

func (c Config) validateLimits(f *Faults) {
	for _, b := range slices.Concat(c.Limits.bounds(), c.Limits.alarmBounds(), c.Limits.recoveryBounds()) {
		f.add(b.value < b.min || b.value > b.max, "limits."+b.key, "must be %s", b)
	}
	for i, d := range c.Limits.Account.ReminderDays {
		f.add(d < 1 || d > 365, fmt.Sprintf("limits.account.reminder_days[%d]", i), "must be between 1 and 365")
	}
	for i, d := range c.Limits.Shops.ToolReminderDays {
		f.add(d < 1 || d > 365, fmt.Sprintf("limits.shops.tool_reminder_days[%d]", i), "must be between 1 and 365")
	}
	f.add(len(c.Limits.Countries) == 0, "limits.countries", "must name one country at least")
	for i, code := range c.Limits.Countries {
		f.add(!country.MatchString(code), fmt.Sprintf("limits.countries[%d]", i), "must be an ISO 3166 code such as JP")
		f.add(slices.Contains(c.Limits.Countries[:i], code), fmt.Sprintf("limits.countries[%d]", i), "is there twice")
	}
}

// validatePassword holds the hash to the least that OWASP lists (C-50).
func (c Config) validatePassword(f *Faults) {
	p := c.Password
	for _, b := range []bound{
		count("memory_kib", int(p.MemoryKiB), 7168, 4<<20),
		count("time", int(p.Time), 1, 100),
		count("parallel", int(p.Parallel), 1, 64),
		count("salt", p.Salt, 16, 64),
		count("key", p.Key, 32, 64),
		count("concurrency", p.Concurrency, 0, 1024), // C-51
		count("queue", p.Queue, 1, 100_000),          // C-51
		span("deadline", p.Deadline, 100*time.Millisecond, time.Minute),
	} {
		f.add(b.value < b.min || b.value > b.max, "password."+b.key, "must be %s", b)
	}
	// OWASP's set: 46 MiB·1, 19 MiB·2, 12 MiB·3, 9 MiB·4, 7 MiB·5 are equal; less is refused.
	least := map[uint32]uint32{1: 47104, 2: 19456, 3: 12288, 4: 9216}[p.Time]
	f.add(p.MemoryKiB >= 7168 && p.MemoryKiB < least, "password.memory_kib", "must be at least %d with time %d", least, p.Time)
}

// String is the range in words: "between 2m and 10m".
func (b bound) String() string {
	switch {
	case b.max == many || b.max == int64(century):
		return "at least " + b.text(b.min)
	case b.max < b.min:
		return "more"
	}
	return "between " + b.text(b.min) + " and " + b.text(b.max)
}

func (b bound) text(v int64) string {
	if !b.duration {
		return strconv.FormatInt(v, 10)
	}
	return Span(time.Duration(v))
}

// Span writes a duration as people do: 30d, 12h, 10m, 90s.
func Span(d time.Duration) string {
	for _, u := range []struct {
		name string
		unit time.Duration
	}{{"d", day}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}} {
		if d >= u.unit && d%u.unit == 0 {
			return strconv.FormatInt(int64(d/u.unit), 10) + u.name
		}
	}
	return d.String()
}
