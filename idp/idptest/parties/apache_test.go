package parties_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// runApache puts the page's directives into a virtual host of a small Apache
// and an application behind it that shows the headers it gets.
func runApache(t *testing.T, s *site) {
	dir := s.lay(t, "wiki.conf")
	behind := application(t, func(h http.Header) claims {
		c := claims{Sub: h.Get("OIDC_CLAIM_sub"), Email: h.Get("OIDC_CLAIM_email"), ACR: h.Get("OIDC_CLAIM_acr")}
		if amr := h.Get("OIDC_CLAIM_amr"); amr != "" {
			c.AMR = strings.Split(amr, ",")
		}
		return c
	}, "")
	modules, err := filepath.Glob("/usr/lib/apache2/modules")
	if err != nil || len(modules) == 0 {
		t.Fatal("these tests need Apache (apt-get install -y apache2-bin libapache2-mod-auth-openidc)")
	}
	user := "" // Apache will not serve as root
	if os.Geteuid() == 0 {
		user = "User www-data\nGroup www-data"
	}
	port := freePort(t)
	main := fmt.Sprintf(`ServerRoot %[1]s
ServerName localhost
DefaultRuntimeDir %[1]s
PidFile %[1]s/apache.pid
Listen 127.0.0.1:%[2]d
%[6]s
ErrorLog /dev/stderr
LogLevel warn
Mutex file:%[1]s default
%[3]s
OIDCCABundlePath %[4]s
OIDCXForwardedHeaders X-Forwarded-Proto X-Forwarded-Host
<VirtualHost 127.0.0.1:%[2]d>
ServerName app.example.jp
ProxyPass /oidc !
ProxyPass / %[5]s/
Include %[1]s/wiki.conf
</VirtualHost>
`, dir, port, loadModules(modules[0]), s.path("cert.pem"), behind, user)
	must(t, os.WriteFile(filepath.Join(dir, "apache.conf"), []byte(main), 0o600))
	p := s.start(t, exec.Command("apache2", "-DFOREGROUND", "-f", filepath.Join(dir, "apache.conf")),
		"CLIENT_SECRET="+s.secret, "SESSION_SECRET=something long and random enough")
	p.await(t, func() bool { return listens(t, port) })
	s.inside.Store(&url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", port)})
}

func loadModules(dir string) string {
	var b strings.Builder
	for _, m := range []string{"mpm_event", "unixd", "authn_core", "authz_core", "authz_user", "proxy", "proxy_http", "rewrite", "auth_openidc"} {
		if _, err := os.Stat(filepath.Join(dir, "mod_"+m+".so")); err == nil { // some are built in
			fmt.Fprintf(&b, "LoadModule %s_module %s/mod_%s.so\n", m, dir, m)
		}
	}
	return b.String()
}

// application is what stands behind a proxy that signs people in: it shows
// what it is told of them. stepUp is where it sends those who need a code for
// a payout; empty leaves that to the proxy.
func application(t *testing.T, read func(http.Header) claims, stepUp string) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := read(r.Header)
		switch {
		case r.URL.Path != "/payout":
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(c) // the browser may have left
		case c.ACR == twoStep:
			fmt.Fprint(w, `{"payout":"open"}`)
		case stepUp != "":
			http.Redirect(w, r, stepUp, http.StatusSeeOther)
		default:
			http.Error(w, "not enough", http.StatusForbidden)
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}
