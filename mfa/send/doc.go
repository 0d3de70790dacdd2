// Package send brings messages to people: mail over SMTP, text messages and
// calls over HTTP gateways, and all of them into a development inbox.
//
// A sender makes one attempt. It neither retries nor queues: that is the
// outbox's work, which stops when an error wraps [mfa.ErrUndeliverable] and tries
// again on every other. No error, and no log line, holds a message, an
// address, a number or a credential (T-36).
//
// To choose: [SMTP] for mail; [HTTP] with the settings of [Twilio], [Vonage] or
// of one's own gateway for text messages and calls; [Inbox] on a laptop and in
// tests. [ByKind] joins one sender of each kind, [Failover] several of one kind
// (T-60), [Routes] those of several countries. [Risk] asks about a number first
// (T-33), and at the URLs of [Receipts] gateways report what became of a message.
//
// A call never speaks its code before the listener pressed 1, so that an
// answering machine does not hear it (T-32). The gateways cannot decide that
// by themselves: they ask a URL of ours what to say next. [Calls] makes and
// checks those URLs, [Turn] is the course of a call, and TwiML and NCCO are
// what two gateways want to be answered.
package send
