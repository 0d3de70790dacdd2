package password_test

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"

	"github.com/sekisho-id/sekisho/idp/password"
)

// small makes hashes that cost next to nothing.
func small() password.Params {
	return password.Params{MemoryKiB: 64, Time: 1, Deadline: time.Minute, Queue: 1000}
}

func pepper(id string) password.Pepper {
	return password.Pepper{ID: id, Key: []byte("a key outside the database: " + id)}
}

func hashed(t *testing.T, h *password.Hasher, pw string) string {
	t.Helper()
	phc, err := h.Hash(t.Context(), pw)
	if err != nil {
		t.Fatal(err)
	}
	return phc
}

// verify fails the test when the answer is not the expected one.
func verify(t *testing.T, h *password.Hasher, phc, pw string, wantOK, wantRehash bool) {
	t.Helper()
	ok, rehash, err := h.Verify(t.Context(), phc, pw)
	if err != nil || ok != wantOK || rehash != wantRehash {
		t.Errorf("verify %.20q…: got ok %t, rehash %t, error %v; want %t, %t", pw, ok, rehash, err, wantOK, wantRehash)
	}
}

// C-50.
func TestDefaultHashHasTheNumbersOfTheTable(t *testing.T) {
	t.Parallel()
	h := password.New(password.Params{}, pepper("k1"))
	phc := hashed(t, h, "a long enough password")
	if !regexp.MustCompile(`^\$argon2id\$v=19\$m=19456,t=2,p=1,keyid=[A-Za-z0-9+/]+\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`).MatchString(phc) {
		t.Errorf("got %s", phc)
	}
	verify(t, h, phc, "a long enough password", true, false)
	verify(t, h, phc, "a long enough passwore", false, false)
	if hashed(t, h, "a long enough password") == phc {
		t.Error("two hashes of one password are equal: no salt")
	}
}

// N-08, A-6.2.8: every character counts, whatever the normal form it was typed in.
func TestPasswordIsVerifiedWholeAndInNormalFormC(t *testing.T) {
	t.Parallel()
	h := password.New(small(), password.Pepper{})
	long := strings.Repeat("長い合言葉", 51) + "x" // 256 code points
	verify(t, h, hashed(t, h, long), long, true, false)
	verify(t, h, hashed(t, h, long), long[:len(long)-1]+"y", false, false)
	const composed, decomposed = "か\u3099くせい パスワード", "がくせい パスワード" // NFD and NFC
	verify(t, h, hashed(t, h, composed), decomposed, true, false)
	verify(t, h, hashed(t, h, decomposed), composed, true, false)
	verify(t, h, hashed(t, h, " spaces stay "), "spaces stay", false, false)
	verify(t, h, hashed(t, h, "Case stays"), "case stays", false, false)
}

func TestHugePasswordIsRefusedUnhashed(t *testing.T) {
	t.Parallel()
	h := password.New(small(), password.Pepper{})
	for _, n := range []int{1025, 1 << 20} {
		huge := strings.Repeat("x", n)
		if _, err := h.Hash(t.Context(), huge); !errors.Is(err, password.ErrLong) {
			t.Errorf("%d bytes: got %v, want ErrLong", n, err)
		}
		verify(t, h, hashed(t, h, huge[:1024]), huge, false, false)
	}
}

// N-12, T-52: rotation of the pepper, and a database without it.
func TestPepperIsNeededAndRotates(t *testing.T) {
	t.Parallel()
	const pw = "correct horse 1"
	bare := password.New(small(), password.Pepper{})
	old := password.New(small(), pepper("k1"))
	phc := hashed(t, old, pw)
	if _, _, err := bare.Verify(t.Context(), phc, pw); !errors.Is(err, password.ErrPepper) {
		t.Errorf("without the pepper: got %v, want ErrPepper", err)
	}
	wrong := password.New(small(), password.Pepper{ID: "k1", Key: []byte("a guess")})
	verify(t, wrong, phc, pw, false, false)

	rotated := pepper("k2")
	rotated.Old = map[string][]byte{"k1": pepper("k1").Key}
	h := password.New(small(), rotated)
	verify(t, h, phc, pw, true, true)
	verify(t, h, hashed(t, h, pw), pw, true, false)
	verify(t, h, hashed(t, bare, pw), pw, true, true)
}

