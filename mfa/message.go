package mfa

// Kind is the way a message travels.
type Kind string

// The kinds of message.
const (
	Mail Kind = "mail"
	Text Kind = "sms"
	Call Kind = "voice"
)

// Message is one message ready to leave: rendered in the reader's language,
// with nothing left to look up. It is held in memory only; the outbox keeps
// its parameters sealed.
type Message struct {
	// ID is the outbox row's; senders pass it on as an idempotency key.
	ID   string
	Kind Kind
	// To is an E.164 number or a mail address.
	To   string
	Lang string
	// Subject, Body and HTML make a mail; Body alone makes a text message.
	Subject, Body, HTML string
	// Voice is the script of a call; nil otherwise.
	Voice *Script
	// TakenBy, unless nil, is filled in by the sender that took the message.
	TakenBy *TakenBy
	// Headers are further mail headers ("Auto-Submitted").
	Headers map[string]string
}

// Script is what a call says (C-16): nothing of Code is spoken before the
// listener pressed 1, so that an answering machine never hears it (T-32).
type Script struct {
	// Hello and Gate are spoken first, the gate up to three times.
	Hello, Gate string
	// Code is the sentence with the digits, said three times in all (N-33).
	Code, Again                 string
	Menu, Warn, NotYou, Stopped string
}
