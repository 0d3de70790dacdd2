// Package config reads the one YAML file that runs a deployment. Reading is
// strict: an unknown key, a value of the wrong type or a missing secret is a
// fault, and every fault is reported at once with its line. Secrets come by
// reference, `${env:NAME}` or `${file:PATH}`, so that the file itself can be
// shown to anyone. config/example.yaml documents every key.
package config
