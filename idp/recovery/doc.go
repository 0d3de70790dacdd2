// Package recovery judges requests of people who can use no method of theirs
// any more (S-100): which state follows from which act, who may act, how long
// the last waiting time is, and what counts as evidence. It is values and
// functions; it keeps nothing, knows no clock and signs nobody in.
//
// A request is a draft until its contact address is confirmed and it is sent.
// Two different reviewers approve it, then a waiting time passes in which every
// address of the person can cancel it, and only then the account is reset
// (N-48, N-49, T-42, T-43).
package recovery
