package web

import (
	"errors"
	"time"

	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/templates"
)

// numberFaults are the faults of the phone panel, in words (ux 6.4).
var numberFaults = []struct {
	err error
	key string
}{
	{mfa.ErrNumberEmpty, "w1.e.num_empty"},
	{mfa.ErrNumberBad, "w1.e.num_bad"},
	{mfa.ErrNumberSMS, "w1.e.num_sms"},
	{mfa.ErrNumberSpecial, "w1.e.num_special"},
	{mfa.ErrNumberVoIP, "w1.e.num_voip"},
	{mfa.ErrNumberCountry, "w1.e.num_country"},
	{mfa.ErrNumberCC, "w1.e.num_cc"},
	{mfa.ErrNumberSame, "w2.e.same"},
	{mfa.ErrNumberExists, "w2.e.exists"},
	{mfa.ErrNumberShared, "w1.e.shared"},
}

// numberFault is what is wrong with a number of a country, or with sending to
// it; false when the fault is not the person's to mend.
func (r reader) numberFault(err error, country string) (string, bool) {
	switch {
	case errors.Is(err, mfa.ErrNumberBad) && country != firstCountry:
		return r.text("w1.e.num_bad_abroad", "example", mfa.Example(country, mfa.SMS)), true
	case errors.Is(err, mfa.ErrNumberArea):
		return r.text("w1.e.num_area", "example", mfa.Example(country, mfa.Voice)), true
	}
	for _, f := range numberFaults {
		if errors.Is(err, f.err) {
			return r.text(f.key), true
		}
	}
	return r.waitFault(err)
}

// codeFault is what is wrong with a code; false when the fault is not the
// person's to mend. sent is nil for an app that is being added.
func (r reader) codeFault(err error, entered string, sent *templates.SentCode) (string, bool) {
	byPhone := sent != nil && mfa.Channel(sent.Channel).Phone()
	at, digits := "", appDigits
	if sent != nil {
		at, digits = templates.Clock(sent.At), sent.Digits
	}
	switch {
	case errors.Is(err, mfa.ErrNoChallenge):
		return r.text("w1.e.gone"), true
	case errors.Is(err, mfa.ErrWrongCode) && byPhone:
		return r.text("w1.e.try", "entered", typedCode(entered, digits)), true
	case errors.Is(err, mfa.ErrWrongCode):
		return r.text("app.e.wrong"), true
	}
	if key := codeFault(err); key != "" {
		return r.text(key, "sent", at, "n", digits), true
	}
	return r.waitFault(err)
}

// waitFault says until when something must wait.
func (r reader) waitFault(err error) (string, bool) {
	soon, ok := errors.AsType[*mfa.TooSoonError](err)
	if !ok {
		return "", false
	}
	key := "w1.e.wait"
	switch soon.What {
	case "method":
		key = "w1.e.paused"
	case "account": // a day long: the date matters (C-08)
		return r.text("w1.e.paused_all", "time", r.set.Date(r.lang, r.at(soon.At))+" "+templates.Clock(r.at(soon.At))), true
	}
	at := soon.At.Add(time.Minute - time.Second).Truncate(time.Minute) // coming back then works
	return r.text(key, "time", templates.Clock(r.at(at))), true
}
