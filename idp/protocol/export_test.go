package protocol

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/metrics"
)

// ParseBasic lets fuzzing reach the parser of Authorization headers.
var ParseBasic = parseBasic

// ParseCertificate lets fuzzing reach the parser of proxies' headers.
var ParseCertificate = parseCertificate

// JudgeAssertion reads a client assertion and judges its claims, all but the signature.
func JudgeAssertion(token string, now time.Time) error {
	if _, err := assertedClient(token); err != nil {
		return err
	}
	payload, _ := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	_, _, err := judgeAssertion(payload, now, 5*time.Minute, []string{"https://id.example"})
	return err
}

// ReadAuthorize reads an authorization request as the endpoint does, without a
// server around it. code is the error for the relying party, err the one for a page.
func ReadAuthorize(v url.Values, aliases map[string]string, lookup func(string) (*clients.Client, bool)) (out idp.AuthorizeRequest, code string, err error) {
	r, err := reader{
		issuer: "https://id.example", aliases: aliases, lookup: lookup,
		verify: (&partyKeys{now: time.Now, sets: map[string]*keySet{}}).verify,
		now:    func() time.Time { return time.Unix(1_800_000_000, 0) },
		hint:   func(string) (hint, error) { return hint{}, idp.ErrBadToken },
	}.begin(newParams(v))
	if err != nil {
		return out, "", err
	}
	r.unwrap(context.Background())
	if err := r.target(); err != nil {
		return out, "", err
	}
	out, fault := r.read()
	if fault != nil {
		return out, string(fault.ErrorType), nil
	}
	return out, "", nil
}

// Remember lets n tokens be verified, and tells whether the first and the last
// are still remembered and how many are.
func Remember(n int) (first, last bool, size int) {
	var v verified
	token := func(i int) [sha256.Size]byte { return sha256.Sum256([]byte(strconv.Itoa(i))) }
	for i := range n {
		v.add("keys", token(i), accessClaims{})
	}
	_, first = v.get("keys", token(0))
	_, last = v.get("keys", token(n-1))
	return first, last, len(v.now) + len(v.past)
}

// Fail lets clients of n addresses fail to authenticate, tells how many entries
// are remembered then, and whether the last of them must wait.
func Fail(n int, now func() time.Time) (size int, waits bool) {
	f := newFailures(metrics.New(""), now, 1)
	for i := range n {
		f.add(strconv.Itoa(i), "client")
	}
	return len(f.seen), f.wait(strconv.Itoa(n-1), "client") > 0
}
