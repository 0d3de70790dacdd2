package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/mfa"
)

func TestSigningInWithACode(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	p := b.Get(authorize("buyer"))
	at(t, p, "/signin")
	wants(t, p, http.StatusOK, "<title>Sign in - Sekisho</title>", "Continuing to Party buyer", `autocomplete="username webauthn"`, `autocomplete="current-password"`)

	p = b.Submit(p, "/signin", "identifier", email, "password", "wrong")
	wants(t, p, http.StatusUnprocessableEntity, "<title>Error: Sign in", "email or password is not right", `value="`+email+`"`)
	if strings.Contains(p.Body, `value="wrong"`) {
		t.Error("the password came back with the page")
	}

	p = password(b, p)
	at(t, p, "/signin/code")
	wants(t, p, http.StatusOK, "ending in <strong>78</strong>", "Sent at 14:00", `autocomplete="one-time-code"`, `inputmode="numeric"`)
	for _, early := range []string{email, "健司", "1234"} { // ux 2.6
		if strings.Contains(p.Body, early) {
			t.Errorf("the code page tells %q before the second step", early)
		}
	}
	p = b.Submit(p, "/signin/code", "code", k.Code(t, mobile))
	if p.Left == nil || p.Left.Host != "rp.example" || p.Left.Query().Get("code") == "" {
		t.Fatalf("not back at the relying party: %v %s", p.Left, p.Body)
	}
}

