package main

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/clients/demo"
	"github.com/sekisho-id/sekisho/idp/idptest"
)

// shell is a world that knows a secret; nothing in it waits.
func shell(secret string, out io.Writer) world {
	return world{env: func(string) string { return secret }, out: out, errOut: io.Discard, now: time.Now, sleep: sleep}
}

func TestToolTakesATokenAndCallsTheAPI(t *testing.T) {
	t.Parallel()
	token := "e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"minato-tool"}`)) + ".sig"
	mux := http.NewServeMux()
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	answer := func(w http.ResponseWriter, s string) { _, _ = w.Write([]byte(s)) }
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, `{"issuer":"`+srv.URL+`","token_endpoint":"`+srv.URL+`/token"}`)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		id, secret, basic := r.BasicAuth()
		if !basic {
			id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
		}
		if id != "minato-tool" || secret != "a%2Bb" && basic || secret != "a+b" && !basic || r.FormValue("scope") != "payout" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		answer(w, `{"access_token":"`+token+`"}`)
	})
	mux.HandleFunc("GET /account", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		answer(w, `{"tail":"4821"}`)
	})
	for _, args := range [][]string{{}, {"-post"}} {
		var out strings.Builder
		if err := run(t.Context(), append(args, "-issuer", srv.URL, "-call", srv.URL+"/account"), shell("a+b", &out)); err != nil {
			t.Errorf("%q: %v", args, err)
		}
		if want := "{\"sub\":\"minato-tool\"}\n{\"tail\":\"4821\"}\n"; out.String() != want {
			t.Errorf("%q printed %q, want %q", args, out.String(), want)
		}
	}
	err := run(t.Context(), []string{"-issuer", srv.URL, "-scope", "everything"}, shell("a+b", io.Discard))
	if err == nil || !strings.Contains(err.Error(), "status 401") {
		t.Errorf("a refused scope: %v, want the status", err)
	}
}

// A tool is not a person: its token says nothing about authentication, and
// looks at what is its own alone.
func TestToolAtARealProvider(t *testing.T) {
	t.Parallel()
	srv := httptest.NewUnstartedServer(nil)
	url := "http://" + srv.Listener.Addr().String()
	s := idptest.New(t, idptest.Resources(clients.Resource{ID: url, Scopes: []string{"payout"}}))
	s.Clock.Advance(time.Since(s.Clock.Now()))
	api, err := demo.NewAPI(demo.APIConfig{Issuer: s.URL, URL: url, Now: s.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	srv.Config.Handler = api
	srv.Start()
	t.Cleanup(srv.Close)
	secret := s.AddClient(t, clients.Client{
		ID: "minato-tool", Name: "Minato Stock Tool", Grants: []clients.GrantType{clients.GrantClientCredentials},
		Scopes: []string{"payout"}, Resources: []string{url},
	})
	var out strings.Builder
	args := []string{"-issuer", s.URL, "-call", url + "/account"}
	if err := run(t.Context(), args, shell(secret, &out)); err != nil {
		t.Fatal(err)
	}
	claims, answer, _ := strings.Cut(out.String(), "\n")
	if !strings.Contains(claims, `"client_id":"minato-tool"`) || strings.Contains(claims, `"acr"`) || strings.Contains(claims, `"auth_time"`) {
		t.Errorf("token says %s", claims)
	}
	if answer != "{\"tail\":\"4821\"}\n" {
		t.Errorf("API answered %q", answer)
	}
	if err := run(t.Context(), args, shell("wrong", &out)); err == nil || !strings.Contains(err.Error(), "invalid_client") {
		t.Errorf("with a wrong secret: %v, want invalid_client", err)
	}
}
