package store_test

import (
	"database/sql/driver"
	"reflect"
	"testing"

	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

func TestValuesOfSQLiteFitOrAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		to   any
		from driver.Value
		want any // nil: an error
	}{
		{new(string), "text", "text"},
		{new(string), nil, nil},
		{new(string), int64(1), nil},
		{new(mfa.Channel), "sms", mfa.SMS},
		{new([]byte), []byte{1}, []byte{1}},
		{new([]byte), nil, []byte(nil)},
		{new([]byte), "text", nil},
		{new(bool), int64(0), false},
		{new(bool), int64(1), true},
		{new(bool), nil, nil},
		{new(int), int64(-1), -1},
		{new(int64), int64(1 << 40), int64(1 << 40)},
		{new(uint32), int64(7), uint32(7)},
		{new(uint32), int64(-1), nil},
		{new(uint32), int64(1 << 40), nil},
		{new(int), "1", nil},
		{new(int), 1.5, nil},
	} {
		err := store.Assign(c.to, c.from)
		if (err != nil) != (c.want == nil) {
			t.Errorf("%T from %T %v: got %v", c.to, c.from, c.from, err)
			continue
		}
		if got := reflect.ValueOf(c.to).Elem().Interface(); err == nil && !reflect.DeepEqual(got, c.want) {
			t.Errorf("%T from %T %v: got %v, want %v", c.to, c.from, c.from, got, c.want)
		}
	}
}
