package main

import (
	"context"
	"errors"
	"fmt"
)

func backup(ctx context.Context, p *program, args []string) error {
	f := p.flags("backup", "FILE", "Copy a SQLite database to FILE, which must not exist, while it is in use.\nThe copy opens with the same master keys only: keep them elsewhere.")
	from := f.source()
	got, err := f.parse(args)
	if err != nil {
		return err
	}
	cfg, err := from.load(p)
	if err != nil {
		return err
	}
	st, err := connect(ctx, p, cfg)
	if err != nil {
		return err
	}
	if err := errors.Join(st.Backup(ctx, got[0]), st.Close()); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	fmt.Fprintf(p.stdout, "copied to %s\n", got[0])
	return nil
}
