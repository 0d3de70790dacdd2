package templates_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/sekisho-id/sekisho/templates"
)

var at = time.Date(2026, 11, 22, 14, 32, 8, 0, time.FixedZone("JST", 9*3600))

// shared is parsed once: a Set is safe for concurrent use.
var shared = sync.OnceValues(func() (*templates.Set, error) {
	return templates.New(templates.Options{
		Name: "Mon", Market: "Minato", IssuerHost: "id.example.jp", Zone: at.Location(),
		Terms: "https://minato.example/terms", Privacy: "https://minato.example/privacy",
	})
})

func newSet(t *testing.T) *templates.Set {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// data are the structs of all pages; nil is a page that needs none.
func data() map[string]any {
	return map[string]any{
		"signin": templates.SignInPage{}, "confirm": templates.ConfirmPage{}, "code": templates.CodePage{},
		"methods": templates.MethodsPage{}, "select": templates.SelectPage{}, "notice": templates.NoticePage{},
		"enroll": templates.EnrolPage{}, "consent": templates.ConsentPage{}, "signout": templates.SignOutPage{},
		"signup": templates.SignUpPage{}, "signup-verify": templates.VerifyPage{}, "forgot": templates.ForgotPage{},
		"reset": templates.ResetPage{}, "error": templates.ErrorPage{}, "form-post": templates.FormPostPage{},
		"account-data": templates.DataPage{}, "account-close": templates.ClosePage{}, "account-closed": templates.ClosedPage{},
		"account-secure": templates.SecurePage{}, "account-apps": templates.AppsPage{}, "account-app-remove": templates.AppRow{},
		"account-email": templates.ChangeEmailPage{}, "account-addresses": templates.AddressesPage{},
		"account-address-code": templates.AddressCodePage{},
		"report":               templates.ReportPage{}, "report-done": nil, "resume": nil, "resume-done": nil,
		"device": templates.DevicePage{}, "device-confirm": templates.DeviceConfirmPage{}, "device-done": nil, "device-denied": nil,
		"signout-done": nil, "signup-done": nil, "forgot-sent": templates.ForgotSentPage{}, "help": templates.HelpPage{Dates: []templates.HelpDate{{Client: "Mall"}}},
		"help-setup": templates.HelpPage{}, "help-app": templates.HelpPage{}, "help-code": templates.HelpPage{}, "help-faq": templates.HelpPage{},
		"account-home": templates.HomePage{}, "account-profile": templates.ProfilePage{},
		"account-security": templates.SecurityPage{}, "account-password": templates.ChangePasswordPage{},
		"account-activity": templates.ActivityPage{}, "twostep-home": templates.TwoStepPage{},
		"twostep-code": templates.TwoStepCodePage{}, "twostep-remove": templates.RemoveMethodPage{},
		"twostep-name": templates.RenameMethodPage{}, "twostep-devices": templates.DevicesPage{},
		"setup-method": templates.SetupPage{}, "setup-finish": templates.SetupFinishPage{},
		"passkey": templates.PasskeyPage{}, "passkey-new": templates.NewPasskeyPage{},
		"account-passkeys": templates.PasskeysPage{}, "account-passkey-name": templates.RenamePasskeyPage{}, "account-passkey-remove": templates.RemovePasskeyPage{},
		"recovery-code": templates.RecoveryCodePage{}, "account-codes": templates.CodesPage{},
		"twostep-add": templates.AddMethodPage{}, "twostep-verify": templates.VerifyMethodPage{}, "twostep-main": templates.MainMethodPage{},
		"account-shops": templates.ShopsPage{}, "account-shop": templates.ShopPage{}, "account-shop-invite": templates.ShopInvitePage{},
		"account-shop-member": templates.ShopMemberPage{}, "account-shop-demand": templates.ShopDemandPage{},
		"account-shop-name": templates.ShopNamePage{}, "account-shop-end": templates.ShopEndPage{}, "shop-join": templates.JoinPage{}, "shop-choose": templates.ChooseShopPage{},
		"account-shop-tools": templates.ShopToolsPage{}, "account-shop-tool-new": templates.NewToolPage{},
		"setup-mail": templates.SetupMailPage{}, "setup-done": nil, "inbox-list": templates.InboxPage{},
		"admin-home": templates.StaffHomePage{}, "admin-people": templates.FindPage{}, "admin-person": templates.PersonPage{},
		"admin-audit": templates.AuditPage{}, "admin-recovery": templates.RecoveryDeskPage{}, "admin-case": templates.RecoveryCasePage{},
		"recovery-start": templates.RecoveryStartPage{}, "recovery-new": templates.RecoveryNewPage{}, "recovery-confirm": templates.RecoveryConfirmPage{},
		"recovery-evidence": templates.RecoveryEvidencePage{}, "recovery-status": templates.RecoveryStatusPage{},
		"admin-dates": templates.DatesPage{}, "admin-date": templates.DatePage{},
		"admin-explain": templates.ExplainPage{},
	}
}

// words are values for fields that hold a word out of a few.
var words = map[string]string{
	"Channel": "sms", "Via": "voice", "Kind": "phone", "Icon": "phone", "Note": "signin.ended", "Body": "error.b.param",
	"Key": "consent.s.other", "State": "on", "Lang": "ja", "Done": "reset",
}

// fill gives every field below v a value, so that every branch has something to
// show; bare gives only those that are never empty one.
func fill(v reflect.Value, bare bool, n *int) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			if !bare {
				v.Set(reflect.ValueOf(at))
			}
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), bare, n)
			if w, ok := words[v.Type().Field(i).Name]; ok && v.Field(i).Kind() == reflect.String {
				v.Field(i).SetString(w)
			}
		}
	case reflect.String:
		if *n++; !bare {
			v.SetString(fmt.Sprintf("x<y-%d", *n))
		}
	case reflect.Bool:
		v.SetBool(!bare)
	case reflect.Int:
		v.SetInt(2)
	case reflect.Slice:
		if bare {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), bare, n)
		}
	case reflect.Pointer:
		if !bare {
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem(), bare, n)
		}
	default: // nothing to fill
	}
}

