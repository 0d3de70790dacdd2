// Package clients is what the provider knows about relying parties: who they
// are, how they prove it, where they may be answered and what they demand of a
// sign-in. Values and judgements only: no database, no HTTP, no clock.
package clients
