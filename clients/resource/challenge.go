package resource

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/sekisho-id/sekisho/clients/dpop"
)

// Error codes of a [Challenge].
const (
	CodeInvalidToken      = "invalid_token"                    // RFC 6750 §3.1
	CodeInvalidRequest    = "invalid_request"                  // RFC 6750 §3.1
	CodeInsufficientScope = "insufficient_scope"               // RFC 6750 §3.1
	CodeInsufficientAuth  = "insufficient_user_authentication" // RFC 9470 §3
	CodeInvalidProof      = "invalid_dpop_proof"               // RFC 9449 §7.1
	CodeUseNonce          = "use_dpop_nonce"                   // RFC 9449 §9
)

// Challenge is the challenge of a WWW-Authenticate header. The zero value asks
// for a Bearer token and says nothing more.
type Challenge struct {
	// Scheme is empty for Bearer, or DPoP.
	Scheme             string
	Error, Description string
	// Scope lists the scopes the resource needs (RFC 6750 §3).
	Scope string
	// ACRValues are what the resource would accept, in order of preference,
	// separated by spaces (RFC 9470 §3).
	ACRValues string
	// MaxAge is how old the authentication may be; zero means it was not said.
	MaxAge time.Duration
	// Algorithms are those of DPoP proofs, separated by spaces (RFC 9449 §7.1).
	Algorithms string
}

// String is the value of the header.
func (c Challenge) String() string {
	var params []string
	add := func(name, value string) {
		if value != "" {
			params = append(params, name+`="`+quote.Replace(value)+`"`)
		}
	}
	add("error", c.Error)
	add("error_description", c.Description)
	add("scope", c.Scope)
	add("acr_values", c.ACRValues)
	if c.MaxAge > 0 {
		add("max_age", strconv.Itoa(int(c.MaxAge/time.Second)))
	}
	add("algs", c.Algorithms)
	scheme := cmp.Or(c.Scheme, schemeBearer)
	if len(params) == 0 {
		return scheme
	}
	return scheme + " " + strings.Join(params, ", ")
}

// quote makes a value fit into a quoted string (RFC 9110 §5.6.4).
var quote = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// ParseChallenge reads one WWW-Authenticate header; ok is false when it is no
// Bearer or DPoP challenge, or malformed. Parameters it does not know are skipped.
func ParseChallenge(header string) (c Challenge, ok bool) {
	scheme, rest, _ := strings.Cut(strings.TrimSpace(header), " ")
	switch {
	case strings.EqualFold(scheme, dpop.Scheme):
		c.Scheme = dpop.Scheme
	case !strings.EqualFold(scheme, schemeBearer):
		return Challenge{}, false
	}
	for rest = strings.TrimSpace(rest); rest != ""; {
		name, after, found := strings.Cut(rest, "=")
		value, after, good := authValue(after)
		if !found || !good {
			return Challenge{}, false
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "error":
			c.Error = value
		case "error_description":
			c.Description = value
		case "scope":
			c.Scope = value
		case "acr_values":
			c.ACRValues = value
		case "algs":
			c.Algorithms = value
		case "max_age":
			n, err := strconv.ParseUint(value, 10, 31)
			if err != nil {
				return Challenge{}, false
			}
			c.MaxAge = time.Duration(n) * time.Second
		}
		rest = after
	}
	return c, true
}

// authValue takes a token or a quoted string (RFC 9110 §11.2) and the comma
// after it from the front of s.
func authValue(s string) (value, rest string, ok bool) {
	s = strings.TrimLeft(s, " \t")
	if !strings.HasPrefix(s, `"`) {
		value, rest, _ = strings.Cut(s, ",")
		value = strings.TrimSpace(value)
		return value, strings.TrimSpace(rest), value != "" && !strings.ContainsAny(value, `" =`)
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			rest = strings.TrimSpace(s[i+1:])
			next, comma := strings.CutPrefix(rest, ",")
			return b.String(), strings.TrimSpace(next), comma || rest == ""
		case '\\':
			if i++; i == len(s) {
				return "", "", false
			}
		}
		b.WriteByte(s[i])
	}
	return "", "", false
}
