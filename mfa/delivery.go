package mfa

// Delivery is how far a message came. The empty one says nothing yet.
type Delivery string

// The states of a delivery.
const (
	// Taken: a gateway has the message.
	Taken Delivery = "taken"
	// Delivered: it reached the phone; of a call, its code was heard.
	Delivered Delivery = "delivered"
	// Undelivered: the carrier gave it up; nobody answered, or the line was busy.
	Undelivered Delivery = "undelivered"
	// Unheard: a call was answered, but nobody pressed 1: an answering machine, often (T-32).
	Unheard Delivery = "unheard"
	// Withheld: it was not sent, because the number may have changed hands (T-33).
	Withheld Delivery = "withheld"
)

// Then is the state after a report. Reports come late and out of order: what
// has reached somebody stays so, and what failed is mended by that alone.
func (d Delivery) Then(report Delivery) Delivery {
	switch {
	case d == Delivered, report == "", report == Taken && d != "":
		return d
	case d.Failed() && report != Delivered:
		return d
	}
	return report
}

// Failed reports whether the message did not reach its reader.
func (d Delivery) Failed() bool { return d == Undelivered || d == Unheard || d == Withheld }

// TakenBy says which gateway took a message, and how that one calls it.
type TakenBy struct{ Gateway, ID string }
