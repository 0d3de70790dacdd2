package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/sekisho-id/sekisho/idp"
)

// find finds a person and says what was looked for when there is none.
func (o *opened) find(ctx context.Context, who string) (idp.User, error) {
	u, err := o.FindUser(ctx, who)
	if errors.Is(err, idp.ErrNotFound) {
		return idp.User{}, fmt.Errorf("nobody has the address or id %q", who)
	}
	return u, err
}

func userAdd(ctx context.Context, p *program, args []string) error {
	f := p.flags("user add", "ADDRESS", "Add a person. Without a password they are mailed a link to set one.")
	from := f.source()
	name := f.String("name", "", "the person's `name`")
	lang := f.String("lang", "", "`ja` or en")
	verified := f.Bool("verified", false, "the address is known to be theirs")
	stdin := f.Bool("password-stdin", false, "read a password from the standard input, one line")
	got, err := f.parse(args)
	if err != nil {
		return err
	}
	n := idp.NewUser{Email: got[0], Name: *name, Lang: *lang, EmailVerified: *verified}
	if *stdin {
		text, err := bufio.NewReader(p.stdin).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read the password: %w", err)
		}
		if n.Password = strings.TrimRight(text, "\r\n"); n.Password == "" {
			return errors.New("there is no password on the standard input")
		}
	}
	o, err := p.open(ctx, from)
	if err != nil {
		return err
	}
	defer o.close()
	u, err := o.AddUser(ctx, o.actor, n)
	if err != nil {
		return err
	}
	if n.Password == "" {
		if err := o.SendReset(ctx, o.actor, u.ID); err != nil {
			return err
		}
	}
	fmt.Fprintf(p.stdout, "added %s as %s\n", u.Email, u.ID)
	return nil
}

func userList(ctx context.Context, p *program, args []string) error {
	f := p.flags("user list", "", "List people.")
	return p.with(ctx, f, args, func(o *opened, _ []string) error {
		w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ID\tADDRESS\tNAME\tTWO-STEP\tSTATE")
		for after := ""; ; {
			people, err := o.Users(ctx, after, 500)
			if err != nil {
				return err
			}
			for _, u := range people {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", u.ID, u.Email, u.Name, on(!u.TwoStepAt.IsZero()), state(u))
				after = u.ID
			}
			if len(people) == 0 {
				return w.Flush()
			}
		}
	})
}

func userShow(ctx context.Context, p *program, args []string) error {
	return p.onUser(ctx, args, "user show", "Show a person, their methods and state.", func(o *opened, u idp.User) error {
		methods, err := o.UserMethods(ctx, u.ID)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		for _, row := range [][2]string{
			{"id", u.ID},
			{"address", u.Email},
			{"verified", date(u.EmailVerifiedAt)},
			{"name", u.Name},
			{"language", u.Lang},
			{"state", state(u)},
			{"password", date(u.PasswordAt)},
			{"two-step", on(!u.TwoStepAt.IsZero())},
			{"since", date(u.TwoStepAt)},
		} {
			fmt.Fprintf(w, "%s\t%s\n", row[0], row[1])
		}
		for _, m := range methods {
			what := m.Number
			if what == "" {
				what = m.Name
			}
			fmt.Fprintf(w, "%s\t%s %s, verified %s, last used %s", m.Role, m.Channel, what, date(m.VerifiedAt), date(m.LastUsedAt))
			if !m.Usable() {
				fmt.Fprint(w, ", not usable")
			}
			fmt.Fprintln(w)
		}
		return w.Flush()
	})
}

