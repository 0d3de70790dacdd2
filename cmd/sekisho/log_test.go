package main

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/config"
)

func TestLogsHoldNoSecret(t *testing.T) { // T-36, H-16
	t.Parallel()
	var out bytes.Buffer
	log := slog.New(redacting{slog.NewJSONHandler(&out, nil)})
	const (
		code  = "493817"
		state = "Zm9vYmFyYmF6cXV4"
		jwt   = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"
	)
	log.Info("redirect to https://rp.example/cb?code="+state+"&state="+state, "to", "https://rp.example/cb?state="+state)
	log.Info("the code is "+code, slog.String("code", code), slog.Any("error", errors.New("no route for +819012345678: sakura@example.jp")))
	log.With("refresh_token", state).WithGroup("g").Info("x", slog.Group("inner", slog.String("client_secret", state), slog.String("note", "Bearer "+jwt)))
	log.Warn("dsn", "connect", "postgres://sekisho:"+state+"@db/x", "any", map[string]string{"id_token": jwt, "form": "password=" + state})
	log.Error("secret", "value", config.Secret(state), "otp", 493817)
	for _, secret := range []string{code, state, jwt, "9012345678", "sakura@example.jp"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%s is in the log:\n%s", secret, out.String())
		}
	}
	for _, kept := range []string{"https://rp.example/cb", "no route for", `"inner":{`} {
		if !strings.Contains(out.String(), kept) {
			t.Errorf("%s is not in the log:\n%s", kept, out.String())
		}
	}
}

func TestLogsKeepWhatIsNoSecret(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := slog.New(redacting{slog.NewJSONHandler(&out, nil)})
	log.Info("request", "request_id", "AB3D-EF5H-JK7M", "route", "/signin/code", "status", 303, "took", 1500*time.Microsecond,
		"issuer", "https://id.example.jp", "error_code", "invalid_grant", "count", 1234567)
	want := `"msg":"request","request_id":"AB3D-EF5H-JK7M","route":"/signin/code","status":303,"took":1500000,"issuer":"https://id.example.jp","error_code":"invalid_grant","count":1234567}`
	if !strings.Contains(out.String(), want) {
		t.Errorf("got %s", out.String())
	}
}
