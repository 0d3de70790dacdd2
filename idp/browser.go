package idp

import "context"

// Browser is what one HTTP request tells about the browser that sent it. The
// cookie fields are in clear; verbs replace them when a new token is issued and
// empty them when one ends, and the web writes what changed back.
type Browser struct {
	IP, UserAgent, RequestID string
	// Lang is the language the page is shown in, "ja" or "en".
	Lang string
	// Flow binds sign-ins to this browser (T-08); Session is the signed-in
	// session; Device the trusted-device token; Known marks a browser that
	// signed in before, so that strangers' failures don't slow it down (T-04).
	Flow, Session, Device, Known string
	// CanPasskey is set when the form says that this browser can make passkeys.
	CanPasskey bool
}

type browserKey struct{}

// WithBrowser returns ctx carrying b.
func WithBrowser(ctx context.Context, b *Browser) context.Context {
	return context.WithValue(ctx, browserKey{}, b)
}

// BrowserFrom returns the browser of a request; a fresh, empty one when ctx has none.
func BrowserFrom(ctx context.Context) *Browser {
	if b, ok := ctx.Value(browserKey{}).(*Browser); ok {
		return b
	}
	return &Browser{}
}

// Network is what an address is limited under: itself for IPv4, its /64 for IPv6 (T-45).
func Network(ip string) string { return network(ip) }
