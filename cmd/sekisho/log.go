package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"regexp"
	"slices"
	"strings"
)

// redacting is a log handler that lets no secret through, whoever wrote the
// line (T-36): libraries log as they please (H-16).
type redacting struct{ slog.Handler }

// secretWords are the keys, or ends of keys, whose values are never logged.
var secretWords = []string{
	"password", "secret", "token", "code", "cookie", "authorization", "state", "nonce", "verifier", "challenge",
	"assertion", "hint", "pin", "otp", "email", "phone", "number", "dsn", "url", "uri", "query", "form", "body",
}

// plainWords end like secret ones and are none.
var plainWords = []string{"status_code", "error_code"}

var (
	inQuery    = regexp.MustCompile(`(?i)\b([a-z_]*(?:code|state|token|secret|password|nonce|hint|verifier|challenge|request|flow|id_token)=)[^&\s"'<>]+`)
	inURL      = regexp.MustCompile(`(https?://[^\s"'?#]+)[?#][^\s"']*`)
	userInfo   = regexp.MustCompile(`(\w+://)[^/\s:@]+:[^/\s@]+@`)
	aJWT       = regexp.MustCompile(`\beyJ[\w-]+\.[\w-]*(?:\.[\w-]*)*`)
	anAddress  = regexp.MustCompile(`[\w.+%-]+@[\w-]+(?:\.[\w-]+)+`)
	aNumber    = regexp.MustCompile(`(?:\+|%2B)\d[\d-]{6,16}(\d{2})\b`)
	aLoneCode  = regexp.MustCompile(`\b\d{6,8}\b`)
	credential = regexp.MustCompile(`(?i)\b(bearer|basic)\s+[\w.~+/=-]+`)
)

const hidden = "[redacted]"

// Handle rewrites the line, then passes it on.
func (h redacting) Handle(ctx context.Context, r slog.Record) error {
	out := slog.NewRecord(r.Time, r.Level, redact(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		out.AddAttrs(redactAttr(a))
		return true
	})
	return h.Handler.Handle(ctx, out)
}

// WithAttrs keeps the handler redacting.
func (h redacting) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = redactAttr(a)
	}
	return redacting{h.Handler.WithAttrs(clean)}
}

// WithGroup keeps the handler redacting.
func (h redacting) WithGroup(name string) slog.Handler { return redacting{h.Handler.WithGroup(name)} }

func redactAttr(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		group := slices.Clone(v.Group())
		for i := range group {
			group[i] = redactAttr(group[i])
		}
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(group...)}
	}
	if k := v.Kind(); k == slog.KindBool || k == slog.KindDuration || k == slog.KindTime {
		return slog.Attr{Key: a.Key, Value: v}
	}
	if secretKey(a.Key) {
		return slog.String(a.Key, hidden)
	}
	switch v.Kind() {
	case slog.KindString:
		return slog.String(a.Key, redact(v.String()))
	case slog.KindAny:
		return slog.String(a.Key, redact(text(v.Any())))
	default:
		return slog.Attr{Key: a.Key, Value: v}
	}
}

func secretKey(key string) bool {
	key = strings.ToLower(key)
	return !slices.Contains(plainWords, key) && slices.ContainsFunc(secretWords, func(w string) bool { return strings.HasSuffix(key, w) })
}

// text is a value as a log would show it.
func text(v any) string {
	if err, ok := v.(error); ok {
		return err.Error()
	}
	b, err := json.Marshal(v)
	if err != nil {
		return "[unprintable]"
	}
	return string(b)
}

// redact takes what looks like a secret out of a text.
func redact(s string) string {
	s = userInfo.ReplaceAllString(s, "${1}"+hidden+"@")
	s = inURL.ReplaceAllString(s, "${1}?"+hidden)
	s = inQuery.ReplaceAllString(s, "${1}"+hidden)
	s = aJWT.ReplaceAllString(s, hidden)
	s = credential.ReplaceAllString(s, "${1} "+hidden)
	s = anAddress.ReplaceAllString(s, hidden)
	s = aNumber.ReplaceAllString(s, hidden+"${1}")
	return aLoneCode.ReplaceAllString(s, hidden)
}