// O-17: a credential never travels on with a redirect.
func TestFormsAnswerWith303(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	p := b.Get(authorize("buyer"))
	for _, step := range []struct{ path, field, value string }{
		{"/signin", "password", secret},
		{"/signin/code", "code", ""},
	} {
		form := url.Values{"csrf": {token(p)}, "flow": {p.URL.Query().Get("flow")}, "identifier": {email}, step.field: {step.value}}
		if step.field == "code" {
			form.Set("code", k.Code(t, mobile))
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, k.URL+step.path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res, err := b.Client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusSeeOther {
			t.Errorf("POST %s: status %d, want 303", step.path, res.StatusCode)
		}
	}
}

func token(p *idptest.Page) string {
	_, token, _ := strings.Cut(p.Body, `name="csrf" value="`)
	token, _, _ = strings.Cut(token, `"`)
	return token
}

func TestEmptyFieldsSaySo(t *testing.T) {
	t.Parallel()
	k := start(t)
	b := k.Browser(t)
	p := b.Get("/account")
	wants(t, b.Submit(p, "/signin", "identifier", "", "password", "x"), http.StatusUnprocessableEntity, "Enter your email", `aria-describedby="identifier-e"`)
	p = b.Submit(p, "/signin", "identifier", email, "password", "")
	wants(t, p, http.StatusUnprocessableEntity, "Enter your password", `aria-describedby="password-e"`, `value="`+email+`"`)
}

// ux 4.2: every way to get a code wrong has its own words.
func TestRefusedCodes(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	p := password(b, b.Get("/account"))
	right := k.Code(t, mobile)
	wrong := "000000"
	if right == wrong {
		wrong = "000001"
	}
	for _, test := range []struct{ typed, want string }{
		{"", "Enter the 6-digit code"},
		{"12345", "too short"},
		{"1234567", "too long"},
		{"12a456", "The code is 6 digits"},
		{wrong, wrong + " is not right (4 tries left)"},
		{" " + wrong[:3] + "-" + wrong[3:], wrong + " is not right (3 tries left)"},
	} {
		p = b.Submit(p, "/signin/code", "code", test.typed)
		wants(t, p, http.StatusUnprocessableEntity, test.want, "<title>Error: Enter your code", `aria-invalid="true"`, `id="code-e"`)
		if strings.Contains(p.Body, `name="code" type="text" value`) {
			t.Errorf("code %q came back in the field", test.typed)
		}
	}
	k.Clock.Advance(40 * time.Second)
	q := b.Get("/signin/methods?flow=" + flow(p))
	q = b.Submit(q, "/signin/methods", "method", button(t, q, "Text me again"))
	at(t, q, "/signin/code")
	wants(t, q, http.StatusOK, "New code sent at 14:00", `role="status"`)
	p = b.Submit(q, "/signin/code", "code", right)
	wants(t, p, http.StatusUnprocessableEntity, "That is an earlier code. Enter the latest one, sent at 14:00")
	latest := k.Code(t, mobile)
	k.Clock.Advance(11 * time.Minute)
	wants(t, b.Submit(p, "/signin/code", "code", latest), http.StatusUnprocessableEntity, "expired", "Choose another way")
}

// T-59: what a Japanese keyboard makes of digits is accepted.
func TestFullWidthCodeIsAccepted(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	p := password(b, b.Get("/account"))
	wide := strings.Map(func(r rune) rune { return r - '0' + '０' }, k.Code(t, mobile))
	at(t, b.Submit(p, "/signin/code", "code", wide[:9]+"ー"+wide[9:]), "/account")
}

// T-36, O-17: what stands in a URL is in logs and histories.
func TestCodeInTheURLIsIgnored(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	p := password(b, b.Get("/account"))
	form := url.Values{"csrf": {token(p)}, "flow": {flow(p)}}
	p = b.Post("/signin/code?code="+k.Code(t, mobile), form)
	wants(t, p, http.StatusUnprocessableEntity, "Enter the 6-digit code")
}

func TestTooManyWrongCodesPauseWithAClockTime(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	p := password(b, b.Get("/account"))
	right := k.Code(t, mobile)
	for i := range 5 {
		p = b.Submit(p, "/signin/code", "code", differs(right, i))
	}
	if strings.Contains(p.Body, right) {
		t.Error("the page tells the code")
	}
	p = b.Get("/signin/code?flow=" + flow(p))
	wants(t, p, http.StatusOK, "Choose another way")
}

func differs(code string, i int) string {
	digits := []byte(code)
	digits[i] = '0' + (digits[i]-'0'+1)%10
	return string(digits)
}

// ux 4.3: the wait is announced, and pressing early changes nothing.
func TestResendingTooEarlySaysHowLong(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	p := password(b, b.Get("/account"))
	q := b.Get("/signin/methods?flow=" + flow(p))
	wants(t, q, http.StatusOK, `aria-disabled="true"`, `data-left="30"`, "<strong data-seconds>30</strong> seconds", "Call me", "Use your authenticator app", "Backup")
	q = b.Submit(q, "/signin/methods", "method", button(t, q, "Text me again"))
	wants(t, q, http.StatusUnprocessableEntity, "Wait 30 more seconds", `role="alert"`)
}

func TestAnotherWay(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	p := password(b, b.Get("/account"))
	q := b.Get("/signin/methods?flow=" + flow(p))
	p = b.Submit(q, "/signin/methods", "method", button(t, q, "Call me"))
	at(t, p, "/signin/code")
	wants(t, p, http.StatusOK, "We are calling the number ending in <strong>78</strong>", "Answer and press 1")
	if spoken := k.Spoken(t, mobile); len(spoken) != 6 {
		t.Errorf("the call says %q", spoken)
	}
	q = b.Get("/signin/methods?flow=" + flow(p))
	p = b.Submit(q, "/signin/methods", "method", button(t, q, "Use your authenticator app"))
	wants(t, p, http.StatusOK, "shown in your authenticator app", "Can&#39;t get a code?")
	code := mfa.TOTPAt([]byte("12345678901234567890"), k.Clock.Now())
	at(t, b.Submit(p, "/signin/code", "code", code), "/account")
}

// button is the value of the method button that says words.
func button(t *testing.T, p *idptest.Page, words string) string {
	t.Helper()
	for _, b := range strings.Split(p.Body, `name="method" value="`)[1:] {
		if value, rest, _ := strings.Cut(b, `"`); strings.Contains(rest, words) {
			return value
		}
	}
	t.Fatalf("no button %q:\n%s", words, p.Body)
	return ""
}

// flow is the handle of the sign-in, from the page's form.
func flow(p *idptest.Page) string {
	_, id, _ := strings.Cut(p.Body, `name="flow" value="`)
	id, _, _ = strings.Cut(id, `"`)
	return id
}

func TestBackShowsTheStepThatIsDue(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	p := password(b, b.Get(authorize("buyer")))
	id := flow(p)
	for _, path := range []string{"/signin", "/signin/confirm", "/signin/enroll", "/signin/notice", "/consent", "/signin/select"} {
		at(t, b.Get(path+"?flow="+id), "/signin/code")
	}
	p = b.Submit(p, "/signin/code", "code", k.Code(t, mobile))
	if p.Left == nil {
		t.Fatal("did not leave")
	}
	wants(t, b.Get("/signin/code?flow="+id), http.StatusGone, "This page has expired", "Reference")
}

// T-08: a sign-in belongs to the browser that began it.
func TestSignInOfAnotherBrowserIsRefused(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	p := k.Browser(t).Get(authorize("buyer"))
	other := k.Browser(t)
	wants(t, other.Get("/signin?flow="+flow(p)), http.StatusBadRequest, "another browser, or cookies are off")
	other.Get("/account")
	wants(t, other.Get("/signin?flow="+flow(p)), http.StatusForbidden, "started in another browser")
}

func TestTrustedDeviceIsOfferedWithItsEnd(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	p := password(b, b.Get("/account"))
	wants(t, p, http.StatusOK, "Until 22 December 2026", `name="trust"`)
	b.Submit(p, "/signin/code", "code", k.Code(t, mobile), "trust", "1")
	if b.Cookie("sekisho_td") == "" {
		t.Fatal("the device is not trusted")
	}
	out := b.Get("/signout")
	wants(t, out, http.StatusOK, "Also start asking for codes")
	at(t, b.Submit(out, "/signout"), "/signout/done")
	at(t, password(b, b.Get("/account")), "/account")
}

// ux 4.6: a step-up asks for a code, even on a trusted device, and offers no trust.
func TestStepUpAsksForACodeOnATrustedDevice(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	p := password(b, b.Get("/account"))
	b.Submit(p, "/signin/code", "code", k.Code(t, mobile), "trust", "1")
	b.Submit(b.Get("/signout"), "/signout")
	at(t, password(b, b.Get("/account")), "/account")
	k.Clock.Advance(time.Minute)
	p = b.Get(authorize("vault"))
	at(t, p, "/signin/code")
	wants(t, p, http.StatusOK, "Confirm it&#39;s you", "Party vault asked us to confirm")
	if strings.Contains(p.Body, `name="trust"`) {
		t.Error("trust is offered at a step-up")
	}
}

// T-36: nothing that opens a door is in the log.
func TestSecretsAreNotLogged(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	p := b.Submit(b.Get(authorize("buyer")), "/signin", "identifier", email, "password", "wrong-"+secret)
	p = password(b, p)
	code := k.Code(t, mobile)
	p = b.Submit(p, "/signin/code", "code", differs(code, 0))
	p = b.Submit(p, "/signin/code", "code", code, "trust", "1")
	b.Post("/password/forgot", url.Values{})
	b.Submit(b.Get("/password/forgot"), "/password/forgot", "email", email)
	_, link, _ := strings.Cut(k.Message(t, mfa.Mail, email).Body, "token=")
	link, _, _ = strings.Cut(link, "\n")
	b.Get("/password/reset?token=" + link)
	k.raw(httptest.NewRequest(http.MethodGet, "/nothing?password="+url.QueryEscape(secret), nil))
	log := k.Log.String()
	for name, value := range map[string]string{
		"password": secret, "code": code, "address": email, "number": strings.TrimPrefix(mobile, "+81"), "reset link": link,
		"authorization code": p.Left.Query().Get("code"),
		"session":            b.Cookie("sekisho_session"), "flow": b.Cookie("sekisho_flow"), "device": b.Cookie("sekisho_td"),
	} {
		if value == "" {
			t.Errorf("the test has no %s", name)
		}
		if strings.Contains(log, value) {
			t.Errorf("the %s is in the log", name)
		}
	}
	if !strings.Contains(log, `"request_id"`) {
		t.Error("log lines have no request_id")
	}
}

// N-10: the page says why a right password is refused, and where to go on.
func TestCompromisedPasswordIsExplained(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	u, err := k.Provider.FindUser(t.Context(), email)
	if err == nil {
		_, err = k.Provider.RequireNewPassword(t.Context(), idptest.Operator(), u.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	b := k.Browser(t)
	p := b.Submit(b.Get(authorize("buyer")), "/signin", "identifier", email, "password", secret)
	wants(t, p, http.StatusUnprocessableEntity, "can no longer be used", "We sent a link to your email address")
}
