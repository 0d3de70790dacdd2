package protocol

import (
	"slices"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/clients/dpop"
)

// machineDocument is what the metadata says about machines' requests.
type machineDocument struct {
	endpointURLs
	TokenAuthMethods      []clients.AuthMethod `json:"token_endpoint_auth_methods_supported"`
	TokenAuthAlgs         []string             `json:"token_endpoint_auth_signing_alg_values_supported"`
	RevocationAuthMethods []clients.AuthMethod `json:"revocation_endpoint_auth_methods_supported"`
	RevocationAuthAlgs    []string             `json:"revocation_endpoint_auth_signing_alg_values_supported"`
	StatusAuthMethods     []clients.AuthMethod `json:"introspection_endpoint_auth_methods_supported"`
	StatusAuthAlgs        []string             `json:"introspection_endpoint_auth_signing_alg_values_supported"`
	StatusAlgs            []string             `json:"introspection_signing_alg_values_supported"` // RFC 9701 §7
	DPoPAlgs              []string             `json:"dpop_signing_alg_values_supported"`
	CertificateBound      bool                 `json:"tls_client_certificate_bound_access_tokens"`
	// Aliases are where client certificates are asked for (RFC 8705 §5).
	Aliases *endpointURLs `json:"mtls_endpoint_aliases,omitempty"`
}

// endpointURLs are the endpoints that machines call.
type endpointURLs struct {
	Token      string `json:"token_endpoint"`
	Revocation string `json:"revocation_endpoint"`
	UserInfo   string `json:"userinfo_endpoint"`
	Push       string `json:"pushed_authorization_request_endpoint"`
	Device     string `json:"device_authorization_endpoint"`
	Status     string `json:"introspection_endpoint"`
}

func endpointsAt(base string) endpointURLs {
	return endpointURLs{
		Token: base + PathToken, Revocation: base + PathRevoke, UserInfo: base + PathUserInfo, Push: base + PathPush, Status: base + PathStatus,
		Device: base + PathDevice,
	}
}

func (ep *endpoints) machines() machineDocument {
	auth, algs := ep.authMethods(), clients.Client{}.AssertionAlgs()
	doc := machineDocument{
		endpointURLs:     endpointsAt(ep.issuer),
		TokenAuthMethods: auth, RevocationAuthMethods: auth, TokenAuthAlgs: algs, RevocationAuthAlgs: algs,
		StatusAuthMethods: slices.DeleteFunc(slices.Clone(auth), func(m clients.AuthMethod) bool { return m == clients.AuthNone }), StatusAuthAlgs: algs,
		StatusAlgs: clients.Client{}.SigningAlgs(),
		DPoPAlgs:   dpop.Algorithms(), CertificateBound: ep.certificates.Served,
	}
	if ep.certificates.URL != "" {
		aliases := endpointsAt(ep.certificates.URL)
		doc.Aliases = &aliases
	}
	return doc
}

// authMethods are the ways of client authentication that can succeed here.
func (ep *endpoints) authMethods() []clients.AuthMethod {
	return slices.DeleteFunc(clients.AuthMethods(), func(m clients.AuthMethod) bool {
		return m == clients.AuthTLS && ep.certificates.Roots == nil || m == clients.AuthSelfSigned && !ep.certificates.Served
	})
}

// MachinePaths are the paths that no browser opens, which are also those below
// an alias for client certificates.
func MachinePaths() []string {
	return []string{PathToken, PathRevoke, PathUserInfo, PathPush, PathStatus, PathDevice}
}

// DocumentPaths are the paths of what is the same for everybody.
func DocumentPaths() []string { return []string{PathDiscovery, PathMetadata, PathJWKS} }
