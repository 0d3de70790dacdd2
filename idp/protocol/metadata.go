package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/sekisho-id/sekisho/clients"
)

// clientMetadata is what a client says of itself (RFC 7591 §2, OpenID Connect
// Dynamic Registration §2 and the standards that add to them). What is not
// here is ignored, as the standard demands; what would promise something that
// is not kept is in refusedMetadata.
type clientMetadata struct {
	RedirectURIs     []string            `json:"redirect_uris,omitempty"`
	AuthMethod       clients.AuthMethod  `json:"token_endpoint_auth_method"`
	AuthAlg          string              `json:"token_endpoint_auth_signing_alg,omitempty"`
	Grants           []clients.GrantType `json:"grant_types"`
	ResponseTypes    []string            `json:"response_types"`
	Name             string              `json:"client_name"`
	NameJA           string              `json:"client_name#ja,omitempty"`
	NameEN           string              `json:"client_name#en,omitempty"`
	URI              string              `json:"client_uri,omitempty"`
	Scope            string              `json:"scope"`
	JWKS             json.RawMessage     `json:"jwks,omitempty"`
	JWKSURI          string              `json:"jwks_uri,omitempty"`
	ApplicationType  string              `json:"application_type"`
	SubjectType      string              `json:"subject_type"`
	SectorURI        string              `json:"sector_identifier_uri,omitempty"`
	IDTokenAlg       string              `json:"id_token_signed_response_alg"`
	RequestObjectAlg string              `json:"request_object_signing_alg,omitempty"`
	PostLogoutURIs   []string            `json:"post_logout_redirect_uris,omitempty"`
	BackchannelURI   string              `json:"backchannel_logout_uri,omitempty"`
	InitiateURI      string              `json:"initiate_login_uri,omitempty"`
	RequirePAR       bool                `json:"require_pushed_authorization_requests"`
	DPoPBound        bool                `json:"dpop_bound_access_tokens"`
	CertificateBound bool                `json:"tls_client_certificate_bound_access_tokens"`
	SubjectDN        string              `json:"tls_client_auth_subject_dn,omitempty"`
	SanDNS           string              `json:"tls_client_auth_san_dns,omitempty"`
	SanURI           string              `json:"tls_client_auth_san_uri,omitempty"`
	SanIP            string              `json:"tls_client_auth_san_ip,omitempty"`
	SanEmail         string              `json:"tls_client_auth_san_email,omitempty"`
	// ClientID and ClientSecret are said when a registration is changed (RFC 7592 §2.2).
	ClientID     string `json:"client_id,omitempty"`
	ClientSecret string `json:"client_secret,omitempty"`
	// Statement is refused (RFC 7591 §3.2.2).
	Statement string `json:"software_statement,omitempty"`
}

// mostName is how long a client's name may be, in characters; mostURIs how many
// URIs it may return to.
const mostName, mostURIs = 60, 20

// refusedMetadata would be promises that are not kept: ignored, they would
// leave a client less guarded than it believes to be.
var refusedMetadata = []string{
	"id_token_encrypted_response_alg", "id_token_encrypted_response_enc", "userinfo_signed_response_alg",
	"userinfo_encrypted_response_alg", "userinfo_encrypted_response_enc", "request_object_encryption_alg",
	"request_object_encryption_enc", "default_max_age", "default_acr_values", "frontchannel_logout_uri",
	"authorization_signed_response_alg", "require_signed_request_object",
}

// metadataNames are the metadata by the field of the registration they end in.
var metadataNames = map[string]string{
	"id": "client_id", "name": "client_name", "names": "client_name", "uri": "client_uri", "auth_method": "token_endpoint_auth_method",
	"secret_hashes": "client_secret", "grants": "grant_types", "scopes": "scope", "assertion_signing_alg": "token_endpoint_auth_signing_alg",
	"id_token_alg": "id_token_signed_response_alg",
}

// readMetadata reads one JSON object.
func readMetadata(body io.Reader) (clientMetadata, *oidc.Error) {
	var m clientMetadata
	var members map[string]json.RawMessage
	text, err := io.ReadAll(body)
	if err != nil {
		return m, errTooLarge
	}
	if err := json.Unmarshal(text, &members); err != nil || members == nil {
		return m, errMetadata
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, errMetadata
	}
	if m.Statement != "" {
		return m, errStatement
	}
	var refused []string
	for _, name := range refusedMetadata {
		if v, ok := members[name]; ok && !bytes.Equal(v, []byte("null")) && !bytes.Equal(v, []byte("false")) {
			refused = append(refused, name)
		}
	}
	if len(refused) > 0 {
		return m, notAccepted(refused)
	}
	return m, nil
}

// notAccepted names metadata that is refused; the names are ours.
func notAccepted(names []string) *oidc.Error {
	slices.Sort(names)
	names = slices.Compact(names)
	e := &oidc.Error{ErrorType: errMetadata.ErrorType}
	if slices.Contains(names, "redirect_uris") {
		e.ErrorType = "invalid_redirect_uri"
	}
	e.Description = "not accepted: " + strings.Join(names, ", ")
	return e
}

