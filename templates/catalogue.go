package templates

import (
	"fmt"
	"io/fs"
	"strings"
)

// catalogue is every text: by key, in the order of [Languages].
type catalogue map[string][2]string

func readCatalogue() (catalogue, error) {
	names, err := fs.Glob(files, "locale/*.txt")
	if err != nil {
		return nil, err
	}
	c := catalogue{}
	for _, name := range names {
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		for n, line := range strings.Split(string(raw), "\n") {
			if err := c.add(line); err != nil {
				return nil, fmt.Errorf("%s:%d: %w", name, n+1, err)
			}
		}
	}
	return c, nil
}

// add reads a line "key | ja | en"; empty lines and those with # say nothing.
func (c catalogue) add(line string) error {
	if line == "" || strings.HasPrefix(line, "#") {
		return nil
	}
	parts := strings.Split(line, " | ")
	if len(parts) != 3 {
		return fmt.Errorf("%d columns instead of 3", len(parts))
	}
	for _, p := range parts {
		if p == "" || strings.TrimSpace(p) != p {
			return fmt.Errorf("a column of %q is empty or begins or ends with a space", parts[0])
		}
	}
	if _, ok := c[parts[0]]; ok {
		return fmt.Errorf("key %q is there twice", parts[0])
	}
	c[parts[0]] = [2]string{strings.ReplaceAll(parts[1], `\n`, "\n"), strings.ReplaceAll(parts[2], `\n`, "\n")}
	return nil
}

// Text is the text of a key with its placeholders filled in from args, which
// are names and values in turn. {service}, {market} and {domain} need no
// argument. A key that does not exist is shown as it is: tests find it before
// a person does. An unknown language is the first one.
func (s *Set) Text(lang, key string, args ...any) string {
	text, err := s.plain(lang, key, args)
	if err != nil {
		return key
	}
	return text
}

// Has reports whether there is a text of this key.
func (s *Set) Has(key string) bool {
	_, ok := s.words[key]
	return ok
}

func (s *Set) plain(lang, key string, args []any) (string, error) {
	texts, ok := s.words[key]
	if !ok {
		return "", fmt.Errorf("no words for key %q", key)
	}
	text := texts[0]
	if lang == Languages[1] {
		text = texts[1]
	}
	if !strings.Contains(text, "{") {
		return text, nil
	}
	// One pass: what an argument brings is never looked at again.
	var fill []string
	for i := 0; i+1 < len(args); i += 2 {
		fill = append(fill, "{"+fmt.Sprint(args[i])+"}", fmt.Sprint(args[i+1]))
	}
	fill = append(fill, "{service}", s.opt.Name, "{market}", s.opt.Market, "{domain}", s.opt.IssuerHost)
	return strings.NewReplacer(fill...).Replace(text), nil
}
