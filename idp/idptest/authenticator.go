package idptest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"
)

// Authenticator is a device that makes and uses passkeys (WebAuthn, ES256). It
// signs whatever it is told to, so that tests can play an honest one, a phishing
// site's and a thief's.
type Authenticator struct {
	// Origin is what the browser says it shows; ID is the site's host name.
	Origin, ID string
	// Verifies is whether it verifies the person; Synced whether its keys may be copied.
	Verifies, Synced bool
	// AAGUID is its make.
	AAGUID [16]byte
	// Count is the signature counter; it stays 0 when Counts is false.
	Count  uint32
	Counts bool
	// Silent leaves the user handle out of answers, as security keys do.
	Silent bool

	t          testing.TB
	key        *ecdsa.PrivateKey
	credential []byte
	user       string
}

// Authenticator makes a device in front of the provider's pages that verifies
// its owner and keeps its key.
func (s *Server) Authenticator(t testing.TB) *Authenticator {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return &Authenticator{Origin: s.URL, ID: "localhost", Verifies: true, Counts: true, t: t, key: key, credential: []byte(rand.Text())}
}

// DeviceOf is a person's own device: the same one at every call.
func (s *Server) DeviceOf(t testing.TB, email string) *Authenticator {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.devices[email] == nil {
		s.devices[email] = s.Authenticator(t)
	}
	return s.devices[email]
}

// Copy is a copy of the device, key and counter, as a thief would make.
func (a *Authenticator) Copy() *Authenticator {
	c := *a
	return &c
}

// Credential is the id of its passkey.
func (a *Authenticator) Credential() []byte { return a.credential }

// ceremony is what the options of a ceremony hold that a device needs.
type ceremony struct {
	Challenge string `json:"challenge"`
	User      struct {
		ID string `json:"id"`
	} `json:"user"`
}

// Create answers a creation, which is the options as JSON.
func (a *Authenticator) Create(options []byte) []byte {
	a.t.Helper()
	o := a.read(options)
	user, err := base64.RawURLEncoding.DecodeString(o.User.ID)
	must(a.t, err)
	a.user = string(user)
	auth := a.authData(0x40)
	auth = append(auth, a.AAGUID[:]...)
	auth = binary.BigEndian.AppendUint16(auth, uint16(len(a.credential)))
	auth = append(auth, a.credential...)
	auth = append(auth, a.cose()...)
	// CBOR: {"fmt": "none", "attStmt": {}, "authData": bytes}
	object := append([]byte{0xa3, 0x63}, "fmt"...)
	object = append(append(object, 0x64), "none"...)
	object = append(append(object, 0x67), "attStmt"...)
	object = append(append(object, 0xa0, 0x68), "authData"...)
	object = binary.BigEndian.AppendUint16(append(object, 0x59), uint16(len(auth)))
	object = append(object, auth...)
	return a.answer(map[string]any{
		"clientDataJSON": encode(a.client("webauthn.create", o.Challenge)), "attestationObject": encode(object),
		"transports": []string{"internal", "hybrid"},
	})
}

// Use answers a request, which is the options as JSON.
func (a *Authenticator) Use(options []byte) []byte {
	a.t.Helper()
	if a.Counts {
		a.Count++
	}
	auth, client := a.authData(0), a.client("webauthn.get", a.read(options).Challenge)
	hash := sha256.Sum256(client)
	signed := sha256.Sum256(append(append([]byte{}, auth...), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, signed[:])
	must(a.t, err)
	response := map[string]any{"clientDataJSON": encode(client), "authenticatorData": encode(auth), "signature": encode(signature)}
	if !a.Silent {
		response["userHandle"] = encode([]byte(a.user))
	}
	return a.answer(response)
}

func (a *Authenticator) read(options []byte) ceremony {
	a.t.Helper()
	var o ceremony
	must(a.t, json.Unmarshal(options, &o))
	return o
}

func (a *Authenticator) client(kind, challenge string) []byte {
	a.t.Helper()
	out, err := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": a.Origin, "crossOrigin": false})
	must(a.t, err)
	return out
}

// authData is the hash of the site's id, flags and counter.
func (a *Authenticator) authData(flags byte) []byte {
	flags |= 0x01 // somebody was there
	if a.Verifies {
		flags |= 0x04
	}
	if a.Synced {
		flags |= 0x18
	}
	id := sha256.Sum256([]byte(a.ID))
	return binary.BigEndian.AppendUint32(append(id[:], flags), a.Count)
}

// cose is the public key: {1: 2, 3: -7, -1: 1, -2: x, -3: y}.
func (a *Authenticator) cose() []byte {
	a.t.Helper()
	point, err := a.key.PublicKey.Bytes()
	must(a.t, err)
	out := append([]byte{0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20}, point[1:33]...)
	return append(append(out, 0x22, 0x58, 0x20), point[33:]...)
}

func (a *Authenticator) answer(response map[string]any) []byte {
	a.t.Helper()
	out, err := json.Marshal(map[string]any{
		"id": encode(a.credential), "rawId": encode(a.credential), "type": "public-key", "response": response,
		"clientExtensionResults": map[string]any{},
	})
	must(a.t, err)
	return out
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
