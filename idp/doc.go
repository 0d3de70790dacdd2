// Package idp is what the provider does: the verbs behind every page, endpoint
// and command. A verb takes the browser or the actor and plain values, works in
// one store.View or store.Update, and answers with a value or one of the
// package's errors. It knows no HTTP and no HTML.
//
// The verbs by file:
//
//	signin_*.go, situation.go     one sign-in: its facts, its answers, its end
//	signup.go, reset.go           accounts and passwords; compromised.go those that others know
//	setup*.go                     the first methods; extension.go, dates.go, reminders.go what a date does
//	twostep.go, methods*.go       on and off, methods afterwards; hold.go what is new
//	passkey*.go, recoverycodes.go the other second steps
//	code_*.go, budgets.go         codes, and what may be sent; delivery.go, calls.go, outbox.go how it leaves
//	account*.go, report.go        what people do with their account; "this wasn't me"
//	recover*.go                   recovery by review
//	shops*.go                     seller accounts and the credentials of their tools
//	session.go, logout.go         sessions, and telling of their end (backchannel.go)
//	tokens.go, introspect.go      codes, grants, refresh; exchange.go, device_code.go, pushed.go
//	registration.go, subject.go   clients that register themselves, subjects of their own
//	keys*.go, vault.go            signing
//	roles*.go, explain*.go        staff; why a sign-in asks what; preflight*.go whom a date stops
//	users.go, clients.go          operators
package idp
