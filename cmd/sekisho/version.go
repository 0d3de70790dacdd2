package main

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"
)

func printVersion(_ context.Context, p *program, args []string) error {
	if _, err := p.flags("version", "", "Print the version of this program.").parse(args); err != nil {
		return err
	}
	v := version
	if info, ok := debug.ReadBuildInfo(); ok {
		v = cmp.Or(v, info.Main.Version)
	}
	fmt.Fprintf(p.stdout, "sekisho %s %s %s/%s", cmp.Or(v, "(devel)"), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if t := buildTime(); !t.IsZero() {
		fmt.Fprintf(p.stdout, " built %s", t.UTC().Format(time.RFC3339))
	}
	fmt.Fprintln(p.stdout)
	return nil
}
