package main

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
)

// free is a loopback URL nobody listens at.
func free(t *testing.T) string {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return "http://" + ln.Addr().String()
}

func TestMarketplaceServesUntilStopped(t *testing.T) {
	t.Parallel()
	buyer, seller, api := free(t), free(t), free(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"-buyer", buyer, "-seller", seller, "-api", api}, func(string) string { return "" }, &bytes.Buffer{})
	}()
	for at, want := range map[string]int{buyer + "/": http.StatusOK, seller + "/": http.StatusOK, api + "/account": http.StatusUnauthorized} {
		if got := get(t, at); got != want {
			t.Errorf("GET %s: status %d, want %d", at, got, want)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("run = %v after being stopped", err)
	}
}

// get asks until somebody listens.
func get(t *testing.T, url string) int {
	t.Helper()
	for {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			if t.Context().Err() != nil {
				t.Fatal(err)
			}
			continue
		}
		resp.Body.Close()
		return resp.StatusCode
	}
}

func TestMarketplaceStaysOnLoopback(t *testing.T) {
	t.Parallel()
	err := run(t.Context(), []string{"-buyer", free(t), "-seller", "http://shop.example:9002", "-api", free(t)}, func(string) string { return "" }, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "not on loopback") {
		t.Errorf("run = %v, want a refusal", err)
	}
}
