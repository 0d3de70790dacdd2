// Package jobs runs what the provider does without being asked: sending the
// outbox, deleting what has expired, rotating keys. A [Runner] runs each [Job]
// at its interval with some jitter, survives its panics, and with a lease lets
// one node of several run it. What a job does is not known here.
package jobs
