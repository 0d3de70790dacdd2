package web

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"
)

// route is one method of one page.
type route struct {
	method, path string
	handle       echo.HandlerFunc
}

func get(path string, h echo.HandlerFunc) route  { return route{http.MethodGet, path, h} }
func post(path string, h echo.HandlerFunc) route { return route{http.MethodPost, path, h} }

// routes are all pages there are.
func (s *server) routes() []route {
	return slices.Concat(
		s.signInRoutes(), s.accountRoutes(), s.addressRoutes(), s.appRoutes(), s.dataRoutes(), s.shopRoutes(), s.setupRoutes(), s.twoStepRoutes(),
		s.reportRoutes(), s.recoveryRoutes(), s.reviewRoutes(), s.deviceRoutes(),
		s.methodRoutes(),
		s.staffRoutes(), s.dateRoutes(),
		s.inboxRoutes(),
	)
}

// signInRoutes are the way in and out.
func (s *server) signInRoutes() []route {
	return []route{
		get("/signin", s.signIn), post("/signin", s.submitPassword),
		get("/signin/confirm", s.confirm), post("/signin/confirm", s.submitConfirm),
		get("/signin/code", s.code), post("/signin/code", s.submitCode),
		get("/signin/methods", s.methods), post("/signin/methods", s.sendCode),
		get(pathRecoveryCode, s.recoveryCode), post(pathRecoveryCode, s.submitRecoveryCode),
		get(pathPasskey, s.passkey), post(pathPasskey, s.submitPasskey),
		get(pathNewPasskey, s.newPasskey), post(pathNewPasskey, s.submitNewPasskey),
		get("/signin/select", s.choose), post("/signin/select", s.submitChoice),
		get(pathChooseShop, s.chooseShop), post(pathChooseShop, s.submitShop),
		get("/signin/notice", s.notice), post("/signin/notice", s.submitNotice),
		get("/signin/enroll", s.enrol), post("/signin/enroll", s.submitEnrol),
		post("/signin/cancel", s.cancel),
		get("/signin/resume", s.resume), post("/signin/resume", s.submitResume),
		get("/signin/resume/done", s.plain("resume-done", "resume.done_t")),
		get("/consent", s.consent), post("/consent", s.submitConsent),
		get("/signout", s.signOut), post("/signout", s.submitSignOut), get("/signout/done", s.plain("signout-done", "signout.done_t")),
		get("/signup", s.signUp), post("/signup", s.submitSignUp),
		get("/signup/verify", s.mailCode), post("/signup/verify", s.submitMailCode),
		get("/signup/done", s.plain("signup-done", "signup.done_t")),
		get("/password/forgot", s.forgot), post("/password/forgot", s.submitForgot),
		get("/password/forgot/sent", s.forgotSent),
		get("/password/reset", s.reset), post("/password/reset", s.submitReset),
		get("/password/reset/code", s.resetCode), post("/password/reset/code", s.submitResetCode),
		get("/password/reset/methods", s.resetMethods), post("/password/reset/methods", s.sendResetCode),
		get(pathResetRecoveryCode, s.resetRecoveryCode), post(pathResetRecoveryCode, s.submitResetRecoveryCode),
		get("/help", s.help("help", "help.title")), get("/help/setup", s.help("setup", "helpset.title")),
		get("/help/app", s.help("app", "helpapp.title")), get("/help/code", s.help("code", "helpcode.title")),
		get("/help/faq", s.help("faq", "faq.title")),
		get("/lang", s.switchLanguage),
	}
}

// plain is a page that says the same to everybody.
func (s *server) plain(name, title string) echo.HandlerFunc {
	return func(c echo.Context) error { return s.render(c, http.StatusOK, s.page(c, name, title, nil)) }
}
