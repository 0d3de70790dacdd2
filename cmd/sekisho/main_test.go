package main

import (
	"database/sql"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"testing"
	"time"

	_ "github.com/mattn/go-sqlite3"
	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sekisho": main, "hold": hold})
}

// TestScripts runs the real program as an operator would: testdata/*.txtar.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
			e.Setenv("USER", "operator")
			e.Setenv("SUDO_USER", "")
			e.Setenv("GOGC", "off") // two hundred programs that end at once
			small := `issuer: http://localhost:9000
listen: 127.0.0.1:0
secrets: {keys: {a: "${env:KEY}"}}
mail: {provider: inbox}
sms: {provider: inbox}
voice: {provider: inbox}
password: {memory_kib: 7168, time: 5}
`
			return os.WriteFile(e.WorkDir+"/sekisho.yaml", []byte(small), 0o600)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"await": await, "mode": mode, "append": appendTo, "keepid": keepID,
		},
	})
}

// keepID puts the first id of the last output into a variable.
func keepID(ts *testscript.TestScript, _ bool, args []string) {
	id := regexp.MustCompile(`[A-Z2-7]{26}`).FindString(ts.ReadFile("stdout"))
	if id == "" {
		ts.Fatalf("there is no id in the output")
	}
	ts.Setenv(args[0], id)
}

// hold keeps a SQLite file locked until it is interrupted.
func hold() {
	db, err := sql.Open("sqlite3", os.Args[1])
	if err == nil {
		_, err = db.Exec("BEGIN EXCLUSIVE")
	}
	if err == nil {
		err = os.WriteFile("held", nil, 0o600)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, os.Interrupt)
	<-end
}

// await waits for a file to be there.
func await(ts *testscript.TestScript, _ bool, args []string) {
	for range 1000 {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond) // another process is awaited
	}
	ts.Fatalf("%s did not come", args[0])
}

// mode checks a file's permissions.
func mode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[0] {
		ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
	}
}

// appendTo adds a line to a file.
func appendTo(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_APPEND|os.O_WRONLY, 0o600)
	ts.Check(err)
	_, err = fmt.Fprintln(f, args[1])
	ts.Check(err)
	ts.Check(f.Close())
}
