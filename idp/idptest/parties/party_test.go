package parties_test

import (
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/config"
)

// party is one relying party: its page, and how to run what the page says.
type party struct {
	page string
	// always says whether `make test` tries it; `make test-clients` tries all.
	always bool
	run    func(*testing.T, *site)
	// path says where the relying party does what; see [paths].
	path paths
	// refused is what is shown when the provider answers access_denied; empty
	// means that very word.
	refused string
	// refetches says that it reads the key set anew at once when it meets an
	// unknown key.
	refetches bool
	// checks are what this client can do besides signing in.
	checks []check
}

// paths are the relying party's: one that demands a sign-in, one that demands
// a step-up, and one that signs out.
type paths struct{ login, payout, logout string }

// usual are the paths of pages whose program is all ours.
func usual() paths { return paths{"/login", "/payout", "/logout"} }

// site is a relying party at work.
type site struct {
	*world
	page   *page
	origin string // what stands for https://app.example.jp
	secret string // of the client; empty for a public one
	person person
	// logout is where the page says that people sign out; empty means at the
	// party's path.
	logout string
	// skew is how many seconds the relying party's clock is ahead.
	skew int
	// inside is where the program listens, behind a front that speaks TLS.
	inside atomic.Pointer[url.URL]
	// mixUp makes answers seem to come from another provider; silent makes
	// requests ask for no page (prompt=none).
	mixUp, silent atomic.Bool
}

// person is somebody with an account and text messages as the main method.
type person struct{ email, number, id string }

const password = "three ducks on a bridge"

var (
	sixDigits = regexp.MustCompile(`(?:^|\D)(\d{6})(?:\D|$)`)
	printedID = regexp.MustCompile(`(?m)^id +([A-Z2-7]{26})$`)
	printedBy = regexp.MustCompile(`(?m)^secret: (\S+)$`)
)

// site opens the address of a relying party, adds its person and registers it
// as its page says.
func (w *world) site(t *testing.T, name string, n int) *site {
	t.Helper()
	s := &site{world: w, page: readPage(t, name)}
	front := httptest.NewUnstartedServer(s.front())
	front.TLS = &tls.Config{Certificates: []tls.Certificate{w.cert}, MinVersion: tls.VersionTLS12}
	front.StartTLS()
	t.Cleanup(front.Close)
	s.origin = front.URL // https://127.0.0.1: another site than the provider's localhost
	s.person = person{email: name + "@example.jp", number: fmt.Sprintf("+8190%04d5678", 1000+n)}
	w.write(t, name+".jsonl", fmt.Sprintf(`{"email": %q, "name": "Kenji Mori", "password": %q, "email_verified": true, "two_step": true, "methods": [`+
		`{"channel": "sms", "role": "primary", "number": %q, "verified": true}, `+
		`{"channel": "app", "role": "backup", "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "verified": true}]}`, s.person.email, password, s.person.number))
	w.cli(t, "user", "import", w.path(name+".jsonl"))
	s.person.id = find(t, printedID, w.cli(t, "user", "show", s.person.email))
	s.prepare(t)
	if m := printedBy.FindStringSubmatch(w.sh(t, s.place(s.page.first(t, "sh")))); m != nil {
		s.secret = m[1]
	}
	s.sameInFile(t)
	return s
}

// prepare lays the program that makes the client's keys where the page's
// commands run it.
func (s *site) prepare(t *testing.T) {
	t.Helper()
	if s.page.has("keys.mjs") {
		s.write(t, "keys.mjs", s.page.file(t, "keys.mjs"))
		s.modules(t, s.dir)
	}
}

// modules gives a folder the packages of package.json.
func (s *site) modules(t *testing.T, dir string) {
	t.Helper()
	modules, err := filepath.Abs(filepath.Join(tools, "node_modules"))
	must(t, err)
	if _, err := os.Stat(modules); err != nil {
		t.Fatalf("`.ci/need.sh` installs what Node.js needs: %v", err)
	}
	must(t, os.Symlink(modules, filepath.Join(dir, "node_modules")))
}

// sameInFile compares the page's lines for the configuration file with what
// its command has registered.
func (s *site) sameInFile(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(s.path("sekisho.yaml"))
	must(t, err)
	lines := strings.ReplaceAll(s.place(s.page.first(t, "yaml")), "${file:", "${file:"+s.dir+"/")
	cfg, err := config.Parse(s.page.name, []byte(string(text)+lines), os.Getenv)
	must(t, err)
	file := cfg.Clients[0]
	var stored clients.Client
	must(t, json.Unmarshal([]byte(s.cli(t, "client", "show", file.ID)), &stored))
	if (len(file.SecretHashes) > 0) != (s.secret != "") {
		t.Errorf("%s: only one of file and command has a secret", s.page.name)
	}
	file.SecretHashes, file.Place = nil, ""
	if diff := cmp.Diff(stored, file); diff != "" {
		t.Errorf("%s: command and file register different clients (-command +file):\n%s", s.page.name, diff)
	}
}

