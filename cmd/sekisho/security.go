package main

import (
	"context"
	"embed"
	"fmt"
	"io"
	"math"
	"path"
	"slices"
	"strings"
	"text/template"

	"github.com/sekisho-id/sekisho/config"
)

// The security documents that depend on the configuration. docs/security holds
// them for the defaults.
//
//go:embed security/*.md
var securityFiles embed.FS

// securityTopics are the documents' names, in alphabetical order.
func securityTopics() []string {
	files, err := securityFiles.ReadDir("security")
	if err != nil {
		panic(err) // it is embedded
	}
	var topics []string
	for _, f := range files {
		topics = append(topics, strings.TrimSuffix(f.Name(), ".md"))
	}
	return topics
}

func security(_ context.Context, p *program, args []string) error {
	topics := securityTopics()
	f := p.flags("security", "TOPIC", "Print what an auditor asks for, in Markdown, with the numbers of a configuration.\nTopics: "+strings.Join(topics, ", ")+".")
	from := f.source()
	got, err := f.parse(args)
	if err != nil {
		return err
	}
	if !slices.Contains(topics, got[0]) {
		return usagef("unknown topic %q: there are %s", got[0], strings.Join(topics, ", "))
	}
	cfg, err := from.load(p)
	if err != nil {
		return err
	}
	return writeSecurity(p.stdout, got[0], "These are the numbers of "+*from.file+".", cfg)
}

// securityFacts are what the documents say about one deployment.
type securityFacts struct {
	config.Limits
	// From is a sentence about whose numbers these are.
	From               string
	Hash               config.Password
	WaitMost, WaitLong string
	// Codes is how many codes there are; Years how long half of them takes.
	Codes, Years           int
	PhoneRisk, DomainBound bool
	RequirePAR             bool
	// Upload is the most that may be sent as evidence for a recovery.
	Upload string
	// NoPKCE are the clients that need no PKCE.
	NoPKCE []string
}

// writeSecurity writes one document.
func writeSecurity(w io.Writer, topic, from string, cfg config.Config) error {
	t, err := template.New(topic).Funcs(template.FuncMap{
		"span": config.Span,
		"join": func(s []string) string { return strings.Join(s, ", ") },
	}).Parse("{{define \"from\"}}\n{{.From}}\n{{end}}")
	if err == nil {
		t, err = t.ParseFS(securityFiles, path.Join("security", topic+".md"))
	}
	if err != nil {
		return fmt.Errorf("security document: %w", err)
	}
	codes := int(math.Pow10(cfg.Limits.CodeDigits))
	facts := securityFacts{
		Limits: cfg.Limits, From: from, Hash: cfg.Password,
		WaitMost: config.Span(cfg.Limits.Password.Delay(cfg.Limits.Password.FreeFailures + 20)),
		WaitLong: config.Span(cfg.Limits.Password.Delay(math.MaxInt32)),
		Codes:    codes, Years: codes / 2 / cfg.Limits.AccountFailuresDay / 365,
		Upload:    fmt.Sprintf("%d files of %d KiB", cfg.Limits.Recovery.Files, cfg.Limits.Recovery.FileKiB),
		PhoneRisk: cfg.PhoneRisk.URL != "", DomainBound: cfg.SMS.DomainBound, RequirePAR: cfg.RequirePAR,
	}
	for _, c := range cfg.Clients {
		if !c.PKCERequired() {
			facts.NoPKCE = append(facts.NoPKCE, c.ID)
		}
	}
	return t.ExecuteTemplate(w, topic+".md", facts)
}
