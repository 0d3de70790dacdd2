// Package password keeps passwords: a bounded pool that hashes and verifies
// them, and the rules a new one must obey.
//
// A [Hasher] makes argon2id hashes with a pepper (requirements.md C-50) and
// verifies those of other systems, so that people can be imported. At most a
// few hashes are computed at a time, however many people sign in at once: the
// memory is bounded, and who cannot be served soon is told so (T-05, C-51).
//
// [Rules] judge a new password by its length and by lists of passwords that
// people use, never by its composition (N-09, N-10). Passwords are compared
// and hashed in Unicode's normal form C and otherwise exactly as typed: no
// trimming, no truncation, no change of case (N-08, A-6.2.8).
//
// Counting failures, delays and storing hashes are not done here.
package password
