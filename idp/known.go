package idp

import (
	"crypto/hmac"
	"encoding/base64"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// A known browser is one in which an address signed in before. Its cookie is
// `nonce.mac`, where the mac is over nonce and address, so that it proves
// nothing but that and needs no row (T-04).

func (p *Provider) knownToken(email string) string {
	nonce := newID()
	return nonce + "." + p.knownMAC(nonce, email)
}

func (p *Provider) knownMAC(nonce, email string) string {
	return base64.RawURLEncoding.EncodeToString(p.st.MAC("known browser", nonce, email))
}

func (p *Provider) knows(b *Browser, email string) bool {
	nonce, mac, ok := strings.Cut(b.Known, ".")
	return ok && hmac.Equal([]byte(mac), []byte(p.knownMAC(nonce, email)))
}

// normaliseEmail is the form in which addresses are compared and kept: NFKC,
// trimmed, lower case. Local parts are folded too: no provider in use tells
// them apart by case, and two accounts that differ by case only would be a trap.
func normaliseEmail(s string) string {
	return strings.ToLower(strings.TrimSpace(norm.NFKC.String(s)))
}

// passwordLen counts code points after NFC (N-08).
func passwordLen(pw string) int {
	return len([]rune(norm.NFC.String(pw)))
}
