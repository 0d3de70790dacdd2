// Package demo is the demonstration market: a buyer app, a seller app and the
// payout API behind it, three parties of one provider. They show what a
// relying party has to do, and nothing a real market does.
//
// An app is a backend for its pages: tokens stay on the server, the
// browser holds one host-only cookie with a random handle. Signing in is the
// code flow with PKCE, state and nonce, begun by a press of a button only
// and ended in the browser that began it. The answer's iss
// is checked before anything else of it is believed (RFC 9207, A-10.2.2).
//
// The seller's payout account is guarded by the API, not by the app: the API
// demands a second step of the last five minutes and says so (RFC 9470); the
// app sends the person back to the provider with that demand, once (O-33).
//
//	GET  /          who is signed in, and how it was proved
//	POST /login     to the provider
//	GET  /callback  back from it
//	POST /payout    the seller's: change the payout account
//	POST /logout    out of the app and of the provider
//	POST /backchannel-logout  the provider says that a session has ended
package demo
