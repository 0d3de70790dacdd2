package templates

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Message is a message in words: a mail has a subject and says the same in Body
// and HTML, a text message is Body alone, a call is Script alone.
type Message struct {
	Subject, Body, HTML string
	Script              *Script
}

// Script is what a call says; see mfa.Script.
type Script struct {
	Hello, Gate, Code, Again, Menu, Warn, NotYou, Stopped string
}

// mailRules say what a mail holds beside its subject and its lead.
type mailRules struct {
	// facts are shown in this order, when they are known.
	facts []string
	// advice is what to do if it was you, and the link to report that it was not.
	advice bool
	// link lifts the promise that there is no link.
	link bool
}

// event is a mail about something that happened: who did not do it must learn
// when and where, and what to do. Its only link takes access away (T-64).
var event = mailRules{facts: []string{"time", "device", "place"}, advice: true}

// about is an event with facts of its own before those that all have.
func about(facts ...string) mailRules {
	return mailRules{facts: append(facts, event.facts...), advice: true}
}

// told is a mail about what staff did: there is nothing to undo.
var told = mailRules{facts: []string{"time"}}

// mails are those there are (ux 8.3).
var mails = map[string]mailRules{
	"mail.verify":     {facts: []string{"code"}},
	"mail.exists":     {facts: event.facts},
	"mail.reset":      {facts: append([]string{"link"}, event.facts...), link: true},
	"mail.mustchange": {facts: append([]string{"link"}, event.facts...), link: true},
	"mail.pwchanged":  event,
	"mail.newdevice":  event,
	"mail.blocked":    event,
	"mail.unasked":    event,
	"mail.codes":      event,
	"mail.failures":   {facts: event.facts},
	"mail.locked":     {facts: []string{"time"}},
	"mail.paused":     {facts: append([]string{"link"}, event.facts...), link: true},
	"mail.swapped":    event,
	"mail.reported":   {facts: event.facts},
	"mail.addr_code":  {facts: []string{"code"}},
	"mail.addr_add":   about("address"),
	"mail.addr_rm":    about("address"),
	"mail.em_chg":     about("old", "new"),
	"mail.em_taken":   {facts: event.facts},
	"mail.em_held":    {facts: event.facts},
	"mail.app":        event,
	"mail.device":     event,
	"mail.export":     event,
	"mail.close":      about("until"),
	"mail.close_soon": {facts: []string{"until"}, advice: true},
	"mail.close_off":  event,
	"mail.closed":     {facts: []string{"time"}},
	"mail.2sv_on":     event,
	"mail.2sv_off":    event,
	"mail.m_add":      about("method"),
	"mail.m_rm":       about("method"),
	"mail.m_stop":     about("method"),
	"mail.m_new":      about("method"),
	"mail.m_ok":       about("method"),
	"mail.m_chg":      about("old", "new"),
	"mail.m_main":     about("method"),
	"mail.m_unver":    {facts: []string{"method"}},
	"mail.m_check":    {facts: []string{"method", "until"}},
	"mail.m_old":      {facts: []string{"method", "until"}},
	"mail.m_purged":   {facts: []string{"method"}},
	"mail.dev":        event,
	"mail.dev_add":    about("until"),
	"mail.dev_copied": event,
	"mail.pk_add":     about("passkey"),
	"mail.pk_rm":      about("passkey"),
	"mail.pk_copy":    about("passkey"),
	"mail.rc":         event,
	"mail.rc_used":    event,
	"mail.role_on":    told,
	"mail.role_off":   told,
	"mail.suspended":  told,
	"mail.restored":   told,
	"mail.ended":      told,
	"mail.extended":   {facts: []string{"until"}},
	"mail.due":        {facts: []string{"until"}},
	"mail.due_now":    {},
	"mail.setup":      {facts: append([]string{"code"}, event.facts...)},

	"mail.shop_invite":    {facts: []string{"shop", "role", "by", "until", "link"}, link: true},
	"mail.shop_join":      about("shop", "role"),
	"mail.shop_left":      about("shop"),
	"mail.shop_removed":   {facts: []string{"shop", "time"}},
	"mail.shop_role":      {facts: []string{"shop", "role", "time"}},
	"mail.shop_2sv":       {facts: []string{"shop", "from"}},
	"mail.shop_closed":    {facts: []string{"shop", "time"}},
	"mail.shop_member":    {facts: []string{"shop", "member", "role", "time"}},
	"mail.shop_gone":      {facts: []string{"shop", "member", "time"}},
	"mail.shop_tool":      about("shop", "tool", "by"),
	"mail.shop_tool_new":  about("shop", "tool", "by"),
	"mail.shop_tool_off":  {facts: []string{"shop", "tool", "by", "time"}},
	"mail.shop_tool_end":  {facts: []string{"shop", "tool", "until"}},
	"mail.shop_tools_off": {facts: []string{"shop", "time"}},
	"mail.shop_tools_on":  {facts: []string{"shop", "time"}},
	"mail.rec_code":       {facts: []string{"code"}},
	"mail.rec_in":         {facts: append([]string{"link"}, event.facts...), link: true},
	"mail.rec_ask":        {facts: []string{"link", "time"}, link: true},
	"mail.rec_ok":         {facts: []string{"link", "due"}, link: true},
	"mail.rec_soon":       {facts: []string{"link", "due"}, link: true},
	"mail.rec_ng":         told,
	"mail.rec_off":        told,
	"mail.rec_exp":        told,
	"mail.rec_done":       told,
	"mail.rec_new":        {facts: []string{"link", "time"}, link: true},
}

