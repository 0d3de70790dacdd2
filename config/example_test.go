package config_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.yaml.in/yaml/v3"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/config"
)

const testKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

// example is config/example.yaml with its files at paths that exist here.
func example(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(testKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`\$\{file:[^}]*\}`).ReplaceAllString(string(b), "${file:"+file+"}")
}

func env(string) string { return testKey }

func TestExampleIsValid(t *testing.T) {
	t.Parallel()
	c, err := config.Parse("example.yaml", []byte(example(t)), env)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(config.Default().Limits, c.Limits); diff != "" {
		t.Errorf("limits differ from the defaults they document (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(config.Default().Password, c.Password); diff != "" {
		t.Errorf("password differs from the defaults it documents (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(config.Default().Shops.Roles, c.Shops.Roles, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("roles differ from the defaults they document (-want +got)\n%s", diff)
	}
	if got := c.Clients[0].Rules.EnforceFrom.Format(time.RFC3339); got != "2026-11-30T15:00:00Z" {
		t.Errorf("enforce_from is %s, want midnight in Tokyo (S-109)", got)
	}
	if string(c.Mail.Password) != testKey || string(c.Secrets.Keys["2026"]) != testKey {
		t.Error("references were not resolved")
	}
}

// TestExampleDocumentsEveryKey holds the documented defaults to the real ones.
func TestExampleDocumentsEveryKey(t *testing.T) {
	t.Parallel()
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(example(t)), &root); err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	comments(root.Content[0], "", said)

	real := map[string]string{
		"clients[0].require_pkce": "true", "clients[0].require_nonce": "true", "clients[0].rules.trusted_devices": "true",
	}
	defaults := config.Default()
	defaults.Clients = []clients.Client{{}} // its fields' zero values are their defaults
	defaults.SMS.Routes = []config.Route{{}}
	defaults.Shops.Roles = []clients.ShopRole{{}}
	defaults.Shops.Tools.Scopes = []clients.ToolScope{{}}
	keys(reflect.ValueOf(defaults), "", real)
	real["clients"], real["sms.routes"], real["sms.routes[0].domain_bound"] = "[]", "[]", "none"
	real["shops.roles"], real["shops.tools.scopes"] = "[]", "[]"

	documented := regexp.MustCompile(`^# (?:default ([^;]+)(?:;|$)|required(?:;|$))`)
	for _, path := range slices.Sorted(maps.Keys(real)) {
		comment, ok := said[path]
		if !ok {
			t.Errorf("%s is not in example.yaml", path)
			continue
		}
		m := documented.FindStringSubmatch(comment)
		switch {
		case real[path] == "(group)":
		case m == nil:
			t.Errorf("%s: %q documents no default", path, comment)
		case m[1] == "" && real[path] != "none" && real[path] != "{}":
			t.Errorf("%s: said to be required, but its default is %s", path, real[path])
		case m[1] != "" && m[1] != real[path]:
			t.Errorf("%s: said to be %s by default, but it is %s", path, m[1], real[path])
		}
	}
}

// comments collects the comment behind each key.
func comments(n *yaml.Node, path string, out map[string]string) {
	for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		below := strings.TrimPrefix(path+"."+k.Value, ".")
		comment := v.LineComment
		if comment == "" {
			comment = k.LineComment
		}
		if comment == "" {
			comment = v.HeadComment
		}
		out[below] = comment
		comments(v, below, out)
	}
	if n.Kind == yaml.SequenceNode && len(n.Content) > 0 {
		comments(n.Content[0], path+"[0]", out)
	}
}

// keys collects every key of a configuration with its value, as it is documented.
func keys(v reflect.Value, path string, out map[string]string) {
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag.Get("yaml")
		switch tag {
		case "-":
			continue
		case ",inline":
			keys(v.Field(i), path, out)
			continue
		}
		below, f := strings.TrimPrefix(path+"."+tag, "."), v.Field(i)
		out[below] = written(f)
		if f.Kind() == reflect.Slice && f.Len() > 0 && f.Index(0).Kind() == reflect.Struct {
			keys(f.Index(0), below+"[0]", out)
		}
		if out[below] == "(group)" {
			keys(f, below, out)
		}
	}
}

func written(v reflect.Value) string {
	switch d := v.Interface().(type) {
	case time.Duration:
		for _, u := range []struct {
			name string
			unit time.Duration
		}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}} {
			if d >= u.unit && d%u.unit == 0 {
				return fmt.Sprintf("%d%s", d/u.unit, u.name)
			}
		}
		return d.String()
	case time.Time:
		return "none"
	case map[string]string:
		for k, e := range d {
			return fmt.Sprintf("{%s: %s}", k, e)
		}
	}
	switch v.Kind() { //nolint:exhaustive // the kinds a configuration has
	case reflect.Struct:
		return "(group)"
	case reflect.Map:
		return "{}"
	case reflect.Slice:
		return fmt.Sprint(v.Interface())
	case reflect.String:
		if v.String() == "" {
			return "none"
		}
		return v.String()
	}
	return fmt.Sprint(v.Interface())
}
