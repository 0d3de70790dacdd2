package templates

import (
	"fmt"
	"html/template"
)

// icons are drawn for this product on a grid of 24, to be stroked.
var icons = map[string]string{
	"sms":    `<path d="M4 5.5h16v11H10.5L6 20v-3.5H4z"/><path d="M8 10h8M8 13h5"/>`,
	"call":   `<path d="M6.2 3.8 9 4.6l1.2 3.9-1.9 1.7a12 12 0 0 0 5.5 5.5l1.7-1.9 3.9 1.2.8 2.8c-.3 1.5-1.5 2.4-3 2.4C10.4 20.2 3.8 13.6 3.8 6.8c0-1.5.9-2.7 2.4-3z"/>`,
	"app":    `<rect x="6.5" y="2.8" width="11" height="18.4" rx="2.4"/><path d="M9.7 11.2h.01M12 11.2h.01M14.3 11.2h.01M11 18h2"/>`,
	"key":    `<circle cx="8" cy="15.5" r="4.2"/><path d="m11 12.5 8.5-8.5M16 7.5l2.8 2.8M13.4 10l1.8 1.8"/>`,
	"pk":     `<circle cx="9.5" cy="7.5" r="3.7"/><path d="M2.8 19.5c0-3.7 3-6.2 6.7-6.2 1 0 2 .2 2.9.6"/><circle cx="17.3" cy="12.8" r="2.9"/><path d="M17.3 15.7v5.5M17.3 18.6h2"/>`,
	"check":  `<path d="m5 12.5 4.5 4.5L19 7.5"/>`,
	"alert":  `<path d="M12 3.5 21.5 20h-19z"/><path d="M12 9.8v4.7M12 17.2h.01"/>`,
	"bad":    `<circle cx="12" cy="12" r="9"/><path d="M12 7.5v5.5M12 16.3h.01"/>`,
	"info":   `<circle cx="12" cy="12" r="9"/><path d="M12 11v5.5M12 7.7h.01"/>`,
	"go":     `<path d="m9 5.5 6.5 6.5L9 18.5"/>`,
	"laptop": `<rect x="5" y="5" width="14" height="10" rx="1.6"/><path d="M2.5 18.8h19"/>`,
	"phone":  `<rect x="6.5" y="2.8" width="11" height="18.4" rx="2.4"/><path d="M11 18h2"/>`,
	"home":   `<path d="M4 11 12 4l8 7v9h-5.5v-5.5h-5V20H4z"/>`,
	"user":   `<circle cx="12" cy="8" r="4"/><path d="M4.5 20.5c0-4 3.3-6.5 7.5-6.5s7.5 2.5 7.5 6.5"/>`,
	"lock":   `<rect x="5" y="10.5" width="14" height="10" rx="2"/><path d="M8 10.5V8a4 4 0 0 1 8 0v2.5M12 14.5v2.5"/>`,
	"shop":   `<path d="M4 10v10h16V10M3 10l2-6h14l2 6a3 3 0 0 1-6 0 3 3 0 0 1-6 0 3 3 0 0 1-6 0zM9.5 20v-5.5h5V20"/>`,
	"apps":   `<rect x="4" y="4" width="6.5" height="6.5" rx="1.5"/><rect x="13.5" y="4" width="6.5" height="6.5" rx="1.5"/><rect x="4" y="13.5" width="6.5" height="6.5" rx="1.5"/><circle cx="16.8" cy="16.8" r="3.2"/>`,
	"bell":   `<path d="M6 17V11a6 6 0 0 1 12 0v6l1.5 2h-15z"/><path d="M10 21.2h4"/>`,
	"file":   `<path d="M6 3.5h8l4 4v13H6z"/><path d="M13.5 3.5V8H18M12 11v6M9.3 14.6 12 17l2.7-2.4"/>`,
	"clock":  `<circle cx="12" cy="12" r="9"/><path d="M12 7v5.3l3.4 2"/>`,
	"mail":   `<rect x="3.5" y="5.5" width="17" height="13" rx="2"/><path d="m4 7 8 6 8-6"/>`,
	"shield": `<path d="M12 3 5 5.5v6c0 4.5 2.9 7.9 7 9.5 4.1-1.6 7-5 7-9.5v-6z"/><path d="m8.8 12 2.3 2.3 4.2-4.3"/>`,
}

// icon is a drawing that stands beside words and is hidden from screen readers.
func icon(name string) (template.HTML, error) {
	drawing, ok := icons[name]
	if !ok {
		return "", fmt.Errorf("no icon %q", name)
	}
	class := "i"
	if name == "go" {
		class = "i go"
	}
	//nolint:gosec // G203: the table above is all there is
	return template.HTML(`<svg class="` + class + `" viewBox="0 0 24 24" aria-hidden="true" focusable="false">` + drawing + `</svg>`), nil
}
