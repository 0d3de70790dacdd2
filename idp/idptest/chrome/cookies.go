package chrome

import (
	"context"
	"slices"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// Cookie is the value of a cookie that the tab sends to the provider; the test
// fails when there is none.
func (b *Tab) Cookie(name string) string {
	b.t.Helper()
	value := ""
	b.call(func(ctx context.Context) error {
		r, err := chromedp.Call(ctx, network.GetCookies, network.GetCookiesParams{URLs: []string{b.base}})
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(r.Cookies, func(c *network.Cookie) bool { return c.Name == name }); i >= 0 {
			value = r.Cookies[i].Value
		}
		return nil
	})
	if value == "" {
		b.t.Fatalf("the tab has no cookie %s", name)
	}
	return value
}

// SetCookie puts a cookie into the tab, as malware would that brought it from
// another browser.
func (b *Tab) SetCookie(name, value string) {
	b.t.Helper()
	hidden := true
	b.call(func(ctx context.Context) error {
		_, err := chromedp.Call(ctx, network.SetCookie, network.SetCookieParams{
			Name: name, Value: value, URL: b.base, Path: "/", HTTPOnly: &hidden, SameSite: network.CookieSameSiteLax,
		})
		return err
	})
}
