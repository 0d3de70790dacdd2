package main

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/config"
)

var update = flag.Bool("update", false, "write the documents anew")

// docs/security is what the program prints for the defaults.
func TestSecurityDocumentsAreThoseOfTheDefaults(t *testing.T) {
	t.Parallel()
	for _, topic := range securityTopics() {
		var got bytes.Buffer
		from := "These are the defaults; `sekisho security " + topic + "` prints the page for a configuration."
		if err := writeSecurity(&got, topic, from, config.Default()); err != nil {
			t.Fatal(err)
		}
		name := filepath.Join("../../docs/security", topic+".md")
		if *update {
			if err := os.WriteFile(name, got.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got.String()); diff != "" {
			t.Errorf("%s differs; `go test ./cmd/sekisho -update` writes it (-written +now):\n%s", name, diff)
		}
	}
}

// Every weakening that a configuration allows is told in its documents.
func TestSecurityDocumentsFollowTheConfiguration(t *testing.T) {
	t.Parallel()
	cfg := config.Default()
	cfg.Limits.TrustedDevice, cfg.Limits.AllowUnverified, cfg.Limits.AllowVoIP = 0, false, true
	cfg.Limits.CodeTries, cfg.PhoneRisk.URL = 7, "https://risk.example.jp"
	cfg.Clients = []clients.Client{{ID: "old", NoPKCE: true}, {ID: "new"}}
	for topic, want := range map[string][]string{
		"throttling": {"| tries of one code | 7 |", "NUMBERS"},
		"sessions":   {"| trusted device | not offered here |"},
		"deviations": {"mailed | off |", "per client | old |", "has one"},
		"pstn-risk":  {"**allowed here** for calls", "(it has)"},
		"pathways":   {"(not offered here)"},
	} {
		var got bytes.Buffer
		if err := writeSecurity(&got, topic, "NUMBERS", cfg); err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(got.String(), w) {
				t.Errorf("%s lacks %q:\n%s", topic, w, got.String())
			}
		}
	}
}

// docs/security/asvs.md has every requirement of the four chapters once, each
// with a test that exists.
func TestASVSPageIsTrue(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../docs/security/asvs.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| ([0-9]+\\.[0-9]+\\.[0-9]+) \\| [123] \\| .+ \\| `(Test[A-Za-z0-9]+)` \\|$").FindAllStringSubmatch(string(raw), -1)
	if lines := strings.Count(string(raw), "\n| ") - 4; len(rows) != lines || lines != 109 {
		t.Errorf("%d of %d lines are requirements with their test; ASVS 5.0 has 109", len(rows), lines)
	}
	have, seen := declaredTests(t, "../.."), map[string]bool{}
	for _, r := range rows {
		if seen[r[1]] {
			t.Errorf("%s is there twice", r[1])
		}
		if seen[r[1]] = true; !have[r[2]] {
			t.Errorf("%s: there is no test %s", r[1], r[2])
		}
	}
}

// declaredTests are the names of all tests below a folder.
func declaredTests(t *testing.T, root string) map[string]bool {
	t.Helper()
	names, declared := map[string]bool{}, regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9]+)\(`)
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(name, ".") && name != ".":
			return fs.SkipDir
		case !strings.HasSuffix(name, "_test.go"):
			return nil
		}
		raw, err := os.ReadFile(filepath.Join(root, name))
		for _, m := range declared.FindAllSubmatch(raw, -1) {
			names[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
