package main

import (
	"context"
	"errors"
	"fmt"
)

func migrate(ctx context.Context, p *program, args []string) error {
	f := p.flags("migrate", "", "Bring the database to this version. Programs of the version before may go on meanwhile;\nmake a backup first.")
	from := f.source()
	if _, err := f.parse(args); err != nil {
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
	have, want, err := st.Migrate(ctx)
	if err := errors.Join(err, st.Close()); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if have == want {
		fmt.Fprintf(p.stdout, "the database is at version %d already\n", want)
		return nil
	}
	fmt.Fprintf(p.stdout, "the database went from version %d to %d\n", have, want)
	return nil
}
