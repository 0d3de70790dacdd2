package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing wrong with a configuration.
type Fault struct {
	// File and Line say where; empty and 0 when it did not come from a file or
	// the file does not have the key.
	File string
	Line int
	// Path is the key, such as "clients[1].redirect_uris[0]"; empty for the file as a whole.
	Path string
	// Text says what it must be, as the end of a sentence that starts with Path.
	Text string
}

// String is the fault as one line, in the form editors follow.
func (f Fault) String() string {
	var b strings.Builder
	if f.File != "" {
		b.WriteString(f.File + ":")
		if f.Line > 0 {
			fmt.Fprintf(&b, "%d:", f.Line)
		}
		b.WriteByte(' ')
	}
	if f.Path != "" {
		b.WriteString(f.Path + ": ")
	}
	return b.String() + f.Text
}

// Faults are all faults of a configuration, as one error.
type Faults []Fault

// Error is every fault, one a line.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, one := range f {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}

func (f *Faults) add(wrong bool, path, text string, args ...any) {
	if wrong {
		*f = append(*f, Fault{Path: path, Text: fmt.Sprintf(text, args...)})
	}
}

// err is the faults as an error: nil when there are none.
func (f Faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return f
}

// sorted is the faults in the order of the file, those without a line last.
func (f Faults) sorted() Faults {
	slices.SortStableFunc(f, func(a, b Fault) int {
		if (a.Line == 0) != (b.Line == 0) {
			return cmp.Compare(b.Line, a.Line)
		}
		return cmp.Compare(a.Line, b.Line)
	})
	return f
}
