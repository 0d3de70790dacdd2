package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// errHelp ends a run that only printed help.
var errHelp = errors.New("help was printed")

// usageError is a command line that cannot be followed.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

// flags are the flags of one verb.
type flags struct {
	*flag.FlagSet
	p          *program
	args, text string
}

// flags begins a verb's flags; args are its arguments and text what it does, for its help.
func (p *program) flags(name, args, text string) *flags {
	f := &flags{FlagSet: flag.NewFlagSet(name, flag.ContinueOnError), p: p, args: args, text: text}
	f.SetOutput(io.Discard)
	f.Usage = func() {}
	return f
}

// parse reads flags, which may stand before and behind arguments, and demands
// as many arguments as the verb has.
func (f *flags) parse(args []string) ([]string, error) {
	var got []string
	for {
		err := f.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			f.help()
			return nil, errHelp
		}
		if err != nil {
			return nil, usagef("%v: see `sekisho help %s`", err, f.Name())
		}
		rest := f.Args()
		if len(rest) == 0 {
			break
		}
		if args[len(args)-len(rest)-min(1, len(args)-len(rest))] == "--" { // everything behind it is an argument
			got = append(got, rest...)
			break
		}
		got, args = append(got, rest[0]), rest[1:]
	}
	need, most := strings.Count(f.args, " ")+1, strings.Count(f.args, " ")+1
	switch {
	case f.args == "":
		need, most = 0, 0
	case strings.HasPrefix(f.args, "["):
		need = 0
	}
	if len(got) < need || len(got) > most {
		return nil, usagef("usage: sekisho %s [flags] %s", f.Name(), f.args)
	}
	return got, nil
}

func (f *flags) help() {
	fmt.Fprintf(f.p.stdout, "usage: sekisho %s [flags] %s\n\n%s\n", f.Name(), f.args, f.text)
	some := false
	f.VisitAll(func(*flag.Flag) { some = true })
	if some {
		fmt.Fprint(f.p.stdout, "\nflags:\n")
		f.SetOutput(f.p.stdout)
		f.PrintDefaults()
	}
}

// list is a flag that may be given several times.
type list []string

// String is the values, for the flag package.
func (l *list) String() string { return strings.Join(*l, " ") }

// Set adds a value.
func (l *list) Set(s string) error {
	*l = append(*l, s)
	return nil
}