// client is what the metadata asks to be, in the form that the configuration's
// clients have; the same rules judge both.
func (m clientMetadata) client() (clients.Client, *oidc.Error) {
	c := clients.Client{
		Name: m.Name, URI: m.URI, Auth: m.AuthMethod, AssertionAlg: m.AuthAlg, Grants: m.Grants, RedirectURIs: m.RedirectURIs,
		Scopes: strings.Fields(m.Scope), JWKS: string(m.JWKS), JWKSURI: m.JWKSURI, Native: m.ApplicationType == "native",
		SubjectType: m.SubjectType, SectorURI: m.SectorURI, IDTokenAlg: m.IDTokenAlg, RequestObjectAlg: m.RequestObjectAlg,
		PostLogoutURIs: m.PostLogoutURIs, BackchannelLogoutURI: m.BackchannelURI, RequirePAR: m.RequirePAR, DPoPBound: m.DPoPBound,
		CertificateBound: m.CertificateBound, InitiateLoginURI: m.InitiateURI,
		TLS: clients.Certificate{SubjectDN: m.SubjectDN, DNS: m.SanDNS, URI: m.SanURI, IP: m.SanIP, Email: m.SanEmail},
	}
	if string(m.JWKS) == "null" {
		c.JWKS = ""
	}
	for lang, name := range map[string]string{"ja": m.NameJA, "en": m.NameEN} {
		if name != "" {
			if c.Names == nil {
				c.Names = map[string]string{}
			}
			c.Names[lang] = name
		}
	}
	c.Name = strings.TrimSpace(firstOf(m.Name, m.NameEN, m.NameJA))
	var refused []string
	if len(c.Grants) == 0 {
		c.Grants = []clients.GrantType{clients.GrantCode}
	}
	want := []string{}
	if c.Allows(clients.GrantCode) {
		want = []string{"code"}
	}
	if m.ResponseTypes != nil && !slices.Equal(m.ResponseTypes, want) {
		refused = append(refused, "response_types")
	}
	if !slices.Contains([]string{"", "web", "native"}, m.ApplicationType) {
		refused = append(refused, "application_type")
	}
	for _, name := range []string{c.Name, m.NameJA, m.NameEN} { // people read it beside what they decide
		if len([]rune(name)) > mostName || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
			refused = append(refused, "client_name")
		}
	}
	for name, list := range map[string][]string{"redirect_uris": m.RedirectURIs, "post_logout_redirect_uris": m.PostLogoutURIs} {
		if len(list) > mostURIs {
			refused = append(refused, name)
		}
	}
	if refused != nil {
		return c, notAccepted(refused)
	}
	return c, nil
}

func firstOf(values ...string) string {
	for _, v := range values {
		if strings.TrimSpace(v) != "" {
			return v
		}
	}
	return ""
}

// metadataFault tells a client which of its metadata is at fault, by name and
// without what was sent; nil for another error.
func metadataFault(err error) *oidc.Error {
	var names []string
	for _, one := range flat(err) {
		fault, ok := errors.AsType[*clients.Fault](one)
		if !ok {
			return nil
		}
		field, _, _ := strings.Cut(fault.Field, "[")
		field, _, _ = strings.Cut(field, ".")
		name, ok := metadataNames[field]
		if !ok {
			name = field
		}
		names = append(names, name)
	}
	if names == nil {
		return nil
	}
	return notAccepted(names)
}

// flat are the errors that were joined.
func flat(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var out []error
	for _, one := range joined.Unwrap() {
		out = append(out, flat(one)...)
	}
	return out
}

// metadataOf is what a client is registered with, defaults written out.
func metadataOf(c clients.Client) clientMetadata {
	m := clientMetadata{
		RedirectURIs: c.RedirectURIs, AuthMethod: c.AuthMethod(), AuthAlg: c.AssertionAlg, Grants: c.Grants, ResponseTypes: []string{},
		Name: c.Name, NameJA: c.Names["ja"], NameEN: c.Names["en"], URI: c.URI, Scope: strings.Join(c.AllowedScopes(), " "),
		JWKS: json.RawMessage(c.JWKS), JWKSURI: c.JWKSURI, ApplicationType: "web", SubjectType: clients.SubjectPublic, SectorURI: c.SectorURI,
		IDTokenAlg: c.SigningAlg(), RequestObjectAlg: c.RequestObjectAlg, PostLogoutURIs: c.PostLogoutURIs, BackchannelURI: c.BackchannelLogoutURI,
		InitiateURI: c.InitiateLoginURI, RequirePAR: c.RequirePAR, DPoPBound: c.DPoPBound, CertificateBound: c.CertificateBound,
		SubjectDN: c.TLS.SubjectDN, SanDNS: c.TLS.DNS, SanURI: c.TLS.URI, SanIP: c.TLS.IP, SanEmail: c.TLS.Email, ClientID: c.ID,
	}
	if c.Allows(clients.GrantCode) {
		m.ResponseTypes = []string{"code"}
	}
	if c.Native {
		m.ApplicationType = "native"
	}
	if c.Pairwise() {
		m.SubjectType = clients.SubjectPairwise
	}
	return m
}

// registrationURI is where a client reads and changes what it has registered.
func (ep *endpoints) registrationURI(id string) string {
	return fmt.Sprintf("%s%s/%s", ep.issuer, PathRegister, id)
}
