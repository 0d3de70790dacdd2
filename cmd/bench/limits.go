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
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/sekisho-id/sekisho/idp/store"
)

// limits are what this machine can do at all.
type limits struct{ es256, rs256, hash, commit, group, bare, document, posted *series }

// all are the limits in the order of the table.
func (l limits) all() []*series {
	return []*series{l.es256, l.rs256, l.hash, l.commit, l.group, l.bare, l.document, l.posted}
}

// groupSize is how many writers wait for a commit at once.
const groupSize = 32

// newLimits prepares them; stop ends what it started.
func newLimits(ctx context.Context, o options) (l limits, stop func(), err error) {
	digest := sha256.Sum256([]byte("a token"))
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return l, nil, fmt.Errorf("key: %w", err)
	}
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return l, nil, fmt.Errorf("key: %w", err)
	}
	db, err := openStore(ctx, filepath.Join(o.dir, "limits.db"))
	if err != nil {
		return l, nil, err
	}
	bare, stopBare, err := startBare(ctx)
	if err != nil {
		return l, nil, errors.Join(err, db.Close())
	}
	stop = func() { stopBare(); _ = db.Close() }
	client := newClient(o.workers)
	commit := func(ctx context.Context, _ int) error {
		return db.Update(ctx, store.Actor{Kind: "job", ID: "bench"}, func(tx *store.Tx) error {
			return tx.RevokeJTI(rand.Text(), tx.Now.Add(time.Hour))
		})
	}
	own, form := os.Getpid(), url.Values{"grant_type": {"client_credentials"}, "scope": {"stock"}}
	return limits{
		es256: &series{name: "sign ES256", pid: own, workers: 2, op: func(context.Context, int) error {
			_, err := ecdsa.SignASN1(rand.Reader, ec, digest[:])
			return err
		}},
		rs256: &series{name: "sign RS256", pid: own, workers: 2, op: func(context.Context, int) error {
			_, err := rsa.SignPKCS1v15(nil, rs, crypto.SHA256, digest[:])
			return err
		}},
		hash: &series{name: "argon2id 19 MiB t=2", pid: own, workers: 2, op: func(context.Context, int) error {
			argon2.IDKey([]byte("correct horse"), digest[:16], 2, 19*1024, 1, 32)
			return nil
		}},
		commit: &series{name: "durable commit, one by one", pid: own, workers: 1, op: commit},
		group:  &series{name: fmt.Sprintf("durable commit, %d writers", groupSize), pid: own, workers: groupSize, op: commit},
		bare: &series{name: "bare HTTP handler", pid: bare.pid, workers: o.workers, op: func(ctx context.Context, _ int) error {
			return client.expect(ctx, bare.url, "{")
		}},
		document: &series{name: "bare HTTP handler, a document", pid: bare.pid, workers: o.workers, op: func(ctx context.Context, _ int) error {
			return client.expect(ctx, bare.url+"document", "{")
		}},
		posted: &series{name: "bare HTTP handler, form posted", pid: bare.pid, workers: o.workers, op: func(ctx context.Context, _ int) error {
			_, err := client.post(ctx, bare.url, "a client", "its secret", form)
			return err
		}},
	}, stop, nil
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
// JSON document weighs, until it is stopped. Its time limits are those that no
// server on the net does without; they cost a microsecond or two.
func serveBare(ctx context.Context, out io.Writer) error {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	answer := []byte("{" + strings.Repeat(" ", 500) + "}")
	document := []byte("{" + strings.Repeat(" ", 2700) + "}") // as discovery is
	srv := &http.Server{ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 30 * time.Second}
	srv.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/document" {
			w.Header().Set("Content-Length", strconv.Itoa(len(document))) // or it would go out in pieces
			_, _ = w.Write(document)
			return
		}
		_, _ = w.Write(answer)
	})
	fmt.Fprintln(out, ln.Addr())
	return srv.Serve(ln) //nolint:wrapcheck // until it is killed
}
