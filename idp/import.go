package idp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// ImportReport says what an import did. With faults nothing was added.
type ImportReport struct {
	Added  int
	Faults []ImportFault
}

// ImportFault is what is wrong with one line; lines count from 1.
type ImportFault struct {
	Line int
	Err  error
}

// maxImportLine bounds one line of an import.
const maxImportLine = 1 << 20

// ImportUsers reads people as JSON lines ([NewUser]) and adds them all, or none
// when any line is faulty: every fault is reported, so that one pass mends a file.
func (p *Provider) ImportUsers(ctx context.Context, actor Actor, r io.Reader) (ImportReport, error) {
	var report ImportReport
	var people []newcomer
	seen := map[string]int{}
	in := bufio.NewScanner(r)
	in.Buffer(nil, maxImportLine)
	line := 0
	fault := func(err error) { report.Faults = append(report.Faults, ImportFault{Line: line, Err: err}) }
	for in.Scan() {
		line++
		raw := bytes.TrimSpace(in.Bytes())
		if len(raw) == 0 {
			continue
		}
		var n NewUser
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		if err := d.Decode(&n); err != nil {
			fault(jsonFault(err))
			continue
		}
		c, err := p.prepare(ctx, n)
		if err != nil {
			fault(err)
			continue
		}
		if first, ok := seen[c.user.Email]; ok {
			fault(fmt.Errorf("%s stands in line %d already", c.user.Email, first))
			continue
		}
		seen[c.user.Email] = line
		people = append(people, c)
	}
	if err := in.Err(); err != nil {
		line++
		fault(err)
	}
	if len(report.Faults) > 0 {
		return report, nil
	}
	err := p.updateAs(ctx, actor, nil, func(w *work) error {
		for _, c := range people {
			if err := p.insert(w, c); err != nil {
				if errors.Is(err, ErrEmailTaken) {
					report.Faults = []ImportFault{{Line: seen[c.user.Email], Err: err}}
				}
				return err
			}
		}
		return nil
	})
	if len(report.Faults) > 0 {
		return report, nil
	}
	if err == nil {
		report.Added = len(people)
	}
	return report, err
}

// jsonFault words a decoding error without the line's content, which may hold a password.
func jsonFault(err error) error {
	var typ *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &typ):
		return fmt.Errorf("%s: want %s", typ.Field, typ.Type)
	case errors.As(err, &syntax):
		return fmt.Errorf("not JSON at column %d", syntax.Offset)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("JSON ends too soon")
	default:
		return err
	}
}
