package send

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// linkKeyBytes is the least length of the key that signs URLs.
const linkKeyBytes = 32

// ErrURL is a gateway's URL that is not ours or too old.
var ErrURL = errors.New("no such URL")

// links are URLs of ours that only a gateway is told: signed, and good for a while.
type links struct {
	use, base string
	key       []byte
	lifetime  time.Duration
	now       func() time.Time
}

// newLinks makes links for one use below base, an https URL of ours.
func newLinks(use, base string, key []byte, lifetime time.Duration, now func() time.Time) (links, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "https" && !loopback(u.Hostname()) {
		return links{}, errors.New(use + " URLs: base is not an https URL")
	}
	if len(key) < linkKeyBytes {
		return links{}, fmt.Errorf("%s URLs: key is shorter than %d bytes", use, linkKeyBytes)
	}
	return links{use: use, base: strings.TrimSuffix(base, "/"), key: key, lifetime: lifetime, now: now}, nil
}

// make is the URL that stands for a text.
func (l links) make(text string) string {
	payload := strconv.AppendInt(nil, l.now().Add(l.lifetime).Unix(), 10)
	payload = append(append(payload, ' '), text...)
	return l.base + "/" + encode(payload) + "." + encode(l.mac(payload))
}

// open is the text of a URL, given its last path element; [ErrURL] for any other.
func (l links) open(token string) (string, error) {
	first, second, _ := strings.Cut(token, ".")
	payload, err1 := base64.RawURLEncoding.Strict().DecodeString(first)
	mac, err2 := base64.RawURLEncoding.Strict().DecodeString(second)
	if err1 != nil || err2 != nil || !hmac.Equal(mac, l.mac(payload)) {
		return "", ErrURL
	}
	at, text, _ := strings.Cut(string(payload), " ")
	if expiry, err := strconv.ParseInt(at, 10, 64); err != nil || l.now().Unix() >= expiry {
		return "", ErrURL
	}
	return text, nil
}

func (l links) mac(payload []byte) []byte {
	h := hmac.New(sha256.New, l.key)
	h.Write([]byte("sekisho " + l.use + "\x00"))
	h.Write(payload)
	return h.Sum(nil)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
