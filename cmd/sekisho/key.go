package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"
)

func keyList(ctx context.Context, p *program, args []string) error {
	f := p.flags("key list", "", "List the published signing keys.")
	from := f.source()
	if _, err := f.parse(args); err != nil {
		return err
	}
	o, err := p.open(ctx, from)
	if err != nil {
		return err
	}
	defer o.close()
	keys, err := o.KeyList(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "KEY\tALGORITHM\tSIGNS\tFROM\tUNTIL")
	for _, k := range keys {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", k.ID, k.Alg, yes(k.Signs), date(k.ActiveAt), date(k.RetireAt))
	}
	return w.Flush()
}

func keyRotate(ctx context.Context, p *program, args []string) error {
	f := p.flags("key rotate", "", "Sign with the next keys from now on and publish new ones. What was signed before\nstays valid until it expires.")
	from := f.source()
	if _, err := f.parse(args); err != nil {
		return err
	}
	o, err := p.open(ctx, from)
	if err != nil {
		return err
	}
	defer o.close()
	if err := o.RotateKeys(ctx, o.actor); err != nil {
		return err
	}
	fmt.Fprintln(p.stdout, "new keys sign from now on")
	return nil
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "-"
}

func date(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}