// Mails are the names of all mails, sorted.
func Mails() []string { return slices.Sorted(maps.Keys(mails)) }

// factKeys are the labels of facts.
var factKeys = map[string]string{
	"time": "mail.f.time", "device": "mail.f.device", "place": "mail.f.place", "ip": "mail.f.ip", "method": "mail.f.method",
	"passkey": "mail.f.passkey", "code": "mail.f.code", "link": "mail.f.link", "until": "mail.f.until",
	"shop": "mail.f.shop", "role": "mail.f.role", "by": "mail.f.by", "member": "mail.f.member", "tool": "mail.f.tool", "from": "mail.f.from",
	"due": "mail.f.due", "address": "mail.f.address", "old": "mail.f.old", "new": "mail.f.new",
}

// Message is the message of a name in the language of its reader. Its
// parameters: name, time (RFC 3339), zone (the reader's; empty for the
// deployment's), device, place or else ip, report and its days of mails; code, the
// number n of the send and domain of text messages; first and second, the
// halves of the code as words, of calls; method, passkey, link, until, from and due (RFC 3339)
// where there is one; shop, role, by and member of shops; minutes, how long a code or a link works, the defaults of
// C-02 and C-43 if missing. Empty ones are left out of a mail.
func (s *Set) Message(lang, name string, params map[string]string) (Message, error) {
	params, err := s.readable(lang, params)
	if err != nil {
		return Message{}, err
	}
	args := make([]any, 0, 2*len(params)+2)
	for k, v := range params {
		args = append(args, k, v)
	}
	if params["minutes"] == "" {
		lifetime := "30"
		if name == "sms.code" {
			lifetime = "10"
		}
		args = append(args, "minutes", lifetime)
	}
	say := func(key string) string { return s.Text(lang, key, args...) }
	switch name {
	case "sms.code":
		full := "msg.sms.code_n"
		if n := params["n"]; n == "" || n == "1" {
			full = "msg.sms.code"
		}
		return Message{Body: s.fitting(say, full, "msg.sms.code_short", "msg.sms.code_bare")}, nil
	case "sms.changed":
		return Message{Body: say("msg.sms.changed")}, nil
	case "sms.recovery":
		return Message{Body: say("msg.sms.recovery")}, nil
	case "voice.code":
		return Message{Script: s.script(lang, args)}, nil
	}
	rules, ok := mails[name]
	if !ok {
		return Message{}, fmt.Errorf("no message %q", name)
	}
	return s.mail(lang, name, rules, params, args)
}

// fitting is the first of several wordings that goes in one part, else the last
// one: words are dropped before the line that binds the code to our host (H-26).
func (s *Set) fitting(say func(string) string, keys ...string) string {
	text := ""
	for _, key := range keys {
		if text = say(key); s.opt.Fits == nil || s.opt.Fits(text) {
			break
		}
	}
	return text
}

