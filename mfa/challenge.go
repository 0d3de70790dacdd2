package mfa

import (
	"crypto/hmac"
	"hash/fnv"
	"time"
)

// Purpose says what a code is for; a code of one purpose never serves another (T-28).
type Purpose string

// The purposes.
const (
	ForSignIn  Purpose = "signin"
	ForEnrol   Purpose = "enrol"
	ForDisable Purpose = "disable"
	ForEnable  Purpose = "enable"
	ForReset   Purpose = "reset"
	// ForVerify proves a number that is registered already.
	ForVerify Purpose = "verify"
)

// Challenge is one request for a code. For phones the code itself is not here:
// only its MAC under a key outside the database (T-27, T-52).
type Challenge struct {
	ID     string
	UserID string
	// FactorID is the factor asked for, or the enrolment being proved.
	FactorID string
	// Binding is the sign-in or session that asked.
	Binding string
	Purpose Purpose
	Channel Channel
	// MAC is nil for an app.
	MAC []byte
	// Sends counts the codes sent in this binding so far, this one included ("no. 2").
	Sends int
	// Attempts counts the codes tried against it, right or wrong; it is raised before comparing (T-26).
	Attempts                                int
	SentAt, ExpiresAt, UsedAt, SupersededAt time.Time
}

// Check compares the MAC of a code with the challenge's. The attempt must have
// been counted before, in c too: the last one allowed has Attempts == tries (T-26).
// The errors are, in this order, [ErrNoChallenge] when the challenge was used,
// replaced or tried too often (T-22), [ErrExpiredCode] and [ErrWrongCode].
// The comparison takes the same time wherever they differ (T-27).
func (c Challenge) Check(mac []byte, now time.Time, tries int) error {
	switch {
	case !c.UsedAt.IsZero(), !c.SupersededAt.IsZero(), c.Attempts > tries, len(c.MAC) == 0:
		return ErrNoChallenge
	case !now.Before(c.ExpiresAt): // N-19: at ten minutes sharp it is over
		return ErrExpiredCode
	case !hmac.Equal(c.MAC, mac):
		return ErrWrongCode
	}
	return nil
}

// NextSend is when the next code may be sent after sends of them, the last of
// which is c: the wait begins with l.ResendWait and doubles up to
// l.ResendWaitMax (C-10). From the second wait on up to a tenth is added, so
// that people held up by one outage do not all come back at once. It follows
// from the challenge's id, since people are told the time.
// Before the first send it is the zero time.
func NextSend(l Limits, sends int, c Challenge) time.Time {
	if sends <= 0 {
		return time.Time{}
	}
	wait := l.ResendWait
	for i := 1; i < sends && wait < l.ResendWaitMax; i++ {
		wait *= 2
	}
	wait = min(wait, l.ResendWaitMax)
	if sends > 1 {
		sum := fnv.New32a()
		_, _ = sum.Write([]byte(c.ID)) // never fails
		wait += wait / 10 * time.Duration(sum.Sum32()%100) / 100
	}
	return c.SentAt.Add(wait).Truncate(time.Second)
}
