package passkey

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"github.com/sekisho-id/sekisho/mfa"
)

// The errors of a ceremony.
var (
	// ErrAnswer: what the browser sent is no answer of WebAuthn.
	ErrAnswer = errors.New("not an answer of a passkey")
	// ErrRefused: another challenge, origin or key than was asked for, or a bad signature.
	ErrRefused = errors.New("passkey refused")
	// ErrUnverified: the authenticator did not verify the person, where that was demanded.
	ErrUnverified = errors.New("passkey did not verify the person")
	// ErrCloned: the signature counter went backwards, as that of a copied key does.
	ErrCloned = errors.New("passkey may have been copied")
)

// ChallengeSize is how many bytes a challenge has at least.
const ChallengeSize = 32

// maxTransports bounds what is kept of a browser's word about a passkey.
const maxTransports = 8

// Site is whom passkeys are made for.
type Site struct {
	// ID is the issuer's host name, Origin its scheme, host and port.
	ID, Origin string
	// Name is shown by authenticators.
	Name string
}

// NewSite is the site of an issuer. It reports false where browsers make no
// passkeys: for an issuer that is an IP address, or is not served securely.
func NewSite(issuer, name string) (Site, bool) {
	u, err := url.Parse(issuer)
	if err != nil || u.Hostname() == "" {
		return Site{}, false
	}
	_, notIP := netip.ParseAddr(u.Hostname())
	local := u.Hostname() == "localhost" || strings.HasSuffix(u.Hostname(), ".localhost")
	if notIP == nil || u.Scheme != "https" && !local {
		return Site{}, false
	}
	return Site{ID: u.Hostname(), Origin: u.Scheme + "://" + u.Host, Name: name}, true
}

// parameters are what keys may sign with: ES256, EdDSA and RS256 serve all authenticators.
func parameters() []protocol.CredentialParameter {
	return []protocol.CredentialParameter{
		{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgES256},
		{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgEdDSA},
		{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgRS256},
	}
}

// Person is whom a passkey is made for.
type Person struct{ ID, Email, Name string }

// Creation is what a browser is asked to make a passkey, as JSON for
// parseCreationOptionsFromJSON. The person's own passkeys are named, so that
// no authenticator makes a second one.
func (s Site) Creation(challenge []byte, p Person, own []mfa.Passkey) []byte {
	display := p.Name
	if display == "" {
		display = p.Email
	}
	return encode(map[string]any{
		"rp":               map[string]any{"id": s.ID, "name": s.Name},
		"user":             map[string]any{"id": protocol.URLEncodedBase64(p.ID), "name": p.Email, "displayName": display},
		"challenge":        protocol.URLEncodedBase64(challenge),
		"pubKeyCredParams": parameters(),
		// Preferred, not required: a security key without a PIN still serves as a second step.
		"authenticatorSelection": map[string]any{"residentKey": "preferred", "userVerification": "preferred"},
		"excludeCredentials":     descriptors(own),
		"attestation":            "none",
		"extensions":             map[string]any{"credProps": true},
	})
}

// Request is what a browser is asked to use a passkey, as JSON for
// parseRequestOptionsFromJSON. Without allowed any passkey of the site serves,
// so that nothing tells whose there are. verify demands that the person is verified.
func (s Site) Request(challenge []byte, verify bool, allowed []mfa.Passkey) []byte {
	verification := "preferred"
	if verify {
		verification = "required"
	}
	return encode(map[string]any{
		"challenge": protocol.URLEncodedBase64(challenge), "rpId": s.ID,
		"allowCredentials": descriptors(allowed), "userVerification": verification,
	})
}

func descriptors(keys []mfa.Passkey) []protocol.CredentialDescriptor {
	out := make([]protocol.CredentialDescriptor, 0, len(keys))
	for _, k := range keys {
		d := protocol.CredentialDescriptor{Type: protocol.PublicKeyCredentialType, CredentialID: k.Credential}
		for _, t := range k.Transports {
			d.Transport = append(d.Transport, protocol.AuthenticatorTransport(t))
		}
		out = append(out, d)
	}
	return out
}

