package web

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/templates"
)

// passkeyName is what a passkey of unknown make is called: where and when it was made.
func (r reader) passkeyName(userAgent string, at time.Time) string {
	_, name := r.browser(userAgent)
	return name + " " + r.set.Date(r.lang, at)
}

func (r reader) passkey(k mfa.Passkey) templates.PasskeyRow {
	return templates.PasskeyRow{
		ID: k.ID, Name: k.Name, Synced: k.Synced, Stopped: !k.Usable(), Added: r.at(k.CreatedAt), Used: r.at(k.LastUsedAt),
	}
}

func (s *server) passkeys(v *visit) error {
	data := templates.PasskeysPage{Done: v.done("added", "removed", "named")}
	ids := []string{}
	for _, k := range v.account.Passkeys {
		data.Passkeys = append(data.Passkeys, v.passkey(k))
		ids = append(ids, base64.RawURLEncoding.EncodeToString(k.Credential))
	}
	if data.Done != "" { // what a password manager still has and we do not, it may forget
		signal, err := json.Marshal(map[string]any{
			"rpId": s.issuer.Hostname(), "userId": base64.RawURLEncoding.EncodeToString([]byte(v.account.User.ID)), "allAcceptedCredentialIds": ids,
		})
		if err != nil {
			return err
		}
		data.Signal = string(signal)
	}
	return s.render(v, http.StatusOK, s.own(v, "security", "account-passkeys", "sec.passkeys", data))
}

func (s *server) addPasskeyPage(v *visit) error {
	p, err := s.addPasskeyForm(v, "")
	if err != nil {
		return err
	}
	return s.render(v, http.StatusOK, p)
}

func (s *server) addPasskeyForm(v *visit, fault string) (templates.Page, error) {
	data := templates.NewPasskeyPage{Own: true, Most: s.provider.Config().Limits.Care.Passkeys}
	made, err := s.provider.PasskeyCreation(v.Request().Context(), v.b, "")
	switch {
	case errors.Is(err, mfa.ErrTooManyFactors):
		data.Full = true
	case err != nil:
		return templates.Page{}, err
	}
	data.Passkey = templates.PasskeyAsk{Options: string(made.Options), Fault: fault}
	return s.own(v, "security", "passkey-new", "pkn.own_t", data), nil
}

func (s *server) addPasskey(v *visit) error {
	name := v.passkeyName(v.b.UserAgent, v.at(s.now()))
	next, err := s.provider.AddPasskey(v.Request().Context(), v.b, "", []byte(field(v, "credential")), name)
	if err == nil {
		return s.redirect(v, next)
	}
	key := passkeyWords(err)
	if key == "" && !errors.Is(err, mfa.ErrTooManyFactors) {
		return err
	}
	p, err := s.addPasskeyForm(v, v.text(key))
	if err != nil {
		return err
	}
	return s.again(v, p)
}

// ownPasskey is the person's passkey that the path names.
func (v *visit) ownPasskey() (mfa.Passkey, error) {
	i := slices.IndexFunc(v.account.Passkeys, func(k mfa.Passkey) bool { return k.ID == v.Param("id") })
	if i < 0 {
		return mfa.Passkey{}, idp.ErrNotFound
	}
	return v.account.Passkeys[i], nil
}

// passkeyForm shows a page about one passkey, which needs fresh proofs.
func (v *visit) passkeyForm(show func(mfa.Passkey) error) error {
	k, err := v.ownPasskey()
	if err != nil {
		return err
	}
	if !v.account.Sudo {
		return idp.ErrSudo
	}
	return show(k)
}

func (s *server) renamePasskeyPage(v *visit) error {
	return v.passkeyForm(func(k mfa.Passkey) error { return s.render(v, http.StatusOK, s.passkeyNamePage(v, k, "")) })
}

func (s *server) passkeyNamePage(v *visit, k mfa.Passkey, fault string) templates.Page {
	return s.own(v, "security", "account-passkey-name", "pks.name", templates.RenamePasskeyPage{Passkey: v.passkey(k), Error: fault})
}

func (s *server) renamePasskey(v *visit) error {
	k, err := v.ownPasskey()
	if err != nil {
		return err
	}
	err = s.provider.RenamePasskey(v.Request().Context(), v.b, k.ID, field(v, "name"))
	if errors.Is(err, idp.ErrName) {
		return s.again(v, s.passkeyNamePage(v, k, v.text("pks.name_e")))
	}
	if err != nil {
		return err
	}
	return see(v, pathPasskeys+"?done=named")
}

func (s *server) removePasskeyPage(v *visit) error {
	return v.passkeyForm(func(k mfa.Passkey) error {
		p := s.own(v, "security", "account-passkey-remove", "pks.rm_t", templates.RemovePasskeyPage{
			Passkey: v.passkey(k), Last: len(v.account.Passkeys) == 1, On: v.account.State == idp.StateOn,
			Here: v.account.Session.PasswordAt.IsZero() && v.account.Session.PasskeyID == k.ID,
		})
		p.TitleArgs = []any{"name", k.Name}
		return s.render(v, http.StatusOK, p)
	})
}

func (s *server) removePasskey(v *visit) error {
	k, err := v.ownPasskey()
	if err != nil {
		return err
	}
	if err := s.provider.RemovePasskey(v.Request().Context(), v.b, k.ID); err != nil {
		return err
	}
	return see(v, pathPasskeys+"?done=removed")
}
