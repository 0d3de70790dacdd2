package templates

// SignUpPage is /signup.
type SignUpPage struct {
	Name, Email string
	Agreed      bool
	MinLength   int
	Faults      Faults
	// SignIn is the path of the sign-in page.
	SignIn string
}

// VerifyPage is /signup/verify: the code came by mail.
type VerifyPage struct {
	Ref, Email string
	// Digits is how long the code is.
	Digits int
	// Resent is set after another code was sent.
	Resent bool
	Error  string
}

// ForgotPage is /password/forgot.
type ForgotPage struct{ Email, Error string }

// ForgotSentPage is /password/forgot/sent. Minutes is how long the link works.
type ForgotSentPage struct{ Minutes int }

// ResetPage is /password/reset.
type ResetPage struct {
	MinLength int
	Error     string
	// EndOthers is the box "sign out on my other devices".
	EndOthers bool
}