func userImport(ctx context.Context, p *program, args []string) error {
	f := p.flags("user import", "FILE", "Add people from JSON lines; - is the standard input. Nobody is added when a line is faulty.\n\n"+
		`  {"email": "a@example.jp", "name": "A", "password_hash": "$2b$…", "email_verified": true, "language": "ja",`+"\n"+
		`   "two_step": true, "methods": [{"channel": "sms", "role": "primary", "number": "+8190…", "verified": true}, …]}`)
	from := f.source()
	got, err := f.parse(args)
	if err != nil {
		return err
	}
	in := p.stdin
	if got[0] != "-" {
		file, err := os.Open(got[0])
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	o, err := p.open(ctx, from)
	if err != nil {
		return err
	}
	defer o.close()
	report, err := o.ImportUsers(ctx, o.actor, in)
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	for _, fault := range report.Faults {
		fmt.Fprintf(p.stderr, "%s:%d: %s\n", got[0], fault.Line, strings.ReplaceAll(fault.Err.Error(), "\n", "; "))
	}
	if n := len(report.Faults); n > 0 {
		return fmt.Errorf("nobody was added: mend the %s above first", plural(n, "line"))
	}
	fmt.Fprintf(p.stdout, "added %s\n", plural(report.Added, "person"))
	return nil
}

func userDisable(ctx context.Context, p *program, args []string) error {
	return p.onUser(ctx, args, "user disable", "Suspend a person and end their sessions, grants and trusted devices.", func(o *opened, u idp.User) error {
		return p.say(o.SetUserDisabled(ctx, o.actor, u.ID, true), "suspended %s", u.Email)
	})
}

func userEnable(ctx context.Context, p *program, args []string) error {
	return p.onUser(ctx, args, "user enable", "Let a suspended person in again.", func(o *opened, u idp.User) error {
		return p.say(o.SetUserDisabled(ctx, o.actor, u.ID, false), "%s may sign in again", u.Email)
	})
}

func userEndSessions(ctx context.Context, p *program, args []string) error {
	return p.onUser(ctx, args, "user end-sessions", "End a person's sessions, grants and trusted devices.", func(o *opened, u idp.User) error {
		n, err := o.EndUserSessions(ctx, o.actor, u.ID)
		return p.say(err, "ended %s of %s", plural(n, "session"), u.Email)
	})
}

func userResetTwoStep(ctx context.Context, p *program, args []string) error {
	return p.onUser(ctx, args, "user reset-two-step", "Erase a person's methods and end everything of theirs: they set two-step verification up anew.\n"+
		"Do this only after they proved who they are by other means.", func(o *opened, u idp.User) error {
		return p.say(o.ResetTwoStep(ctx, o.actor, u.ID), "%s sets two-step verification up anew", u.Email)
	})
}

func userSendReset(ctx context.Context, p *program, args []string) error {
	return p.onUser(ctx, args, "user send-reset", "Mail a person a link to set a new password.", func(o *opened, u idp.User) error {
		return p.say(o.SendReset(ctx, o.actor, u.ID), "a running provider mails a link to %s", u.Email)
	})
}

func userRequireNewPassword(ctx context.Context, p *program, args []string) error {
	return p.onUser(ctx, args, "user require-new-password", "End everything of a person's whose password others know, and mail them a link to choose another.\n"+
		"Until they did, the password opens nothing; passkeys do.", func(o *opened, u idp.User) error {
		n, err := o.RequireNewPassword(ctx, o.actor, u.ID)
		return p.say(err, "ended %d sessions of %s; a running provider mails a link", n, u.Email)
	})
}

func userErase(ctx context.Context, p *program, args []string) error {
	f := p.flags("user erase", "ADDRESS-OR-ID", "Erase a person for good, at once: what names them goes, the audit log keeps their id alone.\n"+
		"People do this themselves on their account pages, with a waiting time; use this when they ask by another way.")
	yes := f.Bool("yes", false, "it is meant")
	return p.with(ctx, f, args, func(o *opened, got []string) error {
		u, err := o.find(ctx, got[0])
		if err != nil {
			return err
		}
		if !*yes {
			return fmt.Errorf("this erases %s (%s) and cannot be undone: add -yes", u.Email, u.ID)
		}
		err = o.EraseUser(ctx, o.actor, u.ID)
		if errors.Is(err, idp.ErrNeeded) {
			return fmt.Errorf("%s is the only owner of a shop or has a staff role: hand that over first", u.Email)
		}
		return p.say(err, "erased %s", u.ID)
	})
}

// onUser is a verb about one person.
func (p *program) onUser(ctx context.Context, args []string, name, text string, do func(*opened, idp.User) error) error {
	return p.onUserWith(ctx, p.flags(name, "ADDRESS-OR-ID", text), args, func(o *opened, u idp.User, _ []string) error { return do(o, u) })
}

// onUserWith is a verb about one person with further arguments behind them.
func (p *program) onUserWith(ctx context.Context, f *flags, args []string, do func(*opened, idp.User, []string) error) error {
	reason := f.String("reason", "", "why: kept in the audit log")
	return p.with(ctx, f, args, func(o *opened, got []string) error {
		o.actor.Reason = *reason
		u, err := o.find(ctx, got[0])
		if err != nil {
			return err
		}
		return do(o, u, got[1:])
	})
}

// say prints what was done, unless it was not.
func (p *program) say(err error, format string, args ...any) error {
	if err == nil {
		fmt.Fprintf(p.stdout, format+"\n", args...)
	}
	return err
}

func state(u idp.User) string {
	if !u.DisabledAt.IsZero() {
		return "suspended " + date(u.DisabledAt)
	}
	return "active"
}

func on(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

func plural(n int, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case what == "person":
		return fmt.Sprintf("%d people", n)
	}
	return fmt.Sprintf("%d %ss", n, what)
}
