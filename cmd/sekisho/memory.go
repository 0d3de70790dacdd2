package main

import (
	"os"
	"runtime/debug"
)

// spare is how much the heap may grow before it is collected, in percent of
// what lives. A provider keeps a few MiB and makes some kB for each request, so
// with Go's default it would collect dozens of times a second. Much more would
// make hashes of passwords slower, each of which takes 19 MiB: they would come
// to memory that the system has yet to find.
const spare = 300

// collectLess trades some tens of MiB of memory for processor time, unless the
// operator chose with GOGC.
func collectLess() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(spare)
	}
}
