package clients

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
)

// Certificate says which client certificate is a client's own, among all that
// the trusted authorities issue (RFC 8705 §2.1.2). One field is set.
type Certificate struct {
	// SubjectDN is the whole subject, as RFC 4514 writes it: the most specific part first.
	SubjectDN string `yaml:"subject_dn" json:"subject_dn,omitempty"`
	// The others are one entry of the subject's alternative names.
	DNS   string `yaml:"san_dns" json:"san_dns,omitempty"`
	URI   string `yaml:"san_uri" json:"san_uri,omitempty"`
	IP    string `yaml:"san_ip" json:"san_ip,omitempty"`
	Email string `yaml:"san_email" json:"san_email,omitempty"`
}

// Matches reports whether a certificate that has been verified is the one meant.
func (c Certificate) Matches(cert *x509.Certificate) bool {
	switch {
	case c.SubjectDN != "":
		want, err := parseDN(c.SubjectDN)
		return err == nil && slices.Equal(want, subjectOf(cert))
	case c.DNS != "":
		return slices.ContainsFunc(cert.DNSNames, func(s string) bool { return strings.EqualFold(s, c.DNS) })
	case c.URI != "":
		return slices.ContainsFunc(cert.URIs, func(u *url.URL) bool { return u.String() == c.URI })
	case c.IP != "":
		ip := net.ParseIP(c.IP)
		return ip != nil && slices.ContainsFunc(cert.IPAddresses, ip.Equal)
	case c.Email != "":
		return slices.Contains(cert.EmailAddresses, c.Email)
	}
	return false
}

// CertificateThumbprint is the x5t#S256 of a certificate (RFC 8705 §3.1).
func CertificateThumbprint(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// HasCertificate reports whether one of the keys was registered with exactly
// this certificate (x5c, RFC 8705 §2.2.2).
func (k Keys) HasCertificate(cert *x509.Certificate) bool {
	for _, key := range k {
		if len(key.Certificates) > 0 && key.Certificates[0].Equal(cert) {
			return true
		}
	}
	return false
}

func (c Client) validateCertificate(f *faults) {
	set := 0
	for _, v := range []string{c.TLS.SubjectDN, c.TLS.DNS, c.TLS.URI, c.TLS.IP, c.TLS.Email} {
		if v != "" {
			set++
		}
	}
	const field = "tls_client_auth"
	if c.AuthMethod() == AuthTLS {
		f.add(set != 1, field, "must have one of subject_dn, san_dns, san_uri, san_ip and san_email")
	} else {
		f.add(set > 0, field, "needs auth_method tls_client_auth")
	}
	if c.TLS.SubjectDN != "" {
		_, err := parseDN(c.TLS.SubjectDN)
		f.add(err != nil, field+".subject_dn", "must be a subject such as CN=shop,O=Example,C=JP")
	}
	f.add(c.TLS.IP != "" && net.ParseIP(c.TLS.IP) == nil, field+".san_ip", "must be an IP address")
}

// attribute is one part of a subject, so that two spellings of one are equal.
type attribute struct{ kind, value string }

// kinds are the names that RFC 4514 and common tools give to attributes.
var kinds = map[string]string{
	"2.5.4.3": "CN", "2.5.4.4": "SN", "2.5.4.5": "SERIALNUMBER", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST",
	"2.5.4.9": "STREET", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.12": "T", "2.5.4.17": "POSTALCODE", "2.5.4.42": "GN",
	"2.5.4.97":                   "ORGANIZATIONIDENTIFIER",
	"0.9.2342.19200300.100.1.1":  "UID",
	"0.9.2342.19200300.100.1.25": "DC",
	"1.2.840.113549.1.9.1":       "EMAILADDRESS",
}

// subjectOf are a certificate's attributes, the most specific first. Those of
// one relative name stand in a fixed order.
func subjectOf(cert *x509.Certificate) []attribute {
	var names pkix.RDNSequence
	if rest, err := asn1.Unmarshal(cert.RawSubject, &names); err != nil || len(rest) > 0 {
		return nil
	}
	var out []attribute
	for _, set := range slices.Backward(names) {
		var group []attribute
		for _, a := range set {
			oid := a.Type.String()
			kind, known := kinds[oid]
			if !known {
				kind = oid
			}
			group = append(group, attribute{kind, folded(fmt.Sprint(a.Value))})
		}
		out = append(out, joined(group))
	}
	return out
}

// parseDN reads a subject as RFC 4514 writes it.
func parseDN(s string) ([]attribute, error) {
	var out, group []attribute
	for rest := s; ; {
		kind, after, found := strings.Cut(rest, "=")
		if kind = strings.ToUpper(strings.TrimSpace(kind)); !found || kind == "" {
			return nil, fmt.Errorf("no attribute in %q", rest)
		}
		kind = strings.TrimPrefix(kind, "OID.")
		if name, known := kinds[kind]; known {
			kind = name
		}
		value, end, more := valueOf(after)
		if value == "" {
			return nil, fmt.Errorf("no value in %q", rest)
		}
		group = append(group, attribute{kind, folded(value)})
		if end != '+' {
			out, group = append(out, joined(group)), nil
		}
		if rest = more; end == 0 {
			return out, nil
		}
	}
}

// valueOf takes an escaped value from the front of s, and what ended it: a
// comma, a plus sign, or 0 for the end.
func valueOf(s string) (value string, end byte, rest string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+2 < len(s) && hexDigit(s[i+1]) && hexDigit(s[i+2]):
			b.WriteByte(unhex(s[i+1])<<4 | unhex(s[i+2]))
			i += 2
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case c == ',' || c == '+':
			return strings.TrimSpace(b.String()), c, s[i+1:]
		default:
			b.WriteByte(c)
		}
	}
	return strings.TrimSpace(b.String()), 0, ""
}

func hexDigit(c byte) bool { return strings.IndexByte("0123456789abcdefABCDEF", c) >= 0 }

func unhex(c byte) byte {
	if c >= 'A' {
		return (c | 0x20 - 'a') + 10
	}
	return c - '0'
}

// joined makes one attribute of those of one relative name.
func joined(group []attribute) attribute {
	slices.SortFunc(group, func(a, b attribute) int { return strings.Compare(a.kind, b.kind) })
	out := group[0]
	for _, a := range group[1:] {
		out.kind, out.value = out.kind+"+"+a.kind, out.value+"\x00"+a.value
	}
	return out
}

// folded is a value as it is compared: capitals and runs of spaces do not
// matter (RFC 4517 §4.2.11).
func folded(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }
