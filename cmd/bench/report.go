package main

import (
	"cmp"
	"fmt"
	"io"
	"runtime"
	"text/tabwriter"
	"time"
)

func (l limits) print(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(out, "%d processors, %s\n\n", runtime.NumCPU(), runtime.Version())
	fmt.Fprintln(w, "limit\tper second\tp50 ms\tp99 ms\tCPU µs\t")
	for _, s := range l.all() {
		fmt.Fprintf(w, "%s\t%.0f\t%s\t%s\t%s\t\n", s.name, s.rate(), ms(s.share(50)), ms(s.share(99)), us(s.cpu()))
	}
	_ = w.Flush() // as the prints above: nobody is left to be told
	fmt.Fprintln(out)
}

// result is a phase and what it showed.
type result struct {
	*series
	phase phase
}

// printResults shows each phase beside its limit and its goal.
func printResults(out io.Writer, results []result, l limits) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "phase\tper second\tp50 ms\tp99 ms\tCPU µs\tlimit µs\tratio\tgoal\terrors\t")
	var first error
	for _, r := range results {
		limit := r.phase.limit(l)
		fmt.Fprintf(w, "%s\t%.0f\t%s\t%s\t%s\t%s\t%.2f\t%.1f\t%d\t\n", r.name, r.rate(), ms(r.share(50)), ms(r.share(99)),
			us(r.cpu()), us(limit), float64(r.cpu())/float64(max(limit, 1)), r.phase.goal, r.errs)
		first = cmp.Or(first, r.err)
	}
	_ = w.Flush()
	fmt.Fprintln(out, "\nCPU is the server's per operation; limit is that of the work that cannot be avoided (requests, signatures, commits, hash).")
	if first != nil {
		fmt.Fprintln(out, "first error:", first)
	}
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f", float64(d)/float64(time.Millisecond)) }
func us(d time.Duration) string { return fmt.Sprintf("%.0f", float64(d)/float64(time.Microsecond)) }
