package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/sekisho-id/sekisho/clients"
)

// place is where a key stands in the file.
type place struct {
	path, key string
	line      int
	value     *yaml.Node
}

type places []place

// mostPlaces and mostDepth bound what aliases may unfold to.
const mostPlaces, mostDepth = 10_000, 20

// placesOf lists every key below root, in the order of the file, and takes out
// those that are there twice. Aliases and merges are followed.
func placesOf(root *yaml.Node) (out places, twice []Fault) {
	var walk func(n *yaml.Node, path string, depth int)
	walk = func(n *yaml.Node, path string, depth int) {
		if depth > mostDepth || len(out) > mostPlaces {
			return
		}
		switch n.Kind {
		case yaml.AliasNode:
			walk(n.Alias, path, depth+1)
		case yaml.MappingNode:
			seen := map[string]bool{}
			for i := 0; i+1 < len(n.Content); i += 2 {
				k, v := n.Content[i], n.Content[i+1]
				if k.ShortTag() == "!!merge" {
					walk(v, path, depth+1)
					continue
				}
				below := strings.TrimPrefix(path+"."+k.Value, ".")
				if seen[k.Value] {
					twice = append(twice, Fault{Line: k.Line, Path: below, Text: "is there twice"})
					n.Content = slices.Delete(n.Content, i, i+2)
					i -= 2
					continue
				}
				seen[k.Value] = true
				out = append(out, place{below, k.Value, k.Line, target(v)})
				walk(v, below, depth+1)
			}
		case yaml.SequenceNode:
			for i, v := range n.Content {
				below := fmt.Sprintf("%s[%d]", path, i)
				out = append(out, place{below, "", v.Line, target(v)})
				walk(v, below, depth+1)
			}
		case yaml.DocumentNode, yaml.ScalarNode:
		}
	}
	walk(root, "", 0)
	return out, twice
}

// target is what an alias stands for, or the node itself.
func target(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// line is that of path or of the nearest key around it; 0 when there is none.
func (ps places) line(path string) int {
	for path != "" {
		for _, p := range ps {
			if p.path == path {
				return p.line
			}
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return 0
}

// at is the value at path; an empty one when there is none.
func (ps places) at(path string) *yaml.Node {
	for _, p := range ps {
		if p.path == path {
			return p.value
		}
	}
	return &yaml.Node{}
}

// The decoder's complaints.
var (
	complaintType    = regexp.MustCompile("^line (\\d+): cannot unmarshal (!!\\w+)(?: `(.*)`)? into (.+)$")
	complaintField   = regexp.MustCompile(`^line (\d+): field (.+) not found in type `)
	complaintSyntax  = regexp.MustCompile(`^yaml: line (\d+): (.*)$`)
	complaintMissing = regexp.MustCompile(`^yaml: (.*)$`)
)

// explain says the decoder's complaint in the words of the file. A value that
// came by reference is never repeated.
func (ps places) explain(text string, referred map[*yaml.Node]bool) Fault {
	if m := complaintField.FindStringSubmatch(text); m != nil {
		return ps.unknown(m[1], m[2])
	}
	m := complaintType.FindStringSubmatch(text)
	if m == nil {
		return Fault{Text: "cannot be read"}
	}
	line, _ := strconv.Atoi(m[1])
	for _, p := range ps {
		if p.value.Line != line || p.value.ShortTag() != m[2] || !strings.HasPrefix(p.value.Value, strings.TrimSuffix(m[3], "...")) {
			continue
		}
		said := ""
		if p.value.Kind == yaml.ScalarNode && !referred[p.value] {
			said = fmt.Sprintf(", not %q", p.value.Value)
		}
		return Fault{Line: p.line, Path: p.path, Text: wanted(m[4]) + said}
	}
	return Fault{Line: line, Text: wanted(m[4])}
}

// unknown is the fault of a key that does not exist.
func (ps places) unknown(line, key string) Fault {
	n, _ := strconv.Atoi(line)
	for _, p := range ps {
		if p.line == n && p.key == key {
			return Fault{Line: n, Path: p.path, Text: "is not a key here"}
		}
	}
	return Fault{Line: n, Path: key, Text: "is not a key here"}
}

// wanted says what a Go type is in the file.
func wanted(goType string) string {
	switch {
	case goType == "time.Duration":
		return "must be a duration such as 90s, 10m or 30d"
	case goType == "time.Time":
		return clients.ErrMoment.Error()
	case goType == "bool":
		return "must be true or false"
	case strings.HasPrefix(goType, "int"), strings.HasPrefix(goType, "uint"):
		return "must be a whole number"
	case strings.HasPrefix(goType, "[]"):
		return "must be a list"
	case goType == "string", goType == "config.Secret",
		slices.Contains([]string{"clients.AuthMethod", "clients.GrantType", "clients.ResponseMode", "clients.Profile", "clients.Right"}, goType):
		return "must be one text"
	}
	return "must be a group of keys"
}

func explainSyntax(err error) Fault {
	if m := complaintSyntax.FindStringSubmatch(err.Error()); m != nil {
		line, _ := strconv.Atoi(m[1])
		return Fault{Line: line, Text: "is no YAML: " + m[2]}
	}
	if m := complaintMissing.FindStringSubmatch(err.Error()); m != nil {
		return Fault{Text: "is no YAML: " + m[1]}
	}
	return Fault{Text: "is no YAML"}
}
