package recovery

import (
	"errors"
	"slices"
	"time"
)

// State is where a request stands.
type State string

// The states. The last four are final.
const (
	Draft     State = "draft"     // being written
	Open      State = "open"      // waits for a reviewer
	Asked     State = "asked"     // a reviewer asked for more; waits for the applicant
	Half      State = "half"      // approved by one; waits for another
	Waiting   State = "waiting"   // approved by two; can still be cancelled (C-41)
	Done      State = "done"      // the account was reset
	Refused   State = "refused"   // a reviewer did not believe it
	Cancelled State = "cancelled" // taken back, or denied by the account's owner
	Expired   State = "expired"   // nobody went on with it
)

// States are all there are, in the order a request meets them.
var States = []State{Draft, Open, Asked, Half, Waiting, Done, Refused, Cancelled, Expired}

// Final reports whether nothing can happen any more.
func (s State) Final() bool {
	return slices.Contains([]State{Done, Refused, Cancelled, Expired}, s)
}

// Act is what somebody does to a request, or time does.
type Act string

// The acts.
const (
	Send    Act = "send"    // the applicant: a draft, or what was asked for
	Approve Act = "approve" // a reviewer
	Refuse  Act = "refuse"  // a reviewer
	Ask     Act = "ask"     // a reviewer, for more
	Cancel  Act = "cancel"  // whoever has a link, or signs in after all
	Pass    Act = "pass"    // time
)

// Acts are all there are.
var Acts = []Act{Send, Approve, Refuse, Ask, Cancel, Pass}

// The reasons why an act is refused.
var (
	// ErrOver: the request came to its end before.
	ErrOver = errors.New("request is over")
	// ErrNotNow: another act is due in this state.
	ErrNotNow = errors.New("not in this state of the request")
	// ErrOwn: a reviewer decides nothing about themselves (T-43).
	ErrOwn = errors.New("request is the reviewer's own")
	// ErrTwice: the second approval is another person's (T-43).
	ErrTwice = errors.New("the reviewer approved before")
)

// Case is what the judge needs to know of a request.
type Case struct {
	State State
	// Subject is whose account it is about.
	Subject string
	// Password says that the applicant knew the password; Changed that the
	// password or the address of the account had been changed lately.
	Password, Changed bool
	// First and Second are the reviewers who approved.
	First, Second string
	// DueAt is when the state ends by itself: the request expires, or the
	// waiting time is over. Zero in final states.
	DueAt time.Time
}

// Move is an act, by whom and when. By is the reviewer's id; empty for others.
type Move struct {
	Act Act
	By  string
	At  time.Time
}

// Play is the request after a move. A refused move changes nothing. A request
// that nobody decided in time expires whatever is tried; a waiting time that is
// over can still be cancelled until the account is reset.
func (c Case) Play(m Move, l Limits) (Case, error) {
	late := !m.At.Before(c.DueAt)
	switch {
	case c.State.Final():
		return c, ErrOver
	case late && c.State != Waiting && m.Act != Pass:
		return c, ErrOver
	}
	switch m.Act {
	case Send:
		return c.sent(m, l)
	case Approve, Refuse, Ask:
		return c.reviewed(m, l)
	case Cancel:
		if c.State == Draft {
			return c, ErrNotNow
		}
		return c.end(Cancelled), nil
	case Pass:
		switch {
		case !late:
			return c, ErrNotNow
		case c.State == Waiting:
			return c.end(Done), nil
		}
		return c.end(Expired), nil
	}
	return c, ErrNotNow
}

func (c Case) sent(m Move, l Limits) (Case, error) {
	if c.State != Draft && c.State != Asked {
		return c, ErrNotNow
	}
	c.State, c.DueAt = Open, m.At.Add(l.Open)
	return c, nil
}

// reviewed is a reviewer's act. What was asked for is looked at by both anew, so
// asking voids an approval.
func (c Case) reviewed(m Move, l Limits) (Case, error) {
	undecided := c.State == Open || c.State == Half
	switch {
	case m.By == "" || c.State == Draft:
		return c, ErrNotNow
	case m.By == c.Subject:
		return c, ErrOwn
	case m.Act == Refuse:
		return c.end(Refused), nil
	case !undecided:
		return c, ErrNotNow
	case m.Act == Ask:
		c.State, c.First, c.DueAt = Asked, "", m.At.Add(l.Open)
		return c, nil
	case c.State == Open:
		c.State, c.First, c.DueAt = Half, m.By, m.At.Add(l.Open)
		return c, nil
	case c.First == m.By:
		return c, ErrTwice
	}
	c.State, c.Second, c.DueAt = Waiting, m.By, m.At.Add(c.Wait(l))
	return c, nil
}

func (c Case) end(s State) Case {
	c.State, c.DueAt = s, time.Time{}
	return c
}

// Wait is how long an approved request can still be cancelled (C-41): longer
// when less was proved, or when somebody may have taken the account over before.
func (c Case) Wait(l Limits) time.Duration {
	if c.Password && !c.Changed {
		return l.Wait
	}
	return max(l.Wait, l.WaitLong)
}
