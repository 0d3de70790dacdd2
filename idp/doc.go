// Package idp is what the provider does: the verbs behind every page, endpoint
// and command. A verb takes the browser or the actor and plain values, works in
// one store.View or store.Update, and answers with a value or one of the
// package's errors. It knows no HTTP and no HTML.
//
// The verbs by file: signin_*.go (one sign-in), passkey*.go (using, making and removing passkeys), recoverycodes.go, setup_*.go (adding factors),
// twostep.go (on, off, devices), device_code.go (devices without a browser), signup.go and reset.go (accounts and
// passwords), session.go, tokens.go (codes, grants, refresh), keys.go, logout.go,
// outbox.go, users.go and clients.go (operators), recover*.go (recovery by review).
package idp
