package send

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	callLifetime = 10 * time.Minute // no code lives longer (N-19)
	gateRounds   = 3                // ux 8.2: the gate is repeated twice
	codeRounds   = 4                // ux 8.2
)

// Stage is a part of a call.
type Stage string

// The stages. A call begins at the gate, ends over, and says its code only
// after key 1 (T-32).
const (
	AtGate  Stage = "gate"
	AtCode  Stage = "code"
	Stopped Stage = "stopped"
	Over    Stage = "over"
)

// Turn is what a call says at one time, before it listens for a key.
type Turn struct {
	// ID is the message's.
	ID    string
	Stage Stage
	// Round counts the turns of the stage from 1.
	Round int
}

// FirstTurn is how the call of a message begins.
func FirstTurn(id string) Turn { return Turn{ID: id, Stage: AtGate, Round: 1} }

// Next is the turn after a key, or after none when key is empty. Key 1 says
// the code, and again; key 9 stops the sign-in, which the caller of Next has
// to see to when it meets [Stopped]. A silent listener hears the gate three
// times in all, then the call is over.
func (t Turn) Next(key string) Turn {
	next := Turn{ID: t.ID, Stage: Over, Round: 1}
	switch {
	case t.Stage != AtGate && t.Stage != AtCode:
	case key == "9":
		next.Stage = Stopped
	case t.Stage == AtGate && key == "1":
		next.Stage = AtCode
	case t.Stage == AtGate && t.Round < gateRounds, t.Stage == AtCode && key == "1" && t.Round < codeRounds:
		next.Stage, next.Round = t.Stage, t.Round+1
	}
	return next
}

// Key is the key that a gateway reports to a call's URL, empty for none:
// the form field Digits (Twilio), or dtmf or dtmf.digits in JSON (Vonage).
func Key(contentType string, body []byte) string {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return ""
	}
	var keys string
	switch kind {
	case "application/x-www-form-urlencoded":
		if form, err := url.ParseQuery(string(body)); err == nil {
			keys = form.Get("Digits")
		}
	case "application/json":
		var event any
		if json.Unmarshal(body, &event) == nil {
			keys = lookUp(event, "dtmf.digits") + lookUp(event, "dtmf")
		}
	}
	if len(keys) > 1 {
		return ""
	}
	return keys
}

// Calls makes and checks the URLs at which gateways ask what a call says next.
// Such a URL is signed, good for ten minutes, and tells nothing of the code;
// still, whoever has it may ask for the code, so it must not be logged.
type Calls struct{ links }

// NewCalls returns the calls below base, an https URL of ours, signed by key,
// which has 32 bytes or more and no other use than our URLs for gateways.
func NewCalls(base string, key []byte, now func() time.Time) (*Calls, error) {
	l, err := newLinks("call", base, key, callLifetime, now)
	return &Calls{l}, err
}

// URL is where the key pressed during a turn is to be reported.
func (c *Calls) URL(t Turn) string {
	return c.make(fmt.Sprintf("%s %d %s", t.Stage, t.Round, t.ID))
}

// Open is the turn of a URL, given its last path element. It fails with [ErrURL].
func (c *Calls) Open(token string) (Turn, error) {
	text, err := c.open(token)
	if err != nil {
		return Turn{}, err
	}
	parts := strings.SplitN(text, " ", 3)
	if len(parts) != 3 {
		return Turn{}, ErrURL
	}
	round, err := strconv.Atoi(parts[1])
	if err != nil {
		return Turn{}, ErrURL
	}
	return Turn{Stage: Stage(parts[0]), Round: round, ID: parts[2]}, nil
}
