// Package chrome drives a real Chromium in tests: what a person sees and does,
// with pages loaded from a loopback server. One [Browser] serves a whole test;
// every [Tab] of it has its own cookies, as another person's browser would.
//
// It needs Chromium on the machine (SEKISHO_CHROMIUM names another binary than
// /usr/bin/chromium) and, for [Tab.Axe], axe-core below .bin/axe, which
// `make test` installs. Whatever is missing fails the test and says so.
package chrome
