package protocol

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/signin"
)

// scopeClaims are the claims about a person that we can truthfully give, by the
// scope that asks for them all (OIDC Core §5.4).
var scopeClaims = []struct {
	scope  string
	claims []string
}{
	{"profile", []string{"name", "locale", "zoneinfo", "updated_at"}},
	{"email", []string{"email", "email_verified"}},
	{"phone", []string{"phone_number", "phone_number_verified"}},
	{"address", []string{"address"}},
	{clients.ScopeAccount, []string{"account_id", "account_role"}}, // ours; see acting
}

// scopeOf is the scope that a claim belongs to; empty for one we do not give.
func scopeOf(claim string) string {
	for _, s := range scopeClaims {
		if slices.Contains(s.claims, claim) {
			return s.scope
		}
	}
	return ""
}

// claimsAsked is the claims parameter (OIDC Core §5.5). Members that are not
// understood are ignored.
type claimsAsked struct {
	UserInfo map[string]*claimAsked `json:"userinfo"`
	IDToken  map[string]*claimAsked `json:"id_token"`
}

// claimAsked is how one claim is asked for; nil asks for whatever it is.
type claimAsked struct {
	Essential bool              `json:"essential"`
	Value     json.RawMessage   `json:"value"`
	Values    []json.RawMessage `json:"values"`
}

// strings are the values asked for, in their order. Only texts can be wanted of
// the claims that values matter for.
func (c *claimAsked) strings() (out []string, ok bool) {
	if c == nil {
		return nil, true
	}
	all := c.Values
	if len(c.Value) > 0 {
		all = append([]json.RawMessage{c.Value}, all...)
	}
	for _, raw := range all {
		var s string
		if err := json.Unmarshal(raw, &s); err != nil || s == "" {
			return nil, false
		}
		out = append(out, s)
	}
	return out, true
}

// claims reads what is asked for one by one. A claim is told when its scope is
// one that the client may have; where consent is asked for, it is for that scope.
// Values matter for two claims: acr, and sub, which is whom the answer must be
// about. Of the others the truth is told, whatever value was asked for.
func (r *reading) claims() *oidc.Error {
	raw := r.p.get("claims")
	if raw == "" {
		return nil
	}
	var asked *claimsAsked
	if err := json.Unmarshal([]byte(raw), &asked); err != nil || asked == nil {
		return errClaims
	}
	r.out.Claims.UserInfo, r.out.Claims.IDToken = r.mayHave(asked.UserInfo), r.mayHave(asked.IDToken)
	for _, claim := range slices.Concat(r.out.Claims.UserInfo, r.out.Claims.IDToken) {
		if scope := scopeOf(claim); !slices.Contains(r.out.Request.Scopes, scope) {
			r.out.Request.Scopes = append(r.out.Request.Scopes, scope)
		}
	}
	if fault := r.subject(asked); fault != nil {
		return fault
	}
	return r.askedACR(asked.IDToken["acr"])
}

// mayHave are the claims asked for that exist and that the client may have, sorted.
func (r *reading) mayHave(asked map[string]*claimAsked) []string {
	var out []string
	allowed := r.client.AllowedScopes()
	for claim := range asked {
		if scope := scopeOf(claim); scope != "" && slices.Contains(allowed, scope) {
			out = append(out, claim)
		}
	}
	slices.Sort(out)
	return out
}

// subject takes the person whom a value of sub names, as an id_token_hint would
// (OIDC Core §5.5.1: nobody else's success is an answer).
func (r *reading) subject(asked *claimsAsked) *oidc.Error {
	want := r.out.HintSubject
	for _, from := range []map[string]*claimAsked{asked.IDToken, asked.UserInfo} {
		values, ok := from["sub"].strings()
		if !ok {
			return errClaims
		}
		for _, sub := range values {
			if want != "" && want != sub {
				return errSubjects
			}
			want = sub
		}
	}
	r.out.HintSubject = want
	return nil
}

