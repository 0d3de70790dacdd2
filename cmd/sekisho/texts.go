package main

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sekisho-id/sekisho/config"
	"github.com/sekisho-id/sekisho/mfa/send"
	"github.com/sekisho-id/sekisho/templates"
)

// oneText reports whether a text message goes in one part, and so costs one.
func oneText(text string) bool {
	n, _ := send.Segments(text)
	return n <= 1
}

// checkTexts renders the shortest text message there is with the longest code:
// where even that takes two parts, carriers may deliver one of them, and phones
// find no code to fill in (H-26).
func checkTexts(cfg config.Config, pages *templates.Set) error {
	u, err := url.Parse(cfg.Issuer)
	if err != nil {
		return err
	}
	bound := cfg.SMS.DomainBound || slices.ContainsFunc(cfg.SMS.Routes, func(r config.Route) bool { return r.DomainBound != nil && *r.DomainBound })
	var faults config.Faults
	for _, lang := range templates.Languages {
		m, err := pages.Message(lang, "sms.code", map[string]string{
			"code": strings.Repeat("0", cfg.Limits.CodeDigits), "n": "10", "domain": u.Hostname(),
			"minutes": strconv.Itoa(int(cfg.Limits.CodeLifetime / time.Minute)),
		})
		if err != nil {
			return err
		}
		text := m.Body
		if !bound {
			text, _, _ = strings.Cut(text, "\n@")
		}
		if parts, places := send.Segments(text); parts > 1 {
			faults = append(faults, config.Fault{Path: "name", Text: fmt.Sprintf(
				"makes text messages of %d parts with the issuer's host (%d places, language %s): shorten it, or set sms.domain_bound to false", parts, places, lang)})
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return faults
}
