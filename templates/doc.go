// Package templates holds all that people read: pages, their words in Japanese
// and English, the texts of mails, text messages and calls, and the stylesheet.
//
// A [Set] is made once, at start, and fails there when a page uses a word that
// a language lacks. A page is a file html/NAME.html that defines "main" and is
// shown inside one of the layouts of html/base.html; its struct is in pages_*.go.
// Words are lines "key | ja | en" of locale/*.txt: {name} is a placeholder,
// **word** is emphasis, [word] a link, \n a line break. {service}, {market} and
// {domain} are filled in everywhere.
//
// The package knows nothing of people, sign-ins or requests: it shows what it
// is given.
package templates