func TestHashWithOtherParametersAsksForARehash(t *testing.T) {
	t.Parallel()
	const pw = "correct horse 1"
	phc := hashed(t, password.New(small(), password.Pepper{}), pw)
	for name, p := range map[string]password.Params{
		"memory": {MemoryKiB: 128, Time: 1}, "time": {MemoryKiB: 64, Time: 2},
		"parallel": {MemoryKiB: 64, Time: 1, Parallel: 2}, "salt": {MemoryKiB: 64, Time: 1, Salt: 24},
		"key": {MemoryKiB: 64, Time: 1, Key: 48},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := password.New(p, password.Pepper{})
			verify(t, h, phc, pw, true, true)
			verify(t, h, phc, "wrong", false, false)
		})
	}
}

// foreign makes hashes of pw as other systems write them.
func foreign(t *testing.T, pw string) map[string]string {
	t.Helper()
	salt := []byte("0123456789abcdef")
	raw := base64.RawStdEncoding.EncodeToString
	dotted := func(b []byte) string { return strings.ReplaceAll(raw(b), "+", ".") }
	b, err := bcrypt.GenerateFromPassword([]byte(pw), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	s, err := scrypt.Key([]byte(pw), salt, 1<<10, 8, 1, 32)
	if err != nil {
		t.Fatal(err)
	}
	p256, err := pbkdf2.Key(sha256.New, pw, salt, 1000, 32)
	if err != nil {
		t.Fatal(err)
	}
	p512, err := pbkdf2.Key(sha512.New, pw, salt, 1000, 64)
	if err != nil {
		t.Fatal(err)
	}
	a := argon2.IDKey([]byte(pw), salt, 3, 256, 4, 32)
	return map[string]string{
		"argon2id":               "$argon2id$v=19$m=256,t=3,p=4$" + raw(salt) + "$" + raw(a),
		"bcrypt":                 string(b),
		"bcrypt of PHP":          "$2y$" + string(b[4:]),
		"scrypt":                 "$scrypt$ln=10,r=8,p=1$" + raw(salt) + "$" + raw(s),
		"PBKDF2-SHA256":          "$pbkdf2-sha256$i=1000,l=32$" + raw(salt) + "$" + raw(p256),
		"PBKDF2-SHA256, passlib": "$pbkdf2-sha256$1000$" + dotted(salt) + "$" + dotted(p256),
		"PBKDF2-SHA512, passlib": "$pbkdf2-sha512$1000$" + dotted(salt) + "$" + dotted(p512),
		"PBKDF2-SHA256, Django":  "pbkdf2_sha256$1000$" + string(salt) + "$" + base64.StdEncoding.EncodeToString(p256),
	}
}

func TestHashesOfOtherSystemsVerifyAndAskForARehash(t *testing.T) {
	t.Parallel()
	const pw = "合言葉は correct horse"
	h := password.New(small(), pepper("k1"))
	for name, phc := range foreign(t, pw) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := password.Check(phc); err != nil {
				t.Fatal(err)
			}
			verify(t, h, phc, pw, true, true)
			verify(t, h, phc, pw+".", false, false)
			verify(t, h, phc, "", false, false)
		})
	}
}

// T-05: an imported hash is computed by anybody who types a password.
func TestImportedHashCannotStopTheService(t *testing.T) {
	t.Parallel()
	const salt, sum = "MDEyMzQ1Njc4OWFiY2RlZg", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"
	h := password.New(small(), password.Pepper{})
	for name, phc := range map[string]string{
		"empty":                   " ",
		"clear text":              "password",
		"other scheme":            "$1$salt$qJH7.N4xYta3aEG/dfqo/0",
		"argon2i":                 "$argon2i$v=19$m=64,t=1,p=1$" + salt + "$" + sum,
		"argon2id of 4 GiB":       "$argon2id$v=19$m=4194304,t=1,p=1$" + salt + "$" + sum,
		"argon2id of 9999 passes": "$argon2id$v=19$m=19456,t=9999,p=1$" + salt + "$" + sum,
		"argon2id of 255 lanes":   "$argon2id$v=19$m=19456,t=1,p=255$" + salt + "$" + sum,
		"argon2id of no passes":   "$argon2id$v=19$m=19456,t=0,p=1$" + salt + "$" + sum,
		"argon2id, overflow":      "$argon2id$v=19$m=4294967360,t=1,p=1$" + salt + "$" + sum,
		"argon2id without a sum":  "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$",
		"argon2id, short sum":     "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$MDEyMw",
		"argon2id, no Base64":     "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + sum + "!!",
		"argon2id without salt":   "$argon2id$v=19$m=64,t=1,p=1$$" + sum,
		"bcrypt of cost 31":       "$2b$31$" + strings.Repeat("a", 53),
		"bcrypt of cost 3":        "$2b$03$" + strings.Repeat("a", 53),
		"bcrypt, flawed kind":     "$2x$10$" + strings.Repeat("a", 53),
		"scrypt of 16 GiB":        "$scrypt$ln=24,r=8,p=1$" + salt + "$" + sum,
		"scrypt, wide":            "$scrypt$ln=18,r=64,p=1$" + salt + "$" + sum,
		"scrypt, many":            "$scrypt$ln=17,r=8,p=16$" + salt + "$" + sum,
		"scrypt of nothing":       "$scrypt$ln=0,r=0,p=0$" + salt + "$" + sum,
		"PBKDF2 for ever":         "$pbkdf2-sha256$999999999$" + salt + "$" + sum,
		"PBKDF2 of no iterations": "$pbkdf2-sha512$0$" + salt + "$" + sum,
		"a megabyte":              "$argon2id$v=19$m=64,t=1,p=1$" + strings.Repeat("A", 1<<20) + "$" + sum,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := password.Check(phc); !errors.Is(err, password.ErrHash) {
				t.Errorf("check: got %v, want ErrHash", err)
			}
			if ok, _, err := h.Verify(t.Context(), phc, "password"); ok || !errors.Is(err, password.ErrHash) {
				t.Errorf("verify: got %t, %v, want ErrHash", ok, err)
			}
		})
	}
}

