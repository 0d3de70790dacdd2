// Command sekisho runs a provider and everything an operator does with it.
// `sekisho help` lists the verbs; each is in a file of its own.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
	_ "time/tzdata" // zones are known on every machine

	"github.com/sekisho-id/sekisho/config"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv)
	stop()
	os.Exit(code)
}

// program is one run of the command: what it may touch of the outside.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	now            func() time.Time
	// log is silent until a verb that serves sets it.
	log *slog.Logger
}

// verb is one command: its name has one or two words.
type verb struct {
	name, brief string
	run         func(ctx context.Context, p *program, args []string) error
}

func verbs() []verb {
	return []verb{
		{"serve", "run the provider", serve},
		{"dev", "run it on a laptop: no file, demonstration people and clients", dev},
		{"check", "say everything that is wrong with a configuration", check},
		{"security", "print limits, lifetimes, ways in and risks, for an auditor", security},
		{"migrate", "bring the database to this version", migrate},
		{"user add", "add a person", userAdd},
		{"user list", "list people", userList},
		{"user show", "show a person, their methods and state", userShow},
		{"user import", "add people from a file of JSON lines, all or none", userImport},
		{"user disable", "suspend a person and end everything of theirs", userDisable},
		{"user enable", "let a suspended person in again", userEnable},
		{"user end-sessions", "end a person's sessions, grants and trusted devices", userEndSessions},
		{"user reset-two-step", "erase a person's methods: they set them up anew", userResetTwoStep},
		{"user send-reset", "mail a person a link to set a new password", userSendReset},
		{"user require-new-password", "make a person choose a new password: theirs is known to others", userRequireNewPassword},
		{"user erase", "erase a person for good", userErase},
		{"user grant-role", "make a person staff: admin or reviewer", userGrantRole},
		{"user revoke-role", "take a staff role away", userRevokeRole},
		{"user extend", "give a person more time behind a client's date, once", userExtend},
		{"user staff", "list staff and their roles", userStaff},
		{"shop add", "make a seller account that several people run", shopAdd},
		{"shop list", "list shops", shopList},
		{"shop show", "show a shop, its members and who is ready", shopShow},
		{"shop rename", "give a shop another name", shopRename},
		{"shop close", "close a shop for good", shopClose},
		{"shop set-member", "make a person a member of a shop, or change their role", shopSetMember},
		{"shop remove-member", "take a person out of a shop", shopRemoveMember},
		{"shop demand", "demand two-step verification of a role in a shop", shopDemand},
		{"shop tools", "list the credentials of a shop's external tools", shopTools},
		{"shop revoke-tool", "revoke the credential of an external tool", shopRevokeTool},
		{"client add", "add a relying party", clientAdd},
		{"client token add", "let clients register themselves", clientTokenAdd},
		{"client token list", "list initial access tokens", clientTokenList},
		{"client token revoke", "end an initial access token", clientTokenRevoke},
		{"client list", "list relying parties", clientList},
		{"client show", "show a relying party", clientShow},
		{"client rotate-secret", "give a relying party a further secret", clientRotateSecret},
		{"client disable", "refuse everything a relying party asks", clientDisable},
		{"client enable", "serve a relying party again", clientEnable},
		{"client enforce", "set the date from which a relying party demands two-step verification", clientEnforce},
		{"client history", "show who changed that date and when", clientHistory},
		{"preflight", "count whom a relying party's date would stop", preflight},
		{"explain", "say why a person is asked for what they are asked for", explain},
		{"key list", "list the published signing keys", keyList},
		{"key rotate", "sign with the next keys from now on", keyRotate},
		{"key revoke", "take a signing key away at once, in an emergency", keyRevoke},
		{"audit", "print the audit log as JSON lines, newest first", audit},
		{"backup", "copy a SQLite database while it is in use", backup},
		{"version", "print the version", printVersion},
	}
}

// run does what args say and returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	p := &program{stdin: stdin, stdout: stdout, stderr: stderr, getenv: getenv, now: time.Now, log: slog.New(slog.DiscardHandler)}
	return p.report(p.dispatch(ctx, args))
}

func (p *program) dispatch(ctx context.Context, args []string) error {
	if len(args) > 0 && (args[0] == "help" || args[0] == "-h" || args[0] == "-help" || args[0] == "--help") {
		if len(args) == 1 {
			return p.help()
		}
		args = append(args[1:len(args):len(args)], "-h")
	}
	for _, v := range verbs() {
		words := strings.Fields(v.name)
		if len(args) >= len(words) && strings.Join(args[:len(words)], " ") == v.name {
			return v.run(ctx, p, args[len(words):])
		}
	}
	if len(args) == 0 {
		return usagef("what shall it do? `sekisho help` lists the verbs")
	}
	return usagef("unknown verb %q: `sekisho help` lists them", strings.Join(args[:min(2, len(args))], " "))
}

func (p *program) help() error {
	fmt.Fprint(p.stdout, "usage: sekisho VERB [flags] [arguments]\n\n")
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for _, v := range verbs() {
		fmt.Fprintf(w, "  %s\t%s\n", v.name, v.brief)
	}
	fmt.Fprint(w, "\n`sekisho help VERB` says more. The configuration is -config FILE, or $SEKISHO_CONFIG, or sekisho.yaml.\n")
	return w.Flush()
}

// report prints an error, one line for each fault, and chooses the exit code.
func (p *program) report(err error) int {
	if err == nil || errors.Is(err, errHelp) {
		return exitOK
	}
	if faults, ok := errors.AsType[config.Faults](err); ok {
		fmt.Fprintln(p.stderr, faults)
		return exitFailure
	}
	for line := range strings.Lines(advise(err)) {
		fmt.Fprintln(p.stderr, "sekisho:", strings.TrimSpace(line))
	}
	if _, ok := errors.AsType[usageError](err); ok {
		return exitUsage
	}
	return exitFailure
}
