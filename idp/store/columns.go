package store

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"gorm.io/gorm/schema"
)

// moment stores times as seconds since 1970 and the zero time as NULL.
type moment struct{}

// Scan implements gorm's serializer.
func (moment) Scan(ctx context.Context, field *schema.Field, dst reflect.Value, v any) error {
	var t time.Time
	if err := (seconds{&t}).Scan(v); err != nil {
		return fmt.Errorf("column %s: %w", field.DBName, err)
	}
	field.ReflectValueOf(ctx, dst).Set(reflect.ValueOf(t))
	return nil
}

// Value implements gorm's serializer.
func (moment) Value(_ context.Context, _ *schema.Field, _ reflect.Value, v any) (any, error) {
	return unix(v.(time.Time)), nil //nolint:errcheck // the serializer is on time fields only
}

// unix is t as the database keeps it.
func unix(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Unix()
}

// seconds scans a time column without gorm, for the reads that every request makes.
type seconds struct{ to *time.Time }

// Scan implements sql.Scanner.
func (s seconds) Scan(v any) error {
	switch n := v.(type) {
	case nil:
		*s.to = time.Time{}
	case int64:
		*s.to = time.Unix(n, 0).UTC()
	default:
		return fmt.Errorf("%T instead of seconds", v)
	}
	return nil
}

// stringsJSON scans a list of strings in a JSON column, as gorm's own serializer writes it.
type stringsJSON struct{ to *[]string }

// Scan implements sql.Scanner.
func (s stringsJSON) Scan(v any) error {
	switch text := v.(type) {
	case nil:
		*s.to = nil
		return nil
	case string:
		return s.read(text)
	case []byte:
		return s.read(string(text))
	default:
		return fmt.Errorf("%T instead of JSON", v)
	}
}

// read takes lists without escapes apart by their quotes: that is a tenth of
// the work, and ours have none.
func (s stringsJSON) read(text string) error {
	inner, plain := strings.CutPrefix(text, `["`)
	if inner, ok := strings.CutSuffix(inner, `"]`); plain && ok && !strings.Contains(text, `\`) {
		list := strings.Split(inner, `","`)
		if strings.Count(text, `"`) == 2*len(list) {
			*s.to = list
			return nil
		}
	}
	return json.Unmarshal([]byte(text), s.to)
}

// listJSON is a list as stringsJSON reads it.
func listJSON(list []string) any {
	if list == nil {
		return nil
	}
	text, err := json.Marshal(list)
	if err != nil {
		return nil // strings can always be written
	}
	return string(text)
}

// claimsJSON is the column of claims asked for: NULL for most grants.
type claimsJSON struct{ claims *Claims }

// Scan implements sql.Scanner.
func (c claimsJSON) Scan(v any) error {
	*c.claims = Claims{}
	switch text := v.(type) {
	case nil:
		return nil
	case string:
		return json.Unmarshal([]byte(text), c.claims)
	case []byte:
		return json.Unmarshal(text, c.claims)
	default:
		return fmt.Errorf("%T instead of JSON", v)
	}
}

// value is the claims as Scan reads them.
func (c claimsJSON) value() any {
	if c.claims.UserInfo == nil && c.claims.IDToken == nil && c.claims.ACR == "" {
		return nil
	}
	text, err := json.Marshal(c.claims)
	if err != nil {
		return nil // strings can always be written
	}
	return string(text)
}
