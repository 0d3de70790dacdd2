package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/sekisho-id/sekisho/idp/store"
)

// limits are what this machine can do at all; the CPU time of one of each.
type limits struct {
	es256, rs256, commit, group, hash, bare time.Duration

	rows []result // as measured, for the table
}

// groupSize is how many writers wait for a commit at once.
const groupSize = 32

// measureLimits takes a second or two for each.
func measureLimits(ctx context.Context, o options, progress io.Writer) (limits, error) {
	var l limits
	each := min(o.each, 2*time.Second)
	digest := sha256.Sum256([]byte("a token"))
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return l, fmt.Errorf("key: %w", err)
	}
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return l, fmt.Errorf("key: %w", err)
	}
	db, err := openStore(ctx, filepath.Join(o.dir, "limits.db"))
	if err != nil {
		return l, err
	}
	defer func() { _ = db.Close() }()
	commit := func(ctx context.Context, _ int) error {
		return db.Update(ctx, store.Actor{Kind: "job", ID: "bench"}, func(tx *store.Tx) error {
			return tx.RevokeJTI(rand.Text(), tx.Now.Add(time.Hour))
		})
	}
	bare, stop, err := startBare(ctx)
	if err != nil {
		return l, err
	}
	defer stop()
	client := newClient(o.workers)

	for _, m := range []struct {
		name    string
		into    *time.Duration
		pid     int
		workers int
		op      operation
	}{
		{"sign ES256", &l.es256, os.Getpid(), 2, func(context.Context, int) error {
			_, err := ecdsa.SignASN1(rand.Reader, ec, digest[:])
			return err
		}},
		{"sign RS256", &l.rs256, os.Getpid(), 2, func(context.Context, int) error {
			_, err := rsa.SignPKCS1v15(nil, rs, crypto.SHA256, digest[:])
			return err
		}},
		{"argon2id 19 MiB t=2", &l.hash, os.Getpid(), 2, func(context.Context, int) error {
			argon2.IDKey([]byte("correct horse"), digest[:16], 2, 19*1024, 1, 32)
			return nil
		}},
		{"durable commit, one by one", &l.commit, os.Getpid(), 1, commit},
		{fmt.Sprintf("durable commit, %d writers", groupSize), &l.group, os.Getpid(), groupSize, commit},
		{"bare HTTP handler", &l.bare, bare.pid, o.workers, func(ctx context.Context, _ int) error {
			return client.expect(ctx, bare.url, "{")
		}},
	} {
		fmt.Fprintf(progress, "%s\n", m.name)
		r, err := measure(ctx, m.pid, m.workers, each, m.op)
		if err != nil {
			return l, fmt.Errorf("%s: %w", m.name, err)
		}
		r.phase.name, *m.into = m.name, r.cpu
		l.rows = append(l.rows, r)
	}
	return l, nil
}

func openStore(ctx context.Context, path string) (*store.Store, error) {
	keys := store.Keys{Current: "bench", All: map[string][]byte{"bench": bytes.Repeat([]byte{1}, 32)}}
	db, err := store.Open(ctx, store.Config{DSN: path, Keys: keys, Now: time.Now})
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	if _, _, err := db.Migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// bareServer is this program again, as a handler that does nothing.
type bareServer struct {
	url string
	pid int
}

func startBare(ctx context.Context) (b bareServer, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return b, nil, fmt.Errorf("own program: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, self, "-bare")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return b, nil, fmt.Errorf("bare handler: %w", err)
	}
	stop = func() { cancel(); _ = cmd.Wait() }
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		return b, nil, fmt.Errorf("bare handler: %w", err)
	}
	return bareServer{url: "http://" + strings.TrimSpace(line) + "/", pid: cmd.Process.Pid}, stop, nil
}

// serveBare says where it listens and answers every request with what a small
// JSON document weighs, until it is stopped.
func serveBare(ctx context.Context, out io.Writer) error {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	body := []byte("{" + strings.Repeat(" ", 500) + "}")
	srv := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	})}
	fmt.Fprintln(out, ln.Addr())
	return srv.Serve(ln) //nolint:wrapcheck // until it is killed
}
