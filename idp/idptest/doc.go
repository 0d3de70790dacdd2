// Package idptest runs a real provider for tests: real pages and endpoints on a
// loopback port, a temporary database, a clock that can be moved, an inbox that
// takes every message, and browsers with a cookie jar. Nothing in it is a mock.
package idptest
