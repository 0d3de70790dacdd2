package clients

import "time"

// AuthMethod is how a client proves itself at the token endpoint (OIDC Core §9).
type AuthMethod string

// The methods served.
const (
	AuthBasic AuthMethod = "client_secret_basic"
	AuthPost  AuthMethod = "client_secret_post"
	AuthNone  AuthMethod = "none"
	// AuthKey signs an assertion with a key of the client's own (RFC 7523).
	AuthKey AuthMethod = "private_key_jwt"
	// AuthTLS shows a certificate that a trusted authority issued, AuthSelfSigned
	// one that is registered among the client's keys (RFC 8705).
	AuthTLS        AuthMethod = "tls_client_auth"
	AuthSelfSigned AuthMethod = "self_signed_tls_client_auth"
)

// GrantType is an OAuth grant (RFC 6749).
type GrantType string

// The grants served.
const (
	GrantCode              GrantType = "authorization_code"
	GrantRefresh           GrantType = "refresh_token"
	GrantClientCredentials GrantType = "client_credentials"
	GrantDevice            GrantType = "urn:ietf:params:oauth:grant-type:device_code" // RFC 8628
	// GrantExchange lets the server of a resource call another one on behalf of
	// the person whose token it was shown (RFC 8693).
	GrantExchange GrantType = "urn:ietf:params:oauth:grant-type:token-exchange"
)

// ResponseMode is how the answer of an authorization request travels.
type ResponseMode string

// The response modes served.
const (
	ModeQuery    ResponseMode = "query"
	ModeFormPost ResponseMode = "form_post" // OAuth 2.0 Form Post Response Mode
)

// Profile turns several demands on together.
type Profile string

// ProfileFAPI2 is the FAPI 2.0 Security Profile: see [Client.Validate] and profile.go.
const ProfileFAPI2 Profile = "fapi2"

// Client is one relying party. Clients come from the configuration file or
// from `sekisho client add`; both have these fields. A Client is never changed
// once built: a change is a new value in the [Registry].
type Client struct {
	ID   string `yaml:"id" json:"id"`
	Name string `yaml:"name" json:"name"`
	// Names are display names by language; empty means Name in every language.
	Names map[string]string `yaml:"names" json:"names,omitempty"`
	// Owner is shown on the consent page; empty hides the line.
	Owner string `yaml:"owner" json:"owner,omitempty"`
	// URI is the client's home page, offered after sign-out and on error pages.
	URI string `yaml:"uri" json:"uri,omitempty"`
	// Auth is empty for client_secret_basic.
	Auth AuthMethod `yaml:"auth_method" json:"auth_method,omitempty"`
	// SecretHashes are SHA-256 of generated 256-bit secrets, hex; two at most, for rotation (C-52).
	SecretHashes []string `yaml:"secret_hashes" json:"secret_hashes,omitempty"`
	// Grants is empty for authorization_code alone, or for none when the client
	// serves resources.
	Grants       []GrantType `yaml:"grants" json:"grants,omitempty"`
	RedirectURIs []string    `yaml:"redirect_uris" json:"redirect_uris,omitempty"`
	// PostLogoutURIs may be returned to after sign-out; exact match.
	PostLogoutURIs []string `yaml:"post_logout_redirect_uris" json:"post_logout_redirect_uris,omitempty"`
	// BackchannelLogoutURI is told when a session ends that the client was used
	// in (OpenID Connect Back-Channel Logout 1.0); empty for not at all.
	BackchannelLogoutURI string `yaml:"backchannel_logout_uri" json:"backchannel_logout_uri,omitempty"`
	// InitiateLoginURI is the page of its own that begins a sign-in when somebody
	// comes from here (OIDC Core §4, Third-Party Initiated Login); empty for none.
	InitiateLoginURI string `yaml:"initiate_login_uri" json:"initiate_login_uri,omitempty"`
	// Native lets the port of a registered loopback redirect URI vary (RFC 8252 §7.3).
	Native bool `yaml:"native" json:"native,omitempty"`
	// Scopes the client may ask for. Empty means openid profile email phone offline_access
	// for clients that people sign in to, none otherwise.
	Scopes []string `yaml:"scopes" json:"scopes,omitempty"`
	// Resources are the audiences of its access tokens; empty means the issuer.
	Resources []string `yaml:"resources" json:"resources,omitempty"`
	// Serves are the resources that it is the server of: it may introspect the
	// tokens made for them (RFC 7662).
	Serves []string `yaml:"serves" json:"serves,omitempty"`
	// IntrospectionAlg signs the answers that it introspects as JWT (RFC 9701);
	// empty for RS256.
	IntrospectionAlg string `yaml:"introspection_signed_response_alg" json:"introspection_signed_response_alg,omitempty"`
	// NoPKCE lifts the demand for PKCE from a confidential client; nonce is then required.
	// It is `require_pkce: false` in the file.
	NoPKCE bool `yaml:"-" json:"no_pkce,omitempty"`
	// NoNonce lifts the demand for nonce that a request without PKCE meets.
	// It is `require_nonce: false` in the file.
	NoNonce bool `yaml:"-" json:"no_nonce,omitempty"`
	// RequirePAR refuses authorization requests that were not pushed (RFC 9126).
	RequirePAR bool `yaml:"require_par" json:"require_par,omitempty"`
	// ResponseModes it may ask for; empty means query alone.
	ResponseModes []ResponseMode `yaml:"response_modes" json:"response_modes,omitempty"`
	// JWKS are its public keys: a JWK set in JSON. JWKSURI is where it publishes
	// them instead.
	JWKS    string `yaml:"jwks" json:"jwks,omitempty"`
	JWKSURI string `yaml:"jwks_uri" json:"jwks_uri,omitempty"`
	// AssertionAlg is the algorithm of its assertions; empty accepts all that are
	// served.
	AssertionAlg string `yaml:"assertion_signing_alg" json:"assertion_signing_alg,omitempty"`
	// TLS says which certificate is the client's, for tls_client_auth.
	TLS Certificate `yaml:"tls_client_auth" json:"tls_client_auth,omitzero"`
	// CertificateBound demands that its access tokens be bound to its certificate (RFC 8705 §3).
	CertificateBound bool `yaml:"tls_client_certificate_bound_access_tokens" json:"tls_client_certificate_bound_access_tokens,omitempty"`
	// DPoPBound demands that its access tokens be bound to a key by DPoP (RFC 9449 §5.2).
	DPoPBound bool `yaml:"dpop_bound_access_tokens" json:"dpop_bound_access_tokens,omitempty"`
	// RequestObjectAlg signs its request objects (RFC 9101); empty refuses them.
	RequestObjectAlg string `yaml:"request_object_signing_alg" json:"request_object_signing_alg,omitempty"`
	// IDTokenAlg is empty for RS256; PS256, ES256 and EdDSA are the others.
	IDTokenAlg string `yaml:"id_token_alg" json:"id_token_alg,omitempty"`
	// SubjectType is empty for public: the same subject as everywhere. Pairwise
	// gives the client's sector subjects of its own (OIDC Core §8).
	SubjectType string `yaml:"subject_type" json:"subject_type,omitempty"`
	// SectorURI is a document that lists the redirect URIs of the sector; its host
	// names the sector. Empty means the one host of the redirect URIs.
	SectorURI string `yaml:"sector_identifier_uri" json:"sector_identifier_uri,omitempty"`
	// Profile is empty for none.
	Profile Profile `yaml:"profile" json:"profile,omitempty"`
	// AMRDetail adds sms, tel and mfa to amr (requirements.md 2.C.2).
	AMRDetail bool  `yaml:"amr_detail" json:"amr_detail,omitempty"`
	Rules     Rules `yaml:"rules" json:"rules"`
	// Place is the line of the configuration file where it stands, or names its
	// sector, such as sekisho.yaml:41; empty for one that is not there.
	Place string `yaml:"-" json:"-"`
	// Disabled refuses everything this client asks.
	Disabled bool `yaml:"disabled" json:"disabled,omitempty"`
	// Tool is set for the credential of a shop's external tool.
	Tool *Tool `yaml:"-" json:"-"`
}

