// Package web is the pages: plain HTML forms in front of the verbs of idp.
//
// A handler binds its form, calls one verb and redirects with 303, or shows a
// page. It decides nothing: after every POST of a sign-in the browser goes to
// /signin?flow=…, and the dispatcher there sends it to the page that is due. A
// GET changes nothing but the browser's own cookies and the sign-in it opens.
//
// Every route is a line of a table (routes.go), so that a test walks them all
// . Errors are returned; errors.go is the one place that turns them
// into a status and words. Before a handler runs, the middleware has checked
// the host, read the cookies into an [idp.Browser], chosen the language and,
// for a POST, refused other origins and forms that are not ours.
package web