// filled is a page's struct, filled in or bare.
func filled(zero any, bare bool) any {
	if zero == nil {
		return nil
	}
	v, n := reflect.New(reflect.TypeOf(zero)).Elem(), 0
	fill(v, bare, &n)
	return v.Interface()
}

// eachPage renders every page in both languages, bare and with everything filled in.
func eachPage(t *testing.T, f func(t *testing.T, lang, body string)) {
	s := newSet(t)
	pages := data()
	for _, name := range s.Names() {
		sample, ok := pages[name]
		if !ok {
			t.Errorf("page %s has no sample in data()", name)
			continue
		}
		for _, lang := range templates.Languages {
			for kind, d := range map[string]any{"bare": filled(sample, true), "full": filled(sample, false)} {
				t.Run(name+"/"+lang+"/"+kind, func(t *testing.T) {
					layout := "flow"
					if strings.HasPrefix(name, "account-") {
						layout = "account"
					}
					if strings.HasPrefix(name, "admin-") {
						layout = "staff"
					}
					var b bytes.Buffer
					err := s.Render(&b, templates.Page{
						Lang: lang, Name: name, Layout: layout, Title: "signin.title", Path: "/signin?flow=a&b=c", Flow: "FLOW", CSRF: "TOKEN",
						Client: &templates.ClientRef{Name: "Buyer & Co", URI: "https://buyer.example/"}, Err: kind == "full", Data: d,
						Desk: &templates.Desk{Name: "Reviewer", Admin: kind == "full", Reviewer: kind == "full"},
					})
					if err != nil {
						t.Fatal(err)
					}
					f(t, lang, b.String())
				})
			}
		}
	}
}

func TestEveryPageRendersInBothLanguages(t *testing.T) {
	t.Parallel()
	eachPage(t, func(t *testing.T, lang, body string) {
		if !strings.Contains(body, `<html lang="`+lang+`">`) {
			t.Error("the page does not name its language")
		}
		if hole := regexp.MustCompile(`\{[a-z0-9]+\}|&lt;no value|%!`).FindString(body); hole != "" {
			t.Errorf("nothing was filled in for %s", hole)
		}
		if strings.Contains(body, "Sekisho") {
			t.Error("the service is called by another name than the configured one")
		}
	})
}