// askedACR reads the acr claim. An essential one is binding: any of its values
// will do, so the weakest is what must be reached (OIDC Core §5.5.1.1, O-23).
// A voluntary one is as good as acr_values.
func (r *reading) askedACR(asked *claimAsked) *oidc.Error {
	values, ok := asked.strings()
	switch {
	case !ok:
		return errClaims
	case len(values) == 0:
		return nil
	case !asked.Essential:
		r.out.ACRs = append(r.out.ACRs, values...)
		return nil
	}
	weakest := signin.LevelNone
	for _, value := range values {
		if level, ok := signin.ParseACR(value, r.aliases); ok && (weakest == signin.LevelNone || level < weakest) {
			weakest = level
		}
	}
	if weakest == signin.LevelNone {
		return errUnmet // nobody can reach what we do not know
	}
	r.out.ACRs, r.out.Essential, r.out.Want = values, true, weakest
	return nil
}

// personal are the claims about a person (OIDC Core §5.1).
type personal struct {
	Name          string        `json:"name,omitempty"`
	Locale        string        `json:"locale,omitempty"`
	ZoneInfo      string        `json:"zoneinfo,omitempty"`
	UpdatedAt     int64         `json:"updated_at,omitempty"`
	Email         string        `json:"email,omitempty"`
	EmailVerified *bool         `json:"email_verified,omitempty"`
	Phone         string        `json:"phone_number,omitempty"`
	PhoneVerified *bool         `json:"phone_number_verified,omitempty"`
	Address       *addressClaim `json:"address,omitempty"`
}

// addressClaim is an address (OIDC Core §5.1.1).
type addressClaim struct {
	Street     string `json:"street_address,omitempty"`
	Locality   string `json:"locality,omitempty"`
	Region     string `json:"region,omitempty"`
	PostalCode string `json:"postal_code,omitempty"`
	Country    string `json:"country,omitempty"`
}

// acting is for which shop a person or a tool acts, by the scope account. The
// role is as it was when the token was made; userinfo tells it as it is.
type acting struct {
	AccountID   string `json:"account_id,omitempty"`
	AccountRole string `json:"account_role,omitempty"`
}

// actingAs is what may be told of for whom somebody acts.
func (t told) actingAs(a idp.Acting) acting {
	var out acting
	if t.has("account_id") {
		out.AccountID = a.ShopID
	}
	if t.has("account_role") {
		out.AccountRole = a.Role
	}
	return out
}

// told is what a relying party may be told: the claims of scopes, and others
// one by one.
type told struct{ scopes, claims []string }

func (t told) has(claim string) bool {
	return slices.Contains(t.claims, claim) || slices.Contains(t.scopes, scopeOf(claim))
}

// registered keeps the claims whose scope the client may still have (T-14).
func registered(claims []string, client *clients.Client) []string {
	if len(claims) == 0 {
		return nil
	}
	allowed := client.AllowedScopes()
	return slices.DeleteFunc(slices.Clone(claims), func(c string) bool { return !slices.Contains(allowed, scopeOf(c)) })
}

// describe gives what may be told about a person. Numbers and addresses are
// sealed at rest, so they are opened only where they are wanted.
func (ep *endpoints) describe(ctx context.Context, u idp.User, may told) (personal, error) {
	var out personal
	if may.has("name") {
		out.Name = u.Name
	}
	if may.has("locale") {
		out.Locale = u.Lang
	}
	if may.has("zoneinfo") {
		out.ZoneInfo = u.Zone
	}
	if may.has("updated_at") && !u.UpdatedAt.IsZero() {
		out.UpdatedAt = u.UpdatedAt.Unix()
	}
	if may.has("email") {
		out.Email = u.Email
	}
	if may.has("email_verified") {
		verified := !u.EmailVerifiedAt.IsZero()
		out.EmailVerified = &verified
	}
	if may.has("phone_number") || may.has("phone_number_verified") {
		number, err := ep.idp.PhoneNumber(ctx, u.ID)
		if err != nil {
			return out, err
		}
		if number != "" && may.has("phone_number") {
			out.Phone = number
		}
		if verified := number != ""; verified && may.has("phone_number_verified") {
			out.PhoneVerified = &verified
		}
	}
	if may.has("address") {
		a, err := ep.idp.Address(ctx, u.ID)
		if err != nil {
			return out, err
		}
		if a != (idp.Address{}) {
			out.Address = &addressClaim{
				Street: a.Street, Locality: a.Locality, Region: a.Region, PostalCode: a.PostalCode, Country: a.Country,
			}
		}
	}
	return out, nil
}
