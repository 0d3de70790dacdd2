package clients_test

import (
	"net/url"
	"testing"

	"github.com/sekisho-id/sekisho/clients"
)

// RFC 6749 §3.1.2: the query that a URI was registered with is kept as it is.
func TestParametersAreAddedToAQuery(t *testing.T) {
	t.Parallel()
	more := url.Values{"iss": {"https://id.example/"}}
	for uri, want := range map[string]string{
		"https://shop.example/in":       "https://shop.example/in?iss=https%3A%2F%2Fid.example%2F",
		"https://shop.example/in?z=1&a": "https://shop.example/in?z=1&a&iss=https%3A%2F%2Fid.example%2F",
		"jp.example.app:/in":            "jp.example.app:/in?iss=https%3A%2F%2Fid.example%2F",
	} {
		if got := clients.WithQuery(uri, more); got != want {
			t.Errorf("%s: got %s, want %s", uri, got, want)
		}
		if got := clients.WithQuery(uri, nil); got != uri {
			t.Errorf("%s with nothing added: got %s", uri, got)
		}
	}
}
