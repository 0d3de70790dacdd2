// Package pgtest starts a throwaway PostgreSQL for tests, also for root. Only
// tests import it. It never skips: without PostgreSQL the tests fail and say how
// to install it.
package pgtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// Cluster is one running server with its data in a temporary folder.
type Cluster struct {
	dir  string
	port int
	as   *syscall.Credential
	cmd  *exec.Cmd
	log  *os.File
}

// Start makes a cluster and starts it. It forgets everything when the host
// loses power, and dies with the process that started it.
func Start(ctx context.Context) (*Cluster, error) {
	initdb, err := find("initdb")
	if err != nil {
		return nil, err
	}
	server, err := find("postgres")
	if err != nil {
		return nil, err
	}
	c := &Cluster{}
	if err := c.start(ctx, initdb, server); err != nil {
		return nil, errors.Join(fmt.Errorf("start PostgreSQL: %w", err), c.Stop())
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context, initdb, server string) error {
	var err error
	if c.dir, err = os.MkdirTemp("/tmp", "pg"); err != nil { // short: a socket's path holds 107 bytes
		return err
	}
	if c.as, err = owner(); err != nil {
		return err
	}
	if c.as != nil {
		if err := os.Chown(c.dir, int(c.as.Uid), int(c.as.Gid)); err != nil {
			return err
		}
	}
	data := filepath.Join(c.dir, "data")
	made := exec.CommandContext(ctx, initdb, "-D", data, "-U", "test", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	made.Dir, made.SysProcAttr = c.dir, &syscall.SysProcAttr{Credential: c.as}
	if out, err := made.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	if c.port, err = freePort(ctx); err != nil {
		return err
	}
	if c.log, err = os.Create(c.dir + ".log"); err != nil {
		return err
	}
	c.cmd = exec.CommandContext(context.WithoutCancel(ctx), server, "-D", data, "-k", c.dir, "-p", strconv.Itoa(c.port),
		"-c", "listen_addresses=127.0.0.1", "-c", "max_connections=300",
		"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
		// Every test has a database of its own, which it leaves behind: nobody need look after so many.
		"-c", "autovacuum=off", "-c", "checkpoint_timeout=1h", "-c", "max_wal_size=8GB")
	c.cmd.Dir, c.cmd.Stdout, c.cmd.Stderr = c.dir, c.log, c.log
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.as, Pdeathsig: syscall.SIGQUIT, Setpgid: true}
	if err := c.cmd.Start(); err != nil {
		c.cmd = nil
		return err
	}
	return c.wait(ctx)
}

func (c *Cluster) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	db, err := sql.Open("pgx", c.DSN("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if err = db.PingContext(ctx); err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			text, _ := os.ReadFile(c.log.Name())
			return fmt.Errorf("%w\n%s", err, text)
		}
	}
}

// DSN is the address of one database of the cluster.
func (c *Cluster) DSN(database string) string {
	return fmt.Sprintf("host=127.0.0.1 port=%d user=test dbname=%s sslmode=disable", c.port, database)
}

// Create makes a database as a copy of template ("" for an empty one), which nobody may be using.
func (c *Cluster) Create(ctx context.Context, database, template string) error {
	db, err := sql.Open("pgx", c.DSN("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	query := fmt.Sprintf("CREATE DATABASE %q", database)
	if template != "" {
		query += fmt.Sprintf(" TEMPLATE %q", template)
	}
	_, err = db.ExecContext(ctx, query)
	return err
}

// Stop ends the server and removes its data.
func (c *Cluster) Stop() error {
	if c.cmd != nil {
		c.cmd.Process.Signal(syscall.SIGQUIT) //nolint:errcheck // it may have ended by itself
		c.cmd.Wait()                          //nolint:errcheck // ended by a signal: always an error
	}
	if c.log != nil {
		c.log.Close() //nolint:errcheck // removed next
	}
	return errors.Join(os.RemoveAll(c.dir), os.RemoveAll(c.dir+".log"))
}

// find looks in Debian's folders, the newest version first, and then in PATH.
func find(name string) (string, error) {
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name); len(found) > 0 {
		return found[len(found)-1], nil
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("these tests need PostgreSQL (apt-get install -y postgresql): %w", err)
	}
	return path, nil
}

// owner is who runs the server: PostgreSQL refuses to be root. Nil means: we ourselves.
func owner() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return nil, err
		}
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, err
}

func freePort(ctx context.Context) (int, error) {
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil //nolint:errcheck // it is a TCP listener
}
