package web

import (
	"errors"
	"net/http"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/templates"
)

// The paths of what is done with methods (ux 6.7).
const (
	pathNewMethod    = pathTwoStep + "/methods/new"
	pathNumber       = pathMethods + "/number"
	pathKey          = pathMethods + "/key"
	pathVerifyMethod = pathMethods + "/verify"
	pathMainMethod   = pathMethods + "/primary"
)

func (s *server) methodRoutes() []route {
	return []route{
		get(pathNewMethod, s.mine(s.addMethodPage)), post(pathNewMethod, s.mine(s.addMethod)),
		get(pathNumber, s.mine(s.addMethodPage)), post(pathNumber, s.mine(s.addMethod)),
		get(pathKey, s.mine(s.addMethodPage)), post(pathKey, s.mine(s.addMethod)),
		get(pathVerifyMethod, s.mine(s.verifyMethodPage)), post(pathVerifyMethod, s.mine(s.verifyMethod)),
		get(pathMainMethod, s.mine(s.mainMethodPage)), post(pathMainMethod, s.mine(s.makeMain)),
	}
}

// addForm is one request to the page that adds a method or replaces one.
type addForm struct {
	*visit
	view idp.AddingView
	// replaces is the id in the path; empty when one is added.
	replaces string
}

// addOf reads the state. nil means that the answer was given: it led elsewhere.
func (s *server) addOf(v *visit) (*addForm, error) {
	j := &addForm{visit: v, replaces: v.Param("id")}
	if j.replaces != "" {
		f, err := v.ownMethod()
		if err != nil || (f.Channel == mfa.App) != (v.Path() == pathKey) {
			return nil, idp.ErrNotFound
		}
	}
	var err error
	j.view, err = s.provider.Adding(v.Request().Context(), v.b, j.replaces)
	switch {
	case errors.Is(err, idp.ErrState):
		return nil, see(v, pathTwoStep) // it is not on
	case err != nil:
		return nil, err
	}
	return j, nil
}

func (s *server) addMethodPage(v *visit) error {
	j, err := s.addOf(v)
	if j == nil {
		return err
	}
	data, err := s.addData(j)
	if err != nil {
		return err
	}
	return s.render(v, http.StatusOK, s.addFrame(j, data))
}

// addFrame is the page, named by what is done there.
func (s *server) addFrame(j *addForm, data templates.AddMethodPage) templates.Page {
	title := "m.add_t"
	switch r := data.Replaced; {
	case r == nil:
	case r.App:
		title = "m.key_t"
	case r.Disabled:
		title = "m.renew_t"
	default:
		title = "m.ed_t"
	}
	return s.own(j.visit, "security", "twostep-add", title, data)
}

// addData are the panels as they are now.
func (s *server) addData(j *addForm) (templates.AddMethodPage, error) {
	limits := s.provider.Config().Limits
	countries := mfa.Countries(limits.MFA)
	data := templates.AddMethodPage{
		SetupPage: templates.SetupPage{
			N: 2, Kind: "phone", Main: j.methodPtr(j.view.Main), Channel: string(mfa.SMS), Countries: countryRows(j.lang, countries),
			AllowUnverified: j.view.AllowUnverified,
		},
		Phone: j.view.Phone, Full: !j.view.Phone && !j.view.App, EndOthers: true, HoldHours: int(limits.Care.Hold.Hours()),
	}
	if r := j.view.Replaced; r != nil {
		row := s.methodState(j.reader, *r)
		data.Replaced = &row
		if r.Channel.Phone() {
			data.Channel, data.Country = string(r.Channel), countryOf(r.Number, countries)
			if row.Disabled { // the same number, to be confirmed
				data.Number = mfa.National(r.Number)
			}
		}
	}
	data.Example = example(data.SetupPage)
	if j.view.App && (j.view.Replaced == nil || j.view.Replaced.Channel == mfa.App) {
		app, err := appKey(idp.SetupView{Secret: j.view.Secret, AppURI: j.view.AppURI})
		if err != nil {
			return data, err
		}
		if data.App = app; app.Key != "" || !j.view.Phone || j.QueryParam("kind") == "app" {
			data.Kind = "app"
		}
	}
	if code := j.view.Code; code != nil && data.Kind == "phone" {
		s.addSent(j, *code, &data)
	}
	return data, nil
}

