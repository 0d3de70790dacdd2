package idp

// RequestError is a request of a relying party that must be answered with a
// page and never with a redirect: where to redirect to is the very thing in
// doubt (RFC 6749 §4.1.2.1, O-28).
type RequestError struct {
	// Case is "client" (unknown or disabled), "redirect" (URI not registered),
	// "param" (missing, sent twice or malformed) or "pushed" (a request_uri that
	// cannot be opened); it picks the words of the page.
	Case string
	// Param is the parameter at fault.
	Param string
	// ClientID and Given are what was sent, for the developer's details; both are
	// unchecked input.
	ClientID, Given string
}

// Error names the case and the parameter, and nothing that was sent.
func (e *RequestError) Error() string { return "request refused: " + e.Case + ": " + e.Param }
