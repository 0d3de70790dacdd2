package main

import (
	"fmt"
	"runtime/debug"
	"time"
)

// version and built are set by the linker: -X main.version=v1.2.3 -X main.built=2026-12-01T00:00:00Z.
var version, built string

// buildTime is when this program was made: as the linker was told, else the
// time of its commit, else the zero time.
func buildTime() time.Time {
	text := built
	if info, ok := debug.ReadBuildInfo(); ok && text == "" {
		for _, s := range info.Settings {
			if s.Key == "vcs.time" {
				text = s.Value
			}
		}
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return t
}

// checkClock refuses a clock that cannot be right: codes, tokens and
// enforcement dates all hang on it (T-46).
func checkClock(now, made time.Time) error {
	if now.Before(made) {
		return fmt.Errorf("the clock shows %s, before this program was built (%s): set it, then start again",
			now.UTC().Format(time.RFC3339), made.UTC().Format(time.RFC3339))
	}
	return nil
}