func (s *Set) script(lang string, args []any) *Script {
	if lang == "ja" && s.opt.Reading != "" {
		args = append([]any{"service", s.opt.Reading}, args...)
	}
	say := func(key string) string { return s.Text(lang, key, args...) }
	return &Script{
		Hello: say("msg.voice.hello"), Gate: say("msg.voice.gate"), Code: say("msg.voice.code"), Again: say("msg.voice.again"),
		Menu: say("msg.voice.menu"), Warn: say("msg.voice.warn"), NotYou: say("msg.voice.notyou"), Stopped: say("msg.voice.stopped"),
	}
}

// readable puts moments into the reader's words and zone.
func (s *Set) readable(lang string, params map[string]string) (map[string]string, error) {
	params = maps.Clone(params)
	zone := s.opt.Zone
	if named, err := time.LoadLocation(params["zone"]); err == nil && params["zone"] != "" {
		zone = named
	}
	for _, name := range []string{"time", "until", "from", "due"} {
		if params[name] == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339, params[name])
		if err != nil {
			return nil, fmt.Errorf("%s of a message: %w", name, err)
		}
		t = t.In(zone)
		params[name] = s.Date(lang, t)
		if name == "time" || name == "due" {
			params[name] += t.Format(" 15:04 MST")
		}
	}
	return params, nil
}

// part is a paragraph of a mail, its facts, or a link with what it does.
type part struct {
	Text string
	// Quiet marks what is the same in every mail.
	Quiet      bool
	Facts      []fact
	Label, URL string
}

// fact is a line "label: value"; Loud is to be typed, Link to be pressed.
type fact struct {
	Label, Value string
	Loud, Link   bool
}

// mail is the skeleton of ux 8.3: hello, lead, facts, what to do, what never happens.
func (s *Set) mail(lang, name string, rules mailRules, params map[string]string, args []any) (Message, error) {
	say := func(key string) string { return s.Text(lang, key, args...) }
	parts := []part{{Text: say(name + ".b")}, {Facts: s.facts(lang, rules, params)}}
	if params["name"] != "" {
		parts = slices.Insert(parts, 0, part{Text: say("mail.hello")})
	}
	if rules.advice {
		parts = append(parts, part{Text: say("mail.if_you")}, part{Text: say("mail.if_not")},
			part{Label: say("mail.report"), URL: params["report"]}, part{Text: say("mail.report_safe"), Quiet: true})
	}
	if !rules.link && !rules.advice {
		parts = append(parts, part{Text: say("mail.nolink"), Quiet: true})
	}
	parts = append(parts, part{Text: say("mail.never"), Quiet: true})
	m := Message{Subject: oneLine(say(name + ".s")), Body: plainMail(parts)}
	var err error
	m.HTML, err = s.htmlMail(lang, m.Subject, parts)
	return m, err
}

func (s *Set) facts(lang string, rules mailRules, params map[string]string) []fact {
	var facts []fact
	for _, name := range rules.facts {
		if name == "place" && params[name] == "" {
			name = "ip" // all that is known of the place
		}
		if params[name] == "" {
			continue
		}
		facts = append(facts, fact{Label: s.Text(lang, factKeys[name]), Value: params[name], Loud: name == "code", Link: name == "link"})
	}
	return facts
}

func plainMail(parts []part) string {
	var b strings.Builder
	for _, p := range parts {
		switch {
		case p.Text != "":
			b.WriteString(p.Text + "\n\n")
			continue
		case p.URL != "":
			b.WriteString(p.Label + "\n" + p.URL + "\n\n")
			continue
		}
		for _, f := range p.Facts {
			b.WriteString("  " + f.Label + ": " + f.Value + "\n")
		}
		if len(p.Facts) > 0 {
			b.WriteString("\n")
		}
	}
	return strings.TrimSpace(b.String()) + "\n"
}

func (s *Set) htmlMail(lang, subject string, parts []part) (string, error) {
	var b strings.Builder
	err := s.letter.Execute(&b, map[string]any{"Lang": lang, "Subject": subject, "Service": s.opt.Name, "Parts": parts})
	return b.String(), err
}

// oneLine keeps what a person typed from ending a header (T-56).
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}
