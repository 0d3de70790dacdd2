package password

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha1" //nolint:gosec // the format of published lists; nothing is secured by it
	_ "embed"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
)

//go:generate go run ./internal/gen common.txt.gz

// common holds passwords that people use, made by internal/gen from the
// patterns they follow; it is our own list and copies none.
//
//go:embed common.txt.gz
var common []byte

// builtIn are the keys of that list, read when they are first needed.
var builtIn = sync.OnceValues(func() ([]uint64, error) {
	z, err := gzip.NewReader(bytes.NewReader(common))
	if err != nil {
		return nil, fmt.Errorf("open the list of common passwords: %w", err)
	}
	var r Rules
	_, err = r.LoadList(z)
	return r.listed, err
})

// NewRules makes rules with the list that is built in.
func NewRules() (*Rules, error) {
	keys, err := builtIn()
	if err != nil {
		return nil, err
	}
	return &Rules{listed: keys}, nil // shared: LoadList makes a list of its own
}

// LoadList adds a list, one password in a line, and returns how many lines it
// took. A line of 40 hexadecimal digits, with or without ":count" behind, is
// the SHA-1 of a password, as in the downloads of Have I Been Pwned. Any other
// line is a password, compared without regard to case and width. Each line
// costs eight bytes of memory: of a very long list load the part with the high
// counts. Lists are loaded at start, before the first Check.
func (r *Rules) LoadList(list io.Reader) (int, error) {
	n, listed := 0, slices.Clone(r.listed)
	lines := bufio.NewScanner(list)
	for lines.Scan() {
		line := strings.TrimRight(lines.Text(), "\r")
		if line == "" {
			continue
		}
		n++
		key, ok := readKey(line)
		if !ok {
			key = keyOf(fold(line))
		}
		listed = append(listed, key)
	}
	if err := lines.Err(); err != nil {
		return n, fmt.Errorf("read list of passwords: %w", err)
	}
	slices.Sort(listed)
	r.listed = slices.Compact(listed)
	return n, nil
}

// has reports whether the password, as a whole, is on a list.
func (r *Rules) has(pw string) bool {
	for _, key := range []uint64{keyOf(pw), keyOf(fold(pw))} {
		if _, ok := slices.BinarySearch(r.listed, key); ok {
			return true
		}
	}
	return false
}

// keyOf is the first eight bytes of the SHA-1 of a password: enough to tell
// millions of them apart.
func keyOf(pw string) uint64 {
	sum := sha1.Sum([]byte(pw)) //nolint:gosec // see the import
	return binary.BigEndian.Uint64(sum[:])
}

// readKey reads the key from a line that is a SHA-1.
func readKey(line string) (uint64, bool) {
	text, _, _ := strings.Cut(line, ":")
	if len(text) != 2*sha1.Size {
		return 0, false
	}
	sum, err := hex.DecodeString(text)
	if err != nil {
		return 0, false
	}
	return binary.BigEndian.Uint64(sum), true
}