func encode(options map[string]any) []byte {
	out, err := json.Marshal(options)
	if err != nil {
		panic("passkey: " + err.Error()) // texts, numbers and bytes can always be written
	}
	return out
}

// Create judges what a browser answered to [Site.Creation] and returns the new
// passkey. Verified tells whether its authenticator verified the person.
func (s Site) Create(challenge, answer []byte) (k mfa.Passkey, verified bool, err error) {
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return k, false, ErrAnswer
	}
	_, err = parsed.Verify(protocol.URLEncodedBase64(challenge).String(), s.ID, []string{s.Origin}, nil, nil,
		protocol.TopOriginImplicitVerificationMode, false, false, true, nil, parameters(),
		protocol.AttestationPolicy{}, protocol.SignaturePolicy{})
	if err != nil {
		return k, false, ErrRefused
	}
	auth := parsed.Response.AttestationObject.AuthData
	k = mfa.Passkey{
		Credential: slices.Clone(auth.AttData.CredentialID), PublicKey: slices.Clone(auth.AttData.CredentialPublicKey),
		SignCount: auth.Counter, AAGUID: aaguid(auth.AttData.AAGUID),
		Synced: auth.Flags.HasBackupEligible(), BackedUp: auth.Flags.HasBackupState(),
	}
	for _, t := range parsed.Response.Transports[:min(len(parsed.Response.Transports), maxTransports)] {
		if known[t] {
			k.Transports = append(k.Transports, string(t))
		}
	}
	return k, auth.Flags.HasUserVerified(), nil
}

// known are the transports a browser may be told again.
var known = map[protocol.AuthenticatorTransport]bool{
	protocol.USB: true, protocol.NFC: true, protocol.BLE: true, protocol.SmartCard: true, protocol.Hybrid: true, protocol.Internal: true,
}

// Answer is what a browser answered to [Site.Request]. Nothing in it is proved
// before [Site.Check].
type Answer struct {
	// Credential says which passkey it claims to be.
	Credential []byte
	// User is whose it claims to be; empty when the authenticator does not say.
	User string

	parsed *protocol.ParsedCredentialAssertionData
}

// Read reads an answer.
func Read(answer []byte) (Answer, error) {
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return Answer{}, ErrAnswer
	}
	return Answer{Credential: parsed.RawID, User: string(parsed.Response.UserHandle), parsed: parsed}, nil
}

// Use is what a good answer says beside that it is good.
type Use struct {
	// Verified tells whether the authenticator verified the person.
	Verified  bool
	BackedUp  bool
	SignCount uint32
}

// Check judges an answer by the passkey it claims to be. The errors are
// [ErrRefused], [ErrUnverified] and [ErrCloned]; the last one only for an
// answer that is good otherwise.
func (s Site) Check(a Answer, challenge []byte, verify bool, k mfa.Passkey) (Use, error) {
	if a.parsed == nil || subtle.ConstantTimeCompare(a.Credential, k.Credential) != 1 || a.User != "" && a.User != k.UserID {
		return Use{}, ErrRefused
	}
	err := a.parsed.Verify(protocol.URLEncodedBase64(challenge).String(), s.ID, "", []string{s.Origin}, nil, nil,
		protocol.TopOriginImplicitVerificationMode, false, false, true, k.PublicKey, protocol.SignaturePolicy{})
	if err != nil {
		return Use{}, ErrRefused
	}
	auth := a.parsed.Response.AuthenticatorData
	u := Use{Verified: auth.Flags.HasUserVerified(), BackedUp: auth.Flags.HasBackupState(), SignCount: auth.Counter}
	switch {
	case auth.Flags.HasBackupEligible() != k.Synced: // WebAuthn §6.1.3: it never changes
		return Use{}, ErrRefused
	case verify && !u.Verified:
		return Use{}, ErrUnverified
	case u.SignCount <= k.SignCount && (u.SignCount != 0 || k.SignCount != 0): // WebAuthn §7.2 step 22
		return u, ErrCloned
	}
	return u, nil
}