// addSent shows where a code went, or the number again to be corrected (S-042).
func (s *server) addSent(j *addForm, code idp.CodeView, data *templates.AddMethodPage) {
	if j.QueryParam("edit") != "" {
		data.Channel, data.Number = string(code.Channel), mfa.National(code.Number)
		data.Country = countryOf(code.Number, mfa.Countries(s.provider.Config().Limits.MFA))
		data.Example = example(data.SetupPage)
		return
	}
	data.Sent = j.sent(code, true)
	if data.CodeError = j.text(troubleKey(code)); data.CodeError == "" && code.Dead {
		data.CodeError = j.text("w1.e.gone")
	}
}

// addMethod takes the forms of the page.
func (s *server) addMethod(v *visit) error {
	j, err := s.addOf(v)
	if j == nil {
		return err
	}
	ctx, here := v.Request().Context(), v.Request().URL.Path
	switch field(v, "do") {
	case "app":
		if err := s.provider.AddApp(ctx, v.b, j.replaces); err != nil {
			return err
		}
		return see(v, here+"?kind=app")
	case "cancel":
		if err := s.provider.DropAdding(ctx, v.b, j.replaces); err != nil {
			return err
		}
		return see(v, pathTwoStep)
	case "verify":
		return s.addVerify(j)
	case "resend":
		in := idp.PhoneInput{}
		if code := j.view.Code; code != nil {
			in.Channel, in.Number = code.Channel, code.Number
			in.Country = countryOf(code.Number, mfa.Countries(s.provider.Config().Limits.MFA))
		}
		return s.addPhone(j, in)
	}
	return s.addPhone(j, idp.PhoneInput{
		Channel: mfa.Channel(field(v, "channel")), Country: field(v, "cc"), Number: field(v, "tel"), Unverified: field(v, "unverified") != "",
	})
}

func (s *server) addPhone(j *addForm, in idp.PhoneInput) error {
	err := s.provider.AddPhone(j.Request().Context(), j.b, j.replaces, in)
	switch {
	case err == nil && in.Unverified:
		return see(j, pathTwoStep+"?done=added")
	case err == nil:
		return see(j, j.Request().URL.Path)
	}
	data, faultErr := s.addData(j)
	if faultErr != nil {
		return faultErr
	}
	data.Kind = "phone"
	data.Channel, data.Country, data.Number, data.Unverified = string(in.Channel), in.Country, in.Number, in.Unverified
	data.Example = example(data.SetupPage)
	if errors.Is(err, mfa.ErrMustVerify) {
		return s.render(j, http.StatusBadRequest, s.addFrame(j, data)) // no page of ours sends it (S-061)
	}
	if errors.Is(err, mfa.ErrTooManyFactors) {
		data.Full = true
		return s.again(j, s.addFrame(j, data))
	}
	text, ok := j.numberFault(err, in.Country)
	if !ok {
		return err
	}
	data.NumberError, data.Same = text, errors.Is(err, mfa.ErrNumberSame) && data.App != nil
	if data.Sent != nil {
		data.CodeError = text
	}
	return s.again(j, s.addFrame(j, data))
}

func (s *server) addVerify(j *addForm) error {
	ch, code, others := mfa.SMS, field(j, "code"), field(j, "others") != ""
	if field(j, "kind") == "app" {
		ch = mfa.App
	}
	err := s.provider.VerifyAdding(j.Request().Context(), j.b, j.replaces, ch, code, others)
	switch {
	case err == nil:
		return see(j, pathTwoStep+"?done="+addDone(j))
	case errors.Is(err, idp.ErrStep):
		return see(j, j.Request().URL.Path)
	}
	data, faultErr := s.addData(j)
	if faultErr != nil {
		return faultErr
	}
	data.EndOthers = others
	var sent *templates.SentCode
	if ch != mfa.App {
		sent = data.Sent
	}
	text, ok := j.codeFault(err, code, sent)
	if !ok {
		text, ok = j.numberFault(err, firstCountry) // another tab was faster
	}
	if !ok {
		return err
	}
	if ch == mfa.App {
		data.Kind, data.AppError = "app", text
	} else {
		data.Kind, data.CodeError = "phone", text
	}
	if data.Sent == nil && ch != mfa.App {
		data.NumberError = text
	}
	return s.again(j, s.addFrame(j, data))
}

// addDone is what the settings page says went well.
func addDone(j *addForm) string {
	switch r := j.view.Replaced; {
	case r == nil:
		return "added"
	case r.Channel == mfa.App, j.view.Code != nil && mfa.SameNumber(j.view.Code.Number, r.Number):
		return "renewed"
	}
	return "changed"
}
