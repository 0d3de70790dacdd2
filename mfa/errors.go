package mfa

import (
	"errors"
	"time"
)

// Errors about codes. They say what the person may be told (ux 4.2), never more.
var (
	// ErrCodeEmpty, ErrCodeShort, ErrCodeLong and ErrCodeChars: what was typed cannot be a code. No try is counted.
	ErrCodeEmpty = errors.New("code is empty")
	ErrCodeShort = errors.New("code is too short")
	ErrCodeLong  = errors.New("code is too long")
	ErrCodeChars = errors.New("code has other characters than digits")
	// ErrWrongCode: a well-formed code that is not the right one.
	ErrWrongCode = errors.New("wrong code")
	// ErrUsedCode: the right code, used before (N-30, O-44).
	ErrUsedCode = errors.New("code was used before")
	// ErrOldCode: a code that a later one replaced.
	ErrOldCode = errors.New("code was replaced by a newer one")
	// ErrExpiredCode: the challenge is older than its lifetime (C-02).
	ErrExpiredCode = errors.New("code has expired")
	// ErrNoChallenge: nothing was asked for here, or all tries of it are spent (C-06).
	ErrNoChallenge = errors.New("no code is expected here")
	// ErrFactorDisabled: too many wrong codes in a row; the factor must be bound anew (N-40, C-09).
	ErrFactorDisabled = errors.New("factor is disabled")
)

// Errors about phone numbers (ux 6.4, H-23, H-24, S-055, S-105).
var (
	ErrNumberEmpty   = errors.New("number is empty")
	ErrNumberBad     = errors.New("not a phone number")
	ErrNumberArea    = errors.New("area code is missing")
	ErrNumberSMS     = errors.New("number cannot receive text messages")
	ErrNumberSpecial = errors.New("toll-free and special-rate numbers are refused")
	// ErrNumberVoIP: an IP phone, and the operator does not allow those (C-20, N-26).
	ErrNumberVoIP    = errors.New("IP phone numbers are refused")
	ErrNumberCountry = errors.New("country is not served")
	ErrNumberCC      = errors.New("country code does not match the chosen country")
	// ErrNumberSame: the number is the other method's (S-055).
	ErrNumberSame = errors.New("number is the main method's")
	// ErrNumberExists: the person has registered it before.
	ErrNumberExists = errors.New("number is already registered")
	// ErrNumberRisk: the number may have changed hands lately (T-33).
	ErrNumberRisk = errors.New("number may have changed hands")
	// ErrNumberShared: too many accounts use the number (C-15).
	ErrNumberShared = errors.New("number is used by too many accounts")
)

// Errors about the set-up.
var (
	// ErrChoice: no method, or one that does not exist, was chosen.
	ErrChoice = errors.New("choose a method")
	// ErrAppTwice: an app backs up an app (matrix 1.B).
	ErrAppTwice = errors.New("an app cannot back up an app")
	// ErrMustVerify: only a backup phone may be added without a code (S-061).
	ErrMustVerify = errors.New("this method must be verified")
	// ErrNoPrimary: a backup was offered before a main method (1.B).
	ErrNoPrimary = errors.New("no main method yet")
	// ErrNoBackup: two-step verification cannot be on without a backup (S-053).
	ErrNoBackup = errors.New("no backup method yet")
	// ErrLastMethod: removing it would leave fewer than a main and a backup (S-123).
	ErrLastMethod = errors.New("a main and a backup method must remain")
	// ErrTooManyFactors: C-15.
	ErrTooManyFactors = errors.New("too many methods")
)

// TooSoonError says that something may be tried again at At: a resend (C-10),
// a send budget (C-11 to C-17), a paused method (C-07), a slowed-down sign-in (C-26).
type TooSoonError struct {
	// What is the limit that was met: "resend", "sends", "method", "account", "password", "ip".
	What string
	At   time.Time
}

// Error names the limit, not the moment.
func (e *TooSoonError) Error() string { return "too soon: " + e.What }

// ErrUndeliverable is wrapped by senders for a message that no retry can
// deliver: a refused number, a rejected address.
var ErrUndeliverable = errors.New("undeliverable")
