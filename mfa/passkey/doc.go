// Package passkey judges WebAuthn ceremonies: what is asked of a browser, and
// whether its answer is good. It is pure, like package mfa: no database, no
// HTTP, no clock. The WebAuthn library lives here and nowhere else.
//
// The ceremonies are two. [Site.Creation] and [Site.Create] make a passkey,
// [Site.Request] and [Site.Check] use one. Every answer is bound to a challenge
// that the caller made, to the site's origin and to its id; the caller sees to
// it that a challenge serves once.
//
// No attestation is asked for: it would tell us the maker of a key at the price
// of a warning in the browser, and nothing here depends on the maker.
package passkey
