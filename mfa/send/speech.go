package send

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/sekisho-id/sekisho/mfa"
)

// C-16, N-33, ux 8.2: slow speech, a pause after each digit and a longer one
// after each group; eight seconds to press a key.
const (
	pauseDigit = `<break time="600ms"/>`
	pauseGroup = `<break time="1200ms"/>`
	keySeconds = 8
)

// voice is how the gateways name one language. The Twilio voices are ones that know SSML.
type voice struct{ locale, twilio string }

var voices = map[string]voice{
	"en": {"en-US", "Polly.Joanna"},
	"ja": {"ja-JP", "Polly.Mizuki"},
}

func voiceOf(lang string) voice {
	lang, _, _ = strings.Cut(lang, "-")
	if v, ok := voices[lang]; ok {
		return v
	}
	return voices["en"]
}

// speech is what a turn says, as the inside of an SSML document, and whether it then listens.
func (t Turn) speech(s mfa.Script) (ssml string, listens bool) {
	switch t.Stage {
	case AtGate:
		if t.Round > 1 {
			return plain(s.Gate), true
		}
		return plain(s.Hello, s.Gate), true
	case AtCode: // the code three times in all (N-33)
		return slow(s.Code, s.Again, s.Again) + plain(s.Menu, s.Warn, s.NotYou), true
	case Stopped:
		return plain(s.Stopped), false
	case Over:
	}
	return "", false
}

// plain is lines as SSML.
func plain(lines ...string) string {
	var b strings.Builder
	for _, line := range lines {
		if line != "" {
			b.WriteString("<s>" + escape(line) + "</s>")
		}
	}
	return b.String()
}

// slow is lines with digits as SSML, slow and with pauses at their punctuation.
func slow(lines ...string) string {
	pauses := strings.NewReplacer("、", "、"+pauseDigit, ", ", ", "+pauseDigit, "。", "。"+pauseGroup, ". ", ". "+pauseGroup)
	return `<prosody rate="85%">` + pauses.Replace(plain(lines...)) + `</prosody>`
}

func escape(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer takes everything
	return b.String()
}

// TwiML is a turn as Twilio wants it; the key, or none, is then reported to nextURL.
func (t Turn) TwiML(s mfa.Script, lang, nextURL string) string {
	ssml, listens := t.speech(s)
	v := voiceOf(lang)
	say := ""
	if ssml != "" {
		say = fmt.Sprintf(`<Say language="%s" voice="%s">%s</Say>`, v.locale, v.twilio, ssml)
	}
	if listens {
		say = fmt.Sprintf(`<Gather input="dtmf" numDigits="1" timeout="%d" action="%s" method="POST" actionOnEmptyResult="true">%s</Gather>`,
			keySeconds, escape(nextURL), say)
	}
	return xml.Header + "<Response>" + say + "<Hangup/></Response>"
}

// NCCO is a turn as Vonage wants it; the key, or none, is then reported to nextURL.
func (t Turn) NCCO(s mfa.Script, lang, nextURL string) string {
	type action map[string]any
	ssml, listens := t.speech(s)
	actions := []action{}
	if ssml != "" {
		actions = append(actions, action{
			"action": "talk", "text": "<speak>" + ssml + "</speak>", "language": voiceOf(lang).locale, "bargeIn": listens,
		})
	}
	if listens {
		actions = append(actions, action{
			"action": "input", "type": []string{"dtmf"}, "eventUrl": []string{nextURL},
			"dtmf": map[string]int{"maxDigits": 1, "timeOut": keySeconds},
		})
	}
	return marshal(actions)
}

// marshal is v as JSON without the escapes meant for HTML. v holds strings, numbers and lists only.
func marshal(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // such values always have a form
	return strings.TrimSuffix(b.String(), "\n")
}
