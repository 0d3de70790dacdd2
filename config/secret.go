package config

import (
	"fmt"
	"log/slog"
)

// Secret is a text that is never shown: formatting, logging and encoding it
// give a placeholder (T-36). string(s) is the secret itself.
type Secret string

const redacted = "[secret]"

// Format writes a placeholder, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// String is a placeholder, or nothing for the empty secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// LogValue is the placeholder in logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is the placeholder in JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
