// Command gen writes the list of common passwords that package password
// embeds. The list is our own: it copies no leak and no published list. It
// spells out the patterns that people follow when they must invent a password
// quickly (words with years and counts, names, walks over the keyboard,
// repetitions, dates, letters swapped for digits), in English and in romanised
// Japanese, where the result is at least eight characters long. An operator
// may add lists of leaked passwords beside it.
package main

import (
	"bytes"
	"compress/gzip"
	"log"
	"os"
	"strings"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: gen file")
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		log.Fatal(err)
	}
	if _, err = z.Write([]byte(strings.Join(list(), "\n") + "\n")); err != nil {
		log.Fatal(err)
	}
	if err = z.Close(); err != nil {
		log.Fatal(err)
	}
	if err = os.WriteFile(os.Args[1], b.Bytes(), 0o644); err != nil { //nolint:gosec // a source file, readable like the others
		log.Fatal(err)
	}
}
