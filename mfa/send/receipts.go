package send

import (
	"encoding/json"
	"mime"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/sekisho-id/sekisho/mfa"
)

// receiptLifetime is how late carriers may report: they try for a day or two.
const receiptLifetime = 72 * time.Hour

// reasonText is a gateway's code for why: nothing else of a report is kept.
var reasonText = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,32}$`)

// Receipts makes and checks the URLs at which gateways report what became of a
// message. Whoever has one can only spoil what we think of that message.
type Receipts struct{ links }

// NewReceipts returns the receipts below base, an https URL of ours, signed by
// the key of [NewCalls].
func NewReceipts(base string, key []byte, now func() time.Time) (*Receipts, error) {
	l, err := newLinks("receipt", base, key, receiptLifetime, now)
	return &Receipts{l}, err
}

// URL is where a gateway reports about a message.
func (r *Receipts) URL(gateway, id string) string { return r.make(gateway + " " + id) }

// Open is the gateway and the message of a URL, given its last path element.
// It fails with [ErrURL].
func (r *Receipts) Open(token string) (gateway, id string, err error) {
	text, err := r.open(token)
	gateway, id, _ = strings.Cut(text, " ")
	return gateway, id, err
}

// reports are the words of gateways for what became of a message: those of
// Twilio and Vonage, and what ours of the http kind may say. Words that are
// missing say nothing new. A call that was answered and ended was heard only if
// its turns say so.
var reports = map[string]mfa.Delivery{
	"delivered": mfa.Delivered, "read": mfa.Delivered,
	"undelivered": mfa.Undelivered, "failed": mfa.Undelivered, "undeliverable": mfa.Undelivered, "rejected": mfa.Undelivered,
	"busy": mfa.Undelivered, "no-answer": mfa.Undelivered, "canceled": mfa.Undelivered, "cancelled": mfa.Undelivered,
	"timeout": mfa.Undelivered, "unanswered": mfa.Undelivered,
	"completed": mfa.Unheard, "machine": mfa.Unheard,
}

// ReadReceipt reads what a gateway reports, in a form (Twilio) or in JSON
// (Vonage). reason is its code for why, empty if there is none. A report that
// says nothing is the empty Delivery.
func ReadReceipt(contentType string, body []byte) (report mfa.Delivery, reason string) {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return "", ""
	}
	var word string
	switch kind {
	case "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return "", ""
		}
		for _, name := range []string{"MessageStatus", "CallStatus", "status"} {
			if word = form.Get(name); word != "" {
				break
			}
		}
		reason = form.Get("ErrorCode") + form.Get("reason")
	case "application/json":
		var report any
		if json.Unmarshal(body, &report) != nil {
			return "", ""
		}
		word = lookUp(report, "status")
		if reason = lookUp(report, "reason"); reason == "" {
			reason = lookUp(report, "error.title")
		}
	}
	word = strings.ToLower(word)
	if report = reports[word]; !report.Failed() {
		return report, ""
	}
	if reason == "" {
		reason = word
	}
	if !reasonText.MatchString(reason) {
		reason = ""
	}
	return report, reason
}
