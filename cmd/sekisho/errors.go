package main

import (
	"errors"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/store"
)

// advice is what an operator can do about an error.
var advice = []struct {
	err  error
	text string
}{
	{store.ErrLocked, "another program keeps the database locked: end it, or try again"},
	{store.ErrReadOnly, "give this user the right to write to the database and its folder"},
	{store.ErrSealed, "a master key is missing: put the one of that time back into secrets.keys"},
	{store.ErrUnsupported, "PostgreSQL has tools of its own: use pg_dump"},
	{idp.ErrReason, "say why with -reason, in 5 characters or more"},
	{idp.ErrNoDate, "give one with -on, or set it first"},
	{idp.ErrExtended, "an extension is given once for each person and client"},
	{idp.ErrUntil, "it ends behind the date, and at most limits.account.extension later"},
	{idp.ErrFileClient, "change it in the configuration file"},
	{idp.ErrLastOwner, "make another member owner first"},
	{idp.ErrEmailTaken, "`sekisho user show` shows who has it"},
}

// advise is the error's text and what to do about it.
func advise(err error) string {
	for _, a := range advice {
		if errors.Is(err, a.err) {
			return err.Error() + "; " + a.text
		}
	}
	return err.Error()
}