// Rules are what a client demands of a sign-in. The zero value demands nothing
// and shows the consent page.
type Rules struct {
	// FirstParty skips the consent page.
	FirstParty bool `yaml:"first_party" json:"first_party,omitempty"`
	// MinACR is the least acr a sign-in must reach; empty means none. A trusted
	// device reaches urn:sekisho:acr:trusted-device and no more.
	MinACR string `yaml:"min_acr" json:"min_acr,omitempty"`
	// EnforceFrom is the moment from which people without two-step verification
	// are taken to set-up (S-109). The zero time means never.
	EnforceFrom time.Time `yaml:"enforce_from" json:"enforce_from,omitzero"`
	// NoTrustedDevices refuses trusted devices for this client.
	// It is `trusted_devices: false` in the file.
	NoTrustedDevices bool `yaml:"-" json:"no_trusted_devices,omitempty"`
}

// Lifetimes are those of what a client is issued, and how often it may fail to
// prove who it is.
type Lifetimes struct {
	Code            time.Duration `yaml:"code"`             // C-35
	PushedRequest   time.Duration `yaml:"pushed_request"`   // C-39
	DeviceCode      time.Duration `yaml:"device_code"`      // C-39, RFC 8628
	AccessToken     time.Duration `yaml:"access_token"`     // C-36, of a person
	ClientToken     time.Duration `yaml:"client_token"`     // C-36, of a client
	IDToken         time.Duration `yaml:"id_token"`         // C-38
	RefreshIdle     time.Duration `yaml:"refresh_idle"`     // C-37
	RefreshAbsolute time.Duration `yaml:"refresh_absolute"` // C-37
	RefreshGrace    time.Duration `yaml:"refresh_grace"`    // T-51, at most 10 s; 0 for none
	LogoutToken     time.Duration `yaml:"logout_token"`     // C-39
	LogoutRetry     time.Duration `yaml:"logout_retry"`     // how long a relying party that is down is tried
	KeyRotation     time.Duration `yaml:"key_rotation"`     // C-53
	Assertion       time.Duration `yaml:"client_assertion"` // C-39, how far away an assertion's expiry may be
	// ClientFailures are the failed authentications of a client from one address
	// in a minute, after which the next are not looked at.
	ClientFailures int `yaml:"client_failures_minute"`
}

// DefaultLifetimes are the numbers of requirements.md section 4.
func DefaultLifetimes() Lifetimes {
	return Lifetimes{
		Code: time.Minute, PushedRequest: time.Minute, DeviceCode: 5 * time.Minute, AccessToken: 5 * time.Minute, ClientToken: 15 * time.Minute, IDToken: 5 * time.Minute,
		RefreshIdle: 14 * 24 * time.Hour, RefreshAbsolute: 30 * 24 * time.Hour, RefreshGrace: 10 * time.Second,
		LogoutToken: 2 * time.Minute, LogoutRetry: 15 * time.Minute,
		KeyRotation: 90 * 24 * time.Hour, Assertion: 5 * time.Minute, ClientFailures: 20,
	}
}
