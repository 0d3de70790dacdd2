// Package mfa is the second step as values: factors, challenges, codes, phone
// numbers, trusted devices and the rules between them.
//
// It judges and never acts: no database, no HTTP, no clock, no logger. Every
// function takes the moment it needs and answers with a value or one of the
// package's errors. The vocabulary is the field's:
//
//   - a factor is one way to prove the second step (NIST: authenticator);
//   - a challenge is one request for a code, bound to one sign-in and one factor;
//   - a trusted device is a browser that may stand in for a code, which is a
//     weaker fact than a code and never a factor (NIST SP 800-63B-4 §5.1);
//   - an enrolment is a factor on its way in: chosen, not yet proved.
package mfa
