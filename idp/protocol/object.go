package protocol

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// Request objects by value (RFC 9101, OIDC Core §6.1). Those by reference are
// never fetched (T-47).

// objectLife is how old, and how long-lived, a request object of profile fapi2
// may be (FAPI 2.0 Message Signing §5.3.1).
const objectLife = time.Hour

// objectTypes are the typ headers of request objects; older libraries write
// JWT or none. Access tokens, proofs and the like are none of them (T-49).
var objectTypes = []string{"", "jwt", "oauth-authz-req+jwt"}

// envelope are the claims of a request object that are about itself.
type envelope struct {
	Issuer   string       `json:"iss"`
	Subject  string       `json:"sub"`
	Audience jwt.Audience `json:"aud"`
	Expiry   float64      `json:"exp"`
	NotYet   float64      `json:"nbf"`
	ClientID string       `json:"client_id"`
}

// object puts the parameters of a signed request object in the place of those
// around it, which count for nothing from then on (RFC 9101 §6.3).
func (r *reading) object(ctx context.Context) *oidc.Error {
	alg, token := r.client.RequestObjectAlg, r.p.get("request")
	switch {
	case alg == "" || strings.Count(token, ".") == 4: // a JWE has five parts
		return errRequestObject
	case !slices.Contains(r.client.SigningAlgs(), alg):
		return errObject
	}
	typ, payload, err := r.verify(ctx, r.client, token, []string{alg})
	if err != nil || !slices.Contains(objectTypes, strings.TrimPrefix(strings.ToLower(typ), "application/")) {
		return errObject
	}
	var e envelope
	if err := json.Unmarshal(payload, &e); err != nil || !r.genuine(e) {
		return errObject
	}
	inside, ok := objectParams(payload)
	if !ok {
		return errObject
	}
	inside["client_id"] = []string{r.client.ID}
	r.p = inside
	return nil
}

// genuine judges what a request object says of itself: it is this client's, for
// us, and of now. A sub that names the client would let it pass for a client
// assertion (RFC 9101 §10.8).
func (r *reading) genuine(e envelope) bool {
	now, id := r.now(), r.client.ID
	switch {
	case e.Issuer != id, e.Subject == id, e.ClientID != "" && e.ClientID != id, !slices.Contains(e.Audience, r.issuer):
		return false
	case e.Expiry != 0 && !now.Before(moment(e.Expiry).Add(leeway)):
		return false
	case e.NotYet != 0 && now.Before(moment(e.NotYet).Add(-leeway)):
		return false
	case !r.client.DatedObjectsRequired():
		return true
	}
	begin, end := moment(e.NotYet), moment(e.Expiry)
	return e.NotYet != 0 && e.Expiry != 0 && end.Sub(begin) <= objectLife && now.Sub(begin) <= objectLife
}

// moment reads seconds, at most as many as a clock can show.
func moment(seconds float64) time.Time {
	const most = 1 << 40
	return time.Unix(int64(min(max(seconds, -most), most)), 0)
}

// ownClaims are those of the envelope; they are no parameters.
var ownClaims = []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id"}

// objectParams turns the claims of a request object into parameters: texts as
// they are, numbers and objects in JSON, lists as several values. An object
// inside another is refused (RFC 9101 §4).
func objectParams(payload []byte) (params, bool) {
	var claims map[string]json.RawMessage
	if err := json.Unmarshal(payload, &claims); err != nil {
		return nil, false
	}
	p := params{}
	for name, raw := range claims {
		if slices.Contains(ownClaims, name) {
			continue
		}
		if name == "request" || name == "request_uri" {
			return nil, false
		}
		values, ok := objectValues(raw)
		if !ok {
			return nil, false
		}
		if len(values) > 0 {
			p[name] = values
		}
	}
	return p, p.twice() == ""
}

func objectValues(raw json.RawMessage) ([]string, bool) {
	raw = bytes.TrimSpace(raw)
	switch raw[0] {
	case '"':
		var s string
		if err := json.Unmarshal(raw, &s); err != nil || s == "" {
			return nil, err == nil
		}
		return []string{s}, true
	case '[':
		var list []string
		err := json.Unmarshal(raw, &list)
		return slices.DeleteFunc(list, func(s string) bool { return s == "" }), err == nil
	case 'n': // null: not sent
		return nil, true
	default:
		return []string{string(raw)}, true
	}
}
