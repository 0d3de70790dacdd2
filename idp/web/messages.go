package web

import (
	"maps"
	"strings"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/templates"
)

// Messages renders queued messages with a set: it turns what a machine writes
// down, a User-Agent, a channel, digits, into words for its reader.
func Messages(set *templates.Set) idp.Renderer {
	return func(lang, name string, params map[string]string) (mfa.Message, error) {
		params = maps.Clone(params)
		if device := params["device"]; device != "" || params["ip"] != "" { // some browsers do not say what they are
			_, params["device"] = reader{set: set, lang: lang}.browser(device)
		}
		if channel := params["channel"]; channel != "" {
			params["method"] = strings.TrimSpace(set.Text(lang, "two.m."+channel) + " " + params["detail"])
		}
		if name == "voice.code" {
			words, sep := mfa.Spoken(params["code"], lang), ", "
			if lang == "ja" {
				sep = "、"
			}
			half := (len(words) + 1) / 2
			params["first"], params["second"] = strings.Join(words[:half], sep), strings.Join(words[half:], sep)
		}
		m, err := set.Message(lang, name, params)
		if err != nil {
			return mfa.Message{}, err
		}
		out := mfa.Message{Lang: lang, Subject: m.Subject, Body: m.Body, HTML: m.HTML}
		if m.Script != nil {
			script := mfa.Script(*m.Script)
			out.Voice = &script
		}
		return out, nil
	}
}
