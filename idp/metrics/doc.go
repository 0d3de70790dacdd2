// Package metrics counts what the program does, for Prometheus to read. It owns
// the names, the labels and the page; the other rooms count into it and are
// asked for what only they know. It keeps nothing and decides nothing.
//
// No label names a person, a number, an address, a token or a request, and
// every label has few values: routes, words of our own code, countries that
// are served, configured gateways. What is counted on every request is bound to
// its labels beforehand.
package metrics
