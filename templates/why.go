package templates

// whys are the words for the rules of a sign-in and for their reasons; those
// words are idp/signin's.
var whys = map[string]string{
	"expired": "why.expired", "cancelled": "why.cancelled", "unreachable": "why.unreachable", "prompt_create": "why.prompt_create",
	"signed_out": "why.signed_out", "prompt_select_account": "why.prompt_select_account", "other_subject": "why.other_subject",
	"sign_in_again": "why.sign_in_again", "prompt_login": "why.prompt_login", "max_age": "why.max_age", "absolute": "why.absolute",
	"idle": "why.idle", "fresh": "why.fresh", "disabled": "why.disabled", "second_step": "why.second_step",
	"own_two_step": "why.own_two_step", "enforced": "why.enforced", "min_acr": "why.min_acr", "acr_essential": "why.acr_essential",
	"acr_voluntary": "why.acr_voluntary", "method_missing": "why.method_missing", "no_main": "why.no_main", "no_backup": "why.no_backup", "reset": "why.reset",
	"shop_enforced": "why.shop_enforced", "shop": "why.shop",
	"notice": "why.notice", "passkey_offer": "why.passkey_offer", "device": "why.device", "prompt_consent": "why.prompt_consent", "new_scopes": "why.new_scopes",
	"done": "why.done",
}

// Why says what a rule of a sign-in, or its reason, means; the word itself when
// it is not known.
func (s *Set) Why(lang, word string) string {
	if key, ok := whys[word]; ok {
		return s.Text(lang, key)
	}
	return word
}
