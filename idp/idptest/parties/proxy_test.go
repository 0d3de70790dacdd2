package parties_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// runOAuth2Proxy runs the page's configuration before an application.
func runOAuth2Proxy(t *testing.T, s *site) {
	t.Helper()
	dir := s.lay(t, "oauth2-proxy.cfg", "proxy.yaml")
	s.logout = s.place(strings.TrimSpace(s.page.file(t, "sign-out")))
	behind := application(t, forwarded, strings.TrimSpace(s.page.file(t, "step-up")))
	cmd := exec.Command(oauth2Proxy(t), "--config", "oauth2-proxy.cfg", "--alpha-config", "proxy.yaml")
	cmd.Dir = dir
	s.behind(t, cmd, "UPSTREAM="+behind, "OAUTH2_PROXY_COOKIE_REFRESH=1s", "OAUTH2_PROXY_COOKIE_SECRET=0123456789abcdef0123456789abcdef")
}

// oauth2Proxy is the program that `.ci/need.sh clients` has built.
func oauth2Proxy(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob(root + "/.bin/oauth2-proxy-*")
	must(t, err)
	if len(found) != 1 {
		t.Fatalf("`.ci/need.sh clients` builds oauth2-proxy: found %v", found)
	}
	path, err := filepath.Abs(found[0])
	must(t, err)
	_, err = os.Stat(path)
	must(t, err)
	return path
}

// forwarded reads the headers that the page promises.
func forwarded(h http.Header) claims {
	c := claims{Sub: h.Get("X-Forwarded-User"), Email: h.Get("X-Forwarded-Email"), ACR: h.Get("X-Auth-Acr")}
	if amr := h.Get("X-Auth-Amr"); amr != "" {
		c.AMR = strings.Split(amr, ",")
	}
	return c
}

// runNginx runs nginx, which asks the proxy about each request, before an
// application. Ports of the page stand for those of the test.
func runNginx(t *testing.T, s *site) {
	t.Helper()
	dir := s.lay(t, "oauth2-proxy.cfg", "proxy.yaml", "app.conf")
	s.logout = s.place(strings.TrimSpace(s.page.file(t, "sign-out")))
	proxy, port := freePort(t), freePort(t)
	cmd := exec.Command(oauth2Proxy(t), "--config", "oauth2-proxy.cfg", "--alpha-config", "proxy.yaml")
	cmd.Dir = dir
	p := s.start(t, cmd, "CLIENT_SECRET="+s.secret, fmt.Sprintf("PORT=%d", proxy), "OAUTH2_PROXY_COOKIE_SECRET=0123456789abcdef0123456789abcdef")
	p.await(t, func() bool { return listens(t, proxy) })
	behind := application(t, forwarded, strings.TrimSpace(s.page.file(t, "step-up")))
	conf := strings.NewReplacer("http://127.0.0.1:3000", behind, "127.0.0.1:4180", fmt.Sprintf("127.0.0.1:%d", proxy)).
		Replace(s.place(s.page.file(t, "app.conf")))
	main := fmt.Sprintf(`daemon off;
pid %[1]s/nginx.pid;
error_log stderr warn;
worker_processes 1;
events {}
http {
	access_log off;
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	server {
		listen 127.0.0.1:%[2]d;
		%[3]s
	}
}
`, dir, port, conf)
	must(t, os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(main), 0o600))
	n := s.start(t, exec.Command("nginx", "-p", dir, "-e", "stderr", "-c", "nginx.conf"))
	n.await(t, func() bool { return listens(t, port) })
	s.inside.Store(&url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", port)})
}