// T-05: 500 sign-ins at once never compute more than two hashes at a time, and
// whoever is not served is told to come again.
func TestParallelSignInsCannotExhaustMemory(t *testing.T) {
	t.Parallel()
	h := password.New(password.Params{MemoryKiB: 1024, Time: 3, Concurrency: 2, Queue: 64, Deadline: 200 * time.Millisecond}, pepper("k1"))
	phc := hashed(t, h, "correct horse 1")
	start, errs := make(chan struct{}), make(chan error, 500)
	var wg sync.WaitGroup
	for range 500 {
		wg.Go(func() {
			<-start
			ok, _, err := h.Verify(t.Context(), phc, "correct horse 1")
			if err == nil && !ok {
				t.Error("the right password was refused")
			}
			errs <- err
		})
	}
	close(start)
	wg.Wait()
	close(errs)
	served := 0
	for err := range errs {
		if err == nil {
			served++
		} else if !errors.Is(err, password.ErrBusy) {
			t.Errorf("got %v, want ErrBusy", err)
		}
	}
	s := h.Stats()
	if s.Peak > 2 || s.Running != 0 || s.Waiting != 0 || served == 0 || int64(served)+s.Refused != 500 {
		t.Errorf("served %d, %+v", served, s)
	}
}

// A hash that could not be verified again must not be made.
func TestHasherThatCouldNotVerifyItsOwnHashesIsNotMade(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]password.Params{
		"too much memory": {MemoryKiB: 1 << 20}, "too little memory": {MemoryKiB: 7}, "too many passes": {Time: 1000},
		"too many lanes": {Parallel: 17}, "short salt": {Salt: 3}, "long key": {Key: 65}, "negative queue": {Queue: -1},
	} {
		if err := p.Validate(); !errors.Is(err, password.ErrParams) {
			t.Errorf("%s: got %v, want ErrParams", name, err)
		}
	}
	for _, p := range []password.Params{{}, password.DefaultParams(), small()} {
		if err := p.Validate(); err != nil {
			t.Errorf("%+v: got %v", p, err)
		}
	}
	for name, do := range map[string]func(){
		"params":              func() { password.New(password.Params{Key: 1}, password.Pepper{}) },
		"pepper without id":   func() { password.New(small(), password.Pepper{Key: []byte("key")}) },
		"pepper with long id": func() { password.New(small(), pepper(strings.Repeat("k", 65))) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Error("got no panic")
				}
			}()
			do()
		})
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("$argon2id$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg")
	f.Add("$2b$04$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234")
	f.Add("$scrypt$ln=4,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg")
	f.Add("$pbkdf2-sha512$10$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg")
	h := password.New(small(), password.Pepper{})
	f.Fuzz(func(t *testing.T, phc string) {
		if password.Check(phc) != nil {
			return
		}
		start := time.Now()
		if ok, _, _ := h.Verify(t.Context(), phc, "no such password"); ok {
			t.Errorf("%q verifies", phc)
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%q took %s", phc, took)
		}
	})
}

func BenchmarkHash(b *testing.B) {
	h := password.New(password.Params{}, pepper("k1"))
	for b.Loop() {
		if _, err := h.Hash(b.Context(), "correct horse battery staple"); err != nil {
			b.Fatal(err)
		}
	}
}
