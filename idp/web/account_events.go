package web

import (
	"maps"
	"slices"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
)

// eventSignIn is a finished sign-in; how it was done is in its details.
const eventSignIn = "signin.done"

// told says how an event of the audit log is told to the person it is about.
type told struct {
	icon, key string
	// blocked marks what was stopped, signIn a way in to a relying party.
	blocked, signIn bool
}

// history holds the events a person is told of; all others are for operators.
var history = map[string]told{
	"signin.password.wrong": {icon: "alert", key: "act.fail_pw", blocked: true},
	"code.wrong":            {icon: "alert", key: "act.code_wrong"},
	"code.refused":          {icon: "alert", key: "act.code_limit"},
	"signin.blocked":        {icon: "alert", key: "act.fail_code", blocked: true, signIn: true},
	"signin.unfinished":     {icon: "info", key: "act.fail_code", signIn: true},
	"signin.stopped":        {icon: "alert", key: "act.fail_call", blocked: true, signIn: true},
	"call.stopped":          {icon: "alert", key: "act.code_call", blocked: true},
	"code.stopped":          {icon: "alert", key: "act.code_stopped", blocked: true},
	"code.resumed":          {icon: "check", key: "act.code_resumed"},
	"risk.reported":         {icon: "alert", key: "act.reported"},
	"email.changed":         {icon: "mail", key: "act.em_changed"},
	"email.restored":        {icon: "mail", key: "act.em_restored"},
	"address.added":         {icon: "bell", key: "act.addr_added"},
	"address.removed":       {icon: "bell", key: "act.addr_removed"},
	"user.exported":         {icon: "file", key: "act.exported"},
	"user.closing":          {icon: "alert", key: "act.closing"},
	"user.kept":             {icon: "check", key: "act.kept"},
	"shop.created":          {icon: "shop", key: "act.shop_created"},
	"shop.joined":           {icon: "shop", key: "act.shop_joined"},
	"shop.left":             {icon: "shop", key: "act.shop_left"},
	"shop.removed":          {icon: "shop", key: "act.shop_removed"},
	"shop.closed":           {icon: "shop", key: "act.shop_closed"},
	"shop.role_changed":     {icon: "shop", key: "act.shop_role"},
	"shop.demanded":         {icon: "shield", key: "act.shop_demanded"},
	"shop.invited":          {icon: "mail", key: "act.shop_invited"},
	"shop.renamed":          {icon: "shop", key: "act.shop_renamed"},
	"shop.tool_added":       {icon: "key", key: "act.shop_tool"},
	"shop.tool_rotated":     {icon: "key", key: "act.shop_tool_new"},
	"shop.tool_revoked":     {icon: "key", key: "act.shop_tool_off"},
	"shop.tool_ending":      {icon: "alert", key: "act.shop_tool_end"},
	"shop.tools_suspended":  {icon: "alert", key: "act.shop_tools_off"},
	"shop.tools_resumed":    {icon: "check", key: "act.shop_tools_on"},
	"shop.demand_changed":   {icon: "shield", key: "act.shop_demand"},
	"consent.granted":       {icon: "apps", key: "act.app_on"},
	"device_code.approved":  {icon: "laptop", key: "act.device_on"},
	"device_code.denied":    {icon: "laptop", key: "act.device_no"},
	"device_code.replayed":  {icon: "alert", key: "act.device_copied", blocked: true},
	"app.disconnected":      {icon: "apps", key: "act.app_off"},
	"method.added":          {icon: "check", key: "act.m_added"},
	"method.changed":        {icon: "sms", key: "act.m_changed"},
	"method.renewed":        {icon: "check", key: "act.m_renewed"},
	"method.verified":       {icon: "check", key: "act.m_verified"},
	"method.main":           {icon: "check", key: "act.m_main"},
	"method.restored":       {icon: "sms", key: "act.m_restored"},
	"method.purged":         {icon: "info", key: "act.m_purged"},
	"method.disabled":       {icon: "alert", key: "act.m_stopped"},
	"passkey.added":         {icon: "pk", key: "act.pk_added"},
	"passkey.removed":       {icon: "pk", key: "act.pk_removed"},
	"passkey.copied":        {icon: "alert", key: "act.pk_copied", blocked: true},
	"passkey.refused":       {icon: "alert", key: "act.pk_refused", blocked: true},
	"recovery_codes.made":   {icon: "key", key: "act.rc_made"},
	"recovery_code.used":    {icon: "key", key: "act.rc_used"},
	"recovery_code.wrong":   {icon: "alert", key: "act.rc_wrong", blocked: true},
	"method.removed":        {icon: "check", key: "act.m_removed"},
	"two_step.on":           {icon: "shield", key: "act.two_on"},
	"two_step.off":          {icon: "alert", key: "act.two_off"},
	"device.trusted":        {icon: "laptop", key: "act.dev_added"},
	"device.removed":        {icon: "laptop", key: "act.dev_removed"},
	"device.reset":          {icon: "laptop", key: "act.dev_reset"},
	"device.replayed":       {icon: "alert", key: "act.dev_copied", blocked: true},
	"password.changed":      {icon: "lock", key: "act.pw_changed"},
	"password.reset_sent":   {icon: "mail", key: "act.pw_sent"},
	"session.ended":         {icon: "check", key: "act.out"},
	"session.ended_others":  {icon: "check", key: "act.out_others"},
	"session.ended_all":     {icon: "check", key: "act.out_all"},
	"user.signed_up":        {icon: "user", key: "act.made"},
	eventSignIn:             {}, // see tell
}

// toldNames are the names of all events that may be told.
func toldNames() []string {
	return slices.Sorted(maps.Keys(history))
}

// tell is how an event is told; false when it is not.
func tell(e idp.Event) (told, bool) {
	if e.Name != eventSignIn {
		t, ok := history[e.Name]
		return t, ok
	}
	level, ok := signin.ParseACR(e.Details["acr"], nil)
	if !ok {
		return told{}, false // a code proved on the account pages: its change is told instead
	}
	t := told{icon: "check", key: "act.ok_pwd", signIn: true}
	switch level {
	case signin.LevelPhishingResistant:
		t.key = "act.ok_pk"
		if e.Details["password"] != "" {
			t.key = "act.ok_pwd_pk"
		}
	case signin.LevelTrustedDevice:
		t.key = "act.ok_trust"
	case signin.LevelTwoStep:
		switch mfa.Channel(e.Details["channel"]) {
		case mfa.App:
			t.key = "act.ok_pwd_app"
		case mfa.Voice:
			t.key = "act.ok_pwd_voice"
		case mfa.SMS:
			t.key = "act.ok_pwd_sms"
		case mfa.RecoveryCode:
			t.key = "act.ok_pwd_rc"
		default: // a way that has no words of its own
		}
	default: // the password alone
	}
	return t, true
}
