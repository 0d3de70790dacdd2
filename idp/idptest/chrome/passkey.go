package chrome

import (
	"context"
	"errors"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// Authenticator is a device for passkeys that is plugged into a tab.
type Authenticator struct {
	tab *Tab
	id  webauthn.AuthenticatorID
}

// Authenticator plugs in a device. internal is one that is built in, as in a
// phone or a laptop, and verifies its owner; else it is a security key that is
// only touched.
func (b *Tab) Authenticator(internal bool) *Authenticator {
	b.t.Helper()
	a := &Authenticator{tab: b}
	options := &webauthn.VirtualAuthenticatorOptions{
		Protocol: "ctap2", Ctap2version: "ctap2_1", Transport: "usb", AutomaticPresenceSimulation: true,
	}
	if internal {
		options.Transport, options.HasResidentKey, options.HasUserVerification, options.IsUserVerified = "internal", true, true, true
	}
	b.call(func(ctx context.Context) error {
		if _, err := chromedp.Call(ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return err
		}
		r, err := chromedp.Call(ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: options})
		if err != nil {
			return err
		}
		a.id = r.AuthenticatorID
		return nil
	})
	return a
}

// Verify sets whether the device recognises its owner from now on.
func (a *Authenticator) Verify(yes bool) {
	a.tab.t.Helper()
	a.tab.call(func(ctx context.Context) error {
		_, err := chromedp.Call(ctx, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: a.id, IsUserVerified: yes})
		return err
	})
}

// WithoutAutofill makes the tab a browser that offers no passkeys in a field,
// from the next page on.
func (b *Tab) WithoutAutofill() {
	b.t.Helper()
	b.call(func(ctx context.Context) error {
		_, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
			Source: `PublicKeyCredential.isConditionalMediationAvailable = async () => false;`,
		})
		return err
	})
}

// OpenAway opens a path whose page leads out of the provider by itself, and
// answers with the address the browser was sent to.
func (b *Tab) OpenAway(path string) string {
	b.t.Helper()
	return b.leave(func(ctx context.Context) error {
		_, err := chromedp.RunResponse(ctx, chromedp.Navigate(b.base+path))
		if _, ok := errors.AsType[*chromedp.LoadError](err); ok {
			return nil // it has left already
		}
		return err
	})
}

// LeaveLater clicks what leads out of the provider after a device was asked,
// and answers with the address the browser was sent to.
func (b *Tab) LeaveLater(sel string) string {
	b.t.Helper()
	return b.leave(func(ctx context.Context) error {
		return chromedp.Do(ctx, chromedp.Click(chromedp.CSS(sel), chromedp.NodeVisible))
	})
}

// Passkeys is how many the device holds.
func (a *Authenticator) Passkeys() int {
	a.tab.t.Helper()
	n := 0
	a.tab.call(func(ctx context.Context) error {
		r, err := chromedp.Call(ctx, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: a.id})
		if err == nil {
			n = len(r.Credentials)
		}
		return err
	})
	return n
}

// Wait waits until an element that matches can be seen.
func (b *Tab) Wait(sel string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(chromedp.CSS(sel)))
}

// ClearCookies forgets who was signed in here.
func (b *Tab) ClearCookies() {
	b.t.Helper()
	b.call(func(ctx context.Context) error {
		_, err := chromedp.Call(ctx, network.ClearBrowserCookies, cdp.Empty{})
		return err
	})
}