// elsewhere is another provider.
const elsewhere = "https://evil.example"

// front is the proxy that the pages speak of: it ends TLS and says so.
func (s *site) front() http.Handler {
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(s.inside.Load())
		r.SetXForwarded()
		r.Out.Host = r.In.Host
	}, ModifyResponse: func(r *http.Response) error {
		if to := r.Header.Get("Location"); s.silent.Load() && strings.HasPrefix(to, s.issuer+"/oauth2/authorize?") {
			r.Header.Set("Location", to+"&prompt=none")
		}
		return nil
	}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if q := r.URL.Query(); s.mixUp.Load() && q.Has("code") && q.Get("iss") != elsewhere {
			q.Set("iss", elsewhere)
			http.Redirect(w, r, r.URL.Path+"?"+q.Encode(), http.StatusSeeOther)
			return
		}
		proxy.ServeHTTP(w, r)
	})
}

func (s *site) place(text string) string { return place(text, s.issuer, s.origin) }

// node runs the page's app.mjs with the packages of package.json, and beside
// it the files that the page's commands have made.
func node(made ...string) func(*testing.T, *site) {
	return func(t *testing.T, s *site) { s.runNode(t, made) }
}

func (s *site) runNode(t *testing.T, made []string) {
	t.Helper()
	dir := s.lay(t, "app.mjs")
	s.modules(t, dir)
	for _, f := range made {
		must(t, os.Symlink(s.path(f), filepath.Join(dir, f)))
	}
	args := []string{"app.mjs"}
	if s.skew != 0 {
		must(t, os.WriteFile(filepath.Join(dir, "clock.mjs"), []byte(fmt.Sprintf(clock, s.skew)), 0o600))
		args = []string{"--import", "./clock.mjs", "app.mjs"}
	}
	cmd := exec.Command("node", args...)
	cmd.Dir = dir
	s.behind(t, cmd)
}

// clock puts a program's clock ahead by some seconds.
const clock = `const ahead = %d * 1000, Real = Date
globalThis.Date = class extends Real {
  constructor(...given) { super(...(given.length ? given : [Real.now() + ahead])) }
  static now() { return Real.now() + ahead }
}
`

// runGo builds the page's main.go with the modules of this repository.
func runGo(t *testing.T, s *site) {
	t.Helper()
	dir := s.lay(t, "main.go")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "app"), filepath.Join(dir, "main.go"))
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", s.page.name, err, out)
	}
	s.behind(t, exec.Command(filepath.Join(dir, "app")))
}

// runPython runs the page's app.py with the packages of the system.
func runPython(t *testing.T, s *site) {
	t.Helper()
	cmd := exec.Command("/usr/bin/python3", "app.py")
	cmd.Dir = s.lay(t, "app.py")
	s.behind(t, cmd)
}

// runInBrowser serves the files of a page whose program runs in the browser.
func runInBrowser(t *testing.T, s *site) {
	t.Helper()
	dir := s.lay(t, "index.html", "app.js")
	library, err := os.ReadFile(filepath.Join(tools, "node_modules/oauth4webapi/build/index.js"))
	if err != nil {
		t.Fatalf("`.ci/need.sh` installs what relying parties need: %v", err)
	}
	must(t, os.WriteFile(filepath.Join(dir, "oauth4webapi.js"), library, 0o600))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		file := filepath.Join(dir, filepath.Clean(r.URL.Path))
		if filepath.Ext(file) == "" {
			file = filepath.Join(dir, "index.html")
		}
		http.ServeFile(w, r, file)
	}))
	t.Cleanup(srv.Close)
	inside, err := url.Parse(srv.URL)
	must(t, err)
	s.inside.Store(inside)
}

// behind runs a program that listens at $PORT, behind the front.
func (s *site) behind(t *testing.T, cmd *exec.Cmd, env ...string) *program {
	t.Helper()
	port := freePort(t)
	p := s.start(t, cmd, append(env, fmt.Sprintf("PORT=%d", port), "CLIENT_SECRET="+s.secret, "SESSION_SECRET="+rand.Text()+rand.Text())...)
	p.await(t, func() bool { return listens(t, port) })
	s.inside.Store(&url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", port)})
	return p
}

// lay writes files of the page into a folder.
func (s *site) lay(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range files {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, f)), 0o700))
		must(t, os.WriteFile(filepath.Join(dir, f), []byte(s.place(s.page.file(t, f))), 0o600))
	}
	return dir
}

func find(t *testing.T, re *regexp.Regexp, text string) string {
	t.Helper()
	m := re.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no %s in:\n%s", re, text)
	}
	return m[1]
}
