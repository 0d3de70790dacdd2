package idp

import (
	"context"

	"github.com/sekisho-id/sekisho/idp/store"
)

// PersonalTables are the tables that are said to be about people: those whose
// content is downloaded or said not to be, and those that erasing empties.
func PersonalTables() (exported, erased []string) {
	exported = append(exported, notExported...)
	for _, e := range exports {
		exported = append(exported, e.tables...)
	}
	return exported, store.ErasedTables()
}

// TurnKeys does the hourly work of the job that rotates keys.
func (p *Provider) TurnKeys(ctx context.Context) error { return p.keys.ensure(ctx) }
