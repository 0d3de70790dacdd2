package idp

// Binding are the thumbprints of the keys that a token request was made with:
// of a DPoP key (RFC 9449) and of a client certificate (RFC 8705). Empty means
// that none was shown.
type Binding struct{ JKT, X5T string }

// opens reports whether whoever shows these keys may use what is bound to the
// given ones.
func (b Binding) opens(jkt, x5t string) bool {
	return (jkt == "" || b.JKT == jkt) && (x5t == "" || b.X5T == x5t)
}
