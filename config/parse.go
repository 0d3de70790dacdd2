package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Load reads and validates the file at path. getenv answers `${env:NAME}`. The
// error is [Faults] when the file could be read.
func Load(path string, getenv func(string) string) (Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("read the configuration: %w", err)
	}
	return Parse(filepath.Base(path), text, getenv)
}

// Parse reads and validates a configuration; file is its name in faults. The
// error is [Faults]: all of them, each with its line.
func Parse(file string, text []byte, getenv func(string) string) (Config, error) {
	d := document{cfg: Default(), getenv: getenv}
	in := yaml.NewDecoder(bytes.NewReader(text))
	in.KnownFields(true)
	d.read(in.Decode(&d))
	if err := in.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) && len(d.faults) == 0 {
		d.faults.add(true, "", "must hold one document only")
	}
	d.judge()
	for i := range d.cfg.Clients {
		d.cfg.Clients[i].Place = fmt.Sprintf("%s:%d", file, d.places.line(fmt.Sprintf("clients[%d].sector_identifier_uri", i)))
	}
	for i := range d.faults {
		d.faults[i].File = file
	}
	return d.cfg, d.faults.sorted().err()
}

// document is a configuration on its way in.
type document struct {
	cfg    Config
	getenv func(string) string
	places places
	// referred are the values that came by reference.
	referred map[*yaml.Node]bool
	faults   Faults
	// broken is set when the text is no YAML at all.
	broken bool
}

// UnmarshalYAML prepares the nodes (references, dates, days), then decodes them.
func (d *document) UnmarshalYAML(unmarshal func(any) error) error {
	var root nodes
	if err := unmarshal(&root); err != nil {
		return err
	}
	var twice []Fault
	d.places, twice = placesOf(root.Node)
	d.faults = append(d.faults, twice...)
	d.prepare()
	return unmarshal(&d.cfg)
}

// nodes takes the decoder's own nodes, which it decodes afterwards.
type nodes struct{ *yaml.Node }

// UnmarshalYAML keeps the node.
func (n *nodes) UnmarshalYAML(node *yaml.Node) error {
	n.Node = node
	return nil
}

// read turns the decoder's errors into faults.
func (d *document) read(err error) {
	if wrong, ok := errors.AsType[*yaml.TypeError](err); ok {
		for _, text := range wrong.Errors {
			d.found(d.places.explain(text, d.referred))
		}
		return
	}
	if err != nil && !errors.Is(err, io.EOF) {
		d.broken = true
		d.found(explainSyntax(err))
	}
}

// found keeps a fault unless its key has one already.
func (d *document) found(f Fault) {
	if !slices.ContainsFunc(d.faults, func(g Fault) bool { return g.Line == f.Line && g.Path == f.Path }) {
		d.faults = append(d.faults, f)
	}
}

// judge validates what was read, leaving out what is known to be faulty.
func (d *document) judge() {
	if d.broken {
		return
	}
	found := d.cfg.faults()
	for path, secret := range d.cfg.secrets() {
		if secret != "" && d.places.line(path) > 0 && !d.referred[d.places.at(path)] {
			found.add(true, path, "must be a reference, ${env:NAME} or ${file:PATH}: a secret does not belong in the file")
		}
	}
	known := slices.Clone(d.faults)
	for _, f := range found {
		if !slices.ContainsFunc(known, func(k Fault) bool { return within(f.Path, k.Path) || within(k.Path, f.Path) }) {
			f.Line = d.places.line(f.Path)
			d.found(f)
		}
	}
}

// within reports whether path is outer or lies in it.
func within(path, outer string) bool {
	rest, ok := strings.CutPrefix(path, outer)
	return ok && outer != "" && (rest == "" || rest[0] == '.' || rest[0] == '[')
}
