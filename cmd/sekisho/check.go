package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"

	"github.com/sekisho-id/sekisho/config"
)

func check(_ context.Context, p *program, args []string) error {
	f := p.flags("check", "[FILE]", "Read a configuration as serve would and say everything that is wrong with it.\nNothing is opened, sent or changed.")
	from := f.source()
	got, err := f.parse(args)
	if err != nil {
		return err
	}
	if len(got) > 0 {
		from.file = &got[0]
	}
	cfg, err := from.load(p)
	if err != nil {
		return err
	}
	if err := checkFiles(p, cfg); err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "%s is in order\n", *from.file)
	return nil
}

// checkFiles tries what a configuration refers to: files, templates, keys.
func checkFiles(p *program, cfg config.Config) error {
	_, pagesErr := newPages(cfg)
	_, rulesErr := newRules(cfg)
	_, sendErr := newSenders(cfg, p)
	var certErr error
	if cfg.TLS != (config.TLS{}) {
		if _, err := tls.LoadX509KeyPair(cfg.TLS.Cert, cfg.TLS.Key); err != nil {
			certErr = fmt.Errorf("tls: %w", err)
		}
	}
	return errors.Join(pagesErr, rulesErr, sendErr, certErr)
}
