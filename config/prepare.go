package config

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/sekisho-id/sekisho/clients"
)

var (
	reference = regexp.MustCompile(`\$\{([a-z]*):([^{}]*)\}`)
	days      = regexp.MustCompile(`^[0-9]{1,4}d$`)
	plain     = regexp.MustCompile(`^(-?[0-9]{1,18}|true|false)$`)
	moment    = regexp.MustCompile(`^clients\[[0-9]+\]\.rules\.enforce_from$`)
)

// prepare changes values into what the decoder understands: references into
// what they name, dates into moments of the deployment's zone, days into hours.
func (d *document) prepare() {
	d.referred = map[*yaml.Node]bool{}
	for _, p := range d.places {
		if p.value.Kind == yaml.ScalarNode {
			d.resolve(p)
		}
	}
	if d.places.at("profile").Value == Strict {
		d.cfg.Limits.AllowUnverified = false // its default there
	}
	zone := d.cfg.Zone()
	if named, err := time.LoadLocation(d.places.at("time_zone").Value); err == nil && d.places.at("time_zone").Value != "" {
		zone = named
	}
	for _, p := range d.places {
		switch {
		case p.value.Kind != yaml.ScalarNode:
		case moment.MatchString(p.path):
			d.date(p, zone)
		case days.MatchString(p.value.Value) && (within(p.path, "limits") || within(p.path, "password")):
			n, _ := strconv.Atoi(strings.TrimSuffix(p.value.Value, "d"))
			p.value.Value = strconv.Itoa(24*n) + "h"
		}
	}
}

// resolve replaces the references of one value.
func (d *document) resolve(p place) {
	if !strings.Contains(p.value.Value, "${") {
		return
	}
	d.referred[p.value] = true
	var wrong string
	text := reference.ReplaceAllStringFunc(p.value.Value, func(ref string) string {
		m := reference.FindStringSubmatch(ref)
		value, fault := look(m[1], m[2], d.getenv)
		if fault != "" {
			wrong = fault
		}
		return value
	})
	if wrong == "" && strings.Contains(reference.ReplaceAllString(p.value.Value, ""), "${") {
		wrong = "must be ${env:NAME} or ${file:PATH}"
	}
	if wrong != "" {
		d.found(Fault{Line: p.line, Path: p.path, Text: wrong})
		p.value.Value, p.value.Tag = "", "!!null"
		return
	}
	p.value.Value = text
	if p.value.Style == 0 && plain.MatchString(text) {
		p.value.Tag = "" // a number or a switch, where one is wanted
	}
}

// look finds what a reference names; fault says why it cannot.
func look(kind, name string, getenv func(string) string) (value, fault string) {
	switch kind {
	case "env":
		if value = getenv(name); value == "" {
			return "", fmt.Sprintf("environment variable %s is not set", name)
		}
		return value, ""
	case "file":
		value, err := readSecret(name)
		if err != nil {
			return "", fmt.Sprintf("cannot read the file it refers to: %v", err)
		}
		if value == "" {
			return "", fmt.Sprintf("the file it refers to is empty: %s", name)
		}
		return value, ""
	}
	return "", "must be ${env:NAME} or ${file:PATH}"
}

// readSecret reads a small file and cuts the line break at its end.
func readSecret(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, 64<<10))
	return strings.TrimRight(string(b), "\r\n"), err
}

// date turns a date or moment into one that YAML knows (S-109).
func (d *document) date(p place, zone *time.Location) {
	if p.value.Value == "" || p.value.ShortTag() == "!!null" {
		return
	}
	t, err := clients.ParseMoment(p.value.Value, zone)
	if err != nil {
		d.found(Fault{Line: p.line, Path: p.path, Text: err.Error()})
		p.value.Value, p.value.Tag = "", "!!null"
		return
	}
	p.value.Value, p.value.Tag = t.Format(time.RFC3339), "!!timestamp"
}