// O-14, T-20: pages bring nothing from elsewhere, no inline script or style,
// and every form carries its token (N-57).
func TestPagesObeyTheContentPolicy(t *testing.T) {
	t.Parallel()
	eachPage(t, func(t *testing.T, _, body string) {
		doc, err := html.Parse(strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		ids := map[string]bool{}
		for n := range doc.Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			for _, a := range n.Attr {
				if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
					t.Errorf("<%s> has attribute %s", n.Data, a.Key)
				}
				if a.Key == "src" || (n.Data == "link" && a.Key == "href") {
					if !strings.HasPrefix(a.Val, "/static/") {
						t.Errorf("<%s> loads %s", n.Data, a.Val)
					}
				}
				if a.Key == "id" {
					if ids[a.Val] {
						t.Errorf("id %s is there twice", a.Val)
					}
					ids[a.Val] = true
				}
				if a.Key == "maxlength" || a.Key == "pattern" || a.Key == "placeholder" {
					t.Errorf("<%s> has %s (ux 0.2)", n.Data, a.Key)
				}
			}
			if n.Data == "style" || (n.Data == "script" && n.FirstChild != nil) {
				t.Errorf("inline <%s>", n.Data)
			}
			// The one form that goes elsewhere must not take the token along.
			if away := attr(n, "id") == "post"; n.Data == "form" && attr(n, "method") == "post" && hasToken(n) == away {
				t.Errorf("form to %s has a token: %v", attr(n, "action"), !away)
			}
		}
		for n := range doc.Descendants() {
			for _, key := range []string{"aria-describedby", "aria-labelledby", "for"} {
				for id := range strings.FieldsSeq(attr(n, key)) {
					if !ids[id] {
						t.Errorf("<%s> %s names %s, which is not there", n.Data, key, id)
					}
				}
			}
		}
	})
}

func hasToken(form *html.Node) bool {
	csrf, flow := false, false
	for n := range form.Descendants() {
		csrf = csrf || (attr(n, "name") == "csrf" && attr(n, "value") == "TOKEN")
		flow = flow || (attr(n, "name") == "flow" && attr(n, "value") == "FLOW")
	}
	return csrf && flow
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// S-006, S-021, S-098: while nobody demands it, it is recommended to everyone.
func TestSettingUpIsRecommendedBesideTheButton(t *testing.T) {
	t.Parallel()
	for lang, want := range map[string]string{"ja": "強くおすすめします", "en": "strongly recommend"} {
		var b bytes.Buffer
		page := templates.Page{Lang: lang, Name: "twostep-home", Layout: "account", Title: "two.title", Data: templates.TwoStepPage{State: "none"}}
		if err := newSet(t).Render(&b, page); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), want) || !strings.Contains(b.String(), `href="/help/setup"`) {
			t.Errorf("%s: no %q with a link to help", lang, want)
		}
	}
}

// T-56: what people and relying parties call themselves stays text.
func TestNamesCannotBringMarkup(t *testing.T) {
	t.Parallel()
	s := newSet(t)
	var b bytes.Buffer
	evil := `<script>alert(1)</script>**b**[l]`
	err := s.Render(&b, templates.Page{
		Lang: "en", Name: "signin", Layout: "flow", Title: "signin.title",
		Client: &templates.ClientRef{Name: evil}, Data: templates.SignInPage{Email: `"><script>`},
	})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "<script>") {
		t.Error("markup of a name reached the page")
	}
}

// used are the words in quotes in everything that may name a key.
func used(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, pattern := range []string{"*.go", "html/*.html", "../idp/web/*.go"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(raw)
		}
	}
	return all.String()
}

func TestNoWordsAreLeftOver(t *testing.T) {
	t.Parallel()
	source := used(t)
	for _, key := range keys(t) {
		bare := key
		if strings.HasPrefix(key, "mail.") {
			bare = strings.TrimSuffix(strings.TrimSuffix(key, ".s"), ".b")
		}
		if !strings.Contains(source, `"`+key+`"`) && !strings.Contains(source, `"`+bare+`"`) {
			t.Errorf("nothing uses key %s", key)
		}
	}
}

func keys(t *testing.T) []string {
	t.Helper()
	var out []string
	names, err := filepath.Glob("locale/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(raw)) {
			if key, _, ok := strings.Cut(line, " | "); ok && !strings.HasPrefix(line, "#") {
				out = append(out, key)
			}
		}
	}
	return out
}

// placeholders of a text, and its emphasis.
var placeholder = regexp.MustCompile(`\{[a-z0-9]+\}`)

func TestBothLanguagesSayTheSame(t *testing.T) {
	t.Parallel()
	s := newSet(t)
	for _, key := range keys(t) {
		ja, en := s.Text("ja", key), s.Text("en", key)
		j, e := map[string]bool{}, map[string]bool{}
		for _, p := range placeholder.FindAllString(ja, -1) {
			j[p] = true
		}
		for _, p := range placeholder.FindAllString(en, -1) {
			e[p] = true
		}
		if !reflect.DeepEqual(j, e) {
			t.Errorf("%s: placeholders differ: %q, %q", key, ja, en)
		}
		if strings.Count(ja, "**")%2 != 0 || strings.Count(en, "**")%2 != 0 {
			t.Errorf("%s: emphasis is not closed", key)
		}
	}
}
