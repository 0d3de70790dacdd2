// Package signin decides the next page of a sign-in. It is pure: [Decide]
// takes facts and answers with a [Step]; nothing here reads a clock, a
// database or a request. Every entrance uses it: an authorization request, the
// account pages ("prove it again before changing a factor"), the device
// grant. docs/decisions.md is its golden table, written by its test.
package signin
