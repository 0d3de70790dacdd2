package web

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/templates"
)

const (
	pathEmail       = pathSecurity + "/email"
	pathAddresses   = pathSecurity + "/addresses"
	pathAddressCode = pathAddresses + "/verify"
)

func (s *server) addressRoutes() []route {
	return []route{
		get(pathEmail, s.mine(s.emailForm)), post(pathEmail, s.mine(s.changeEmail)),
		get(pathAddresses, s.mine(s.addresses)), post(pathAddresses, s.mine(s.changeAddresses)),
		get(pathAddressCode, s.mine(s.addressCode)), post(pathAddressCode, s.mine(s.verifyAddress)),
	}
}

func (s *server) emailForm(v *visit) error {
	if !v.account.Sudo {
		return idp.ErrSudo
	}
	return s.render(v, http.StatusOK, s.emailPage(v, "", ""))
}

func (s *server) emailPage(v *visit, typed, fault string) templates.Page {
	return s.own(v, "security", "account-email", "sec.em_t", templates.ChangeEmailPage{
		Email: v.account.User.Email, New: typed, Error: fault, Days: days(s.provider.Config().Limits.Account.Report),
	})
}

func (s *server) changeEmail(v *visit) error {
	typed := field(v, "email")
	ref, err := s.provider.ChangeEmail(v.Request().Context(), v.b, typed)
	if err == nil {
		return see(v, addressCodePath(ref))
	}
	if fault := s.addressFault(v, err); fault != "" {
		return s.again(v, s.emailPage(v, typed, fault))
	}
	return err
}

// addressFault says what is wrong with an address; empty for other errors.
func (s *server) addressFault(v *visit, err error) string {
	soon, waits := errors.AsType[*mfa.TooSoonError](err)
	switch {
	case errors.Is(err, idp.ErrEmail):
		return v.text("signup.e.email")
	case errors.Is(err, idp.ErrAddressYours):
		return v.text("addr.e.yours")
	case errors.Is(err, idp.ErrTooMany):
		return v.text("addr.e.many", "n", s.provider.Config().Limits.Account.Addresses)
	case waits:
		return v.text("reset.e.soon", "time", s.clock(soon.At))
	}
	return ""
}

func (s *server) addresses(v *visit) error { return s.showAddresses(v, "", "") }

func (s *server) showAddresses(v *visit, typed, fault string) error {
	list, err := s.provider.Addresses(v.Request().Context(), v.b)
	if err != nil {
		return err
	}
	page := templates.AddressesPage{
		Email: v.account.User.Email, Typed: typed, Error: fault, Done: v.done("added", "removed"),
		More: len(list) < s.provider.Config().Limits.Account.Addresses,
	}
	for _, a := range list {
		page.Addresses = append(page.Addresses, templates.NoticeRow{ID: a.ID, Email: a.Email, Added: v.at(a.CreatedAt)})
	}
	p := s.own(v, "security", "account-addresses", "addr.title", page)
	if fault != "" {
		return s.again(v, p)
	}
	return s.render(v, http.StatusOK, p)
}

func (s *server) changeAddresses(v *visit) error {
	ctx := v.Request().Context()
	if id := field(v, "remove"); id != "" {
		if err := s.provider.RemoveAddress(ctx, v.b, id); err != nil {
			return err
		}
		return see(v, pathAddresses+"?done=removed")
	}
	typed := field(v, "email")
	ref, err := s.provider.AddAddress(ctx, v.b, typed)
	if err == nil {
		return see(v, addressCodePath(ref))
	}
	if fault := s.addressFault(v, err); fault != "" {
		return s.showAddresses(v, typed, fault)
	}
	return err
}

func addressCodePath(ref string) string {
	return pathAddressCode + "?" + url.Values{"ref": {ref}}.Encode()
}

func (s *server) addressCode(v *visit) error { return s.showAddressCode(v, v.QueryParam("ref"), "") }

func (s *server) showAddressCode(v *visit, ref, fault string) error {
	pending, err := s.provider.PendingAddress(v.Request().Context(), v.b, ref)
	if err != nil {
		return err
	}
	p := s.own(v, "security", "account-address-code", "signup.sent_t", templates.AddressCodePage{
		Ref: ref, Email: pending.Email, SignIn: pending.SignIn, Digits: s.digits(""), Resent: v.QueryParam("again") != "", Error: fault,
	})
	p.Path = addressCodePath(ref)
	if fault != "" {
		return s.again(v, p)
	}
	return s.render(v, http.StatusOK, p)
}

func (s *server) verifyAddress(v *visit) error {
	ctx, ref := v.Request().Context(), field(v, "ref")
	if field(v, "do") == "resend" {
		err := s.provider.ResendAddressCode(ctx, v.b, ref)
		if fault := s.addressFault(v, err); fault != "" {
			return s.showAddressCode(v, ref, fault)
		}
		if err != nil {
			return err
		}
		return see(v, addressCodePath(ref)+"&again=1")
	}
	signIn, err := s.provider.VerifyAddress(ctx, v.b, ref, field(v, "code"))
	switch {
	case err == nil && signIn:
		return see(v, pathSecurity+"?done=email")
	case err == nil:
		return see(v, pathAddresses+"?done=added")
	}
	key := codeFault(err)
	if errors.Is(err, mfa.ErrWrongCode) {
		key = "signup.e.code"
	}
	if key == "" {
		return err
	}
	return s.showAddressCode(v, ref, v.text(key, "n", s.digits("")))
}
