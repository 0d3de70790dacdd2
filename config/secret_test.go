package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/sekisho-id/sekisho/config"
)

func TestSecretsAreNeverShown(t *testing.T) { // T-36
	t.Parallel()
	const word = "hunter2"
	c := config.Default()
	c.Database, c.Mail.Password = word, word
	c.Secrets.Keys = map[string]config.Secret{"a": word}
	c.SMS.HTTP.Headers = map[string]config.Secret{"X-Key": word}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+verb+verb, c, &c, c.Mail.Password)
	}
	for _, log := range []*slog.Logger{slog.New(slog.NewJSONHandler(&out, nil)), slog.New(slog.NewTextHandler(&out, nil))} {
		log.Info("test", "config", c, "secret", c.Mail.Password, "group", slog.GroupValue(slog.Any("s", c.Secrets)))
	}
	for _, encode := range []func(any) ([]byte, error){json.Marshal, yaml.Marshal} {
		b, err := encode(c)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(b)
	}
	fmt.Fprint(&out, fmt.Errorf("%w: %v", fmt.Errorf("x"), c.Database))
	if s := out.String(); strings.Contains(s, word) || strings.Contains(s, fmt.Sprintf("%x", word)) {
		t.Errorf("shown: %s", s)
	}
	if config.Secret("").String() != "" || string(c.Database) != word {
		t.Error("an empty secret shows nothing, a conversion everything")
	}
}

// TestEverySecretMustBeAReference fills each Secret of a configuration with a
// value written in the file.
func TestEverySecretMustBeAReference(t *testing.T) {
	t.Parallel()
	for _, path := range secretPaths(reflect.TypeFor[config.Config](), nil) {
		if len(path) == 1 { // database: a path may be written as it is
			continue
		}
		text, indent := "", ""
		for _, key := range path {
			text += indent + key + ":\n"
			indent += "  "
		}
		text = strings.TrimSuffix(text, "\n") + " literal\n"
		_, err := config.Parse("f", []byte(text), vars)
		want := strings.Join(path, ".") + ": must be a reference"
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s\nis not refused with %q", text, want)
		}
	}
}

func secretPaths(t reflect.Type, path []string) [][]string {
	var out [][]string
	for i := range t.NumField() {
		f := t.Field(i)
		key := f.Tag.Get("yaml")
		below := append(append([]string(nil), path...), key)
		switch {
		case f.Type == reflect.TypeFor[config.Secret]():
			out = append(out, below)
		case f.Type.Kind() == reflect.Struct && strings.HasSuffix(f.Type.PkgPath(), "/config") && key != ",inline":
			out = append(out, secretPaths(f.Type, below)...)
		}
	}
	return out
}
