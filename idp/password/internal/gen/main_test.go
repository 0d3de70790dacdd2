package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"strings"
	"testing"
)

// TestEmbeddedListIsWhatTheGeneratorMakes fails after a change of the patterns
// until `go generate ./idp/password` was run.
func TestEmbeddedListIsWhatTheGeneratorMakes(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../common.txt.gz")
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if _, err := got.ReadFrom(z); err != nil {
		t.Fatal(err)
	}
	if got.String() != strings.Join(list(), "\n")+"\n" {
		t.Error("common.txt.gz is stale: run go generate ./idp/password")
	}
}
