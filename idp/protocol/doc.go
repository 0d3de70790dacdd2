// Package protocol is the OAuth 2.0 and OpenID Connect face of the provider:
// it reads and checks what relying parties send, calls one verb of idp, and
// answers in the words of the standards. It shows no page (the one that posts
// an answer on is rendered by whoever made the router) and touches no database.
//
//	GET POST /oauth2/authorize   authorize.go, request.go   browser
//	                             claims.go, object.go
//	POST     /oauth2/par         par.go                     machine
//	POST     /oauth2/device_authorization  device.go        machine
//	POST     /oauth2/register    register.go, metadata.go   machine
//	GET PUT DELETE /oauth2/register/:id  register.go        machine
//	GET POST /oauth2/logout      logout.go                  browser
//	POST     /oauth2/token       gate.go, server.go         machine
//	POST     /oauth2/revoke      gate.go, server.go         machine
//	POST     /oauth2/introspect  introspect.go              machine
//	GET POST /oauth2/userinfo    userinfo.go                machine
//	GET      /oauth2/jwks        discovery.go               anyone
//	GET      /.well-known/…      discovery.go               anyone
//
// Three rules hold everywhere. A parameter sent twice is refused, because two
// parsers would pick two different ones. Nobody is ever redirected to a URI
// that is not registered, byte for byte. Only descriptions written in this
// package leave the server, never the text of an error.
//
// Token and revocation requests pass the gate (one strict reading of the body,
// one client authentication) and are then dispatched by the OpenID Connect
// library to server.go. The library's storage, its authorization endpoint and
// its callback are not used: measured, they let one browser collect another's
// code and redeem a code several times.
package protocol
