package web

import (
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/templates"
)

// troubleKey tells what went wrong with a code on its way; empty for nothing known.
func troubleKey(code idp.CodeView) string {
	switch {
	case code.Delivery == mfa.Withheld:
		return "code.e.withheld"
	case code.Delivery == mfa.Unheard:
		return "code.e.unheard"
	case code.Delivery == mfa.Undelivered && code.Channel == mfa.Voice:
		return "code.e.unanswered"
	case code.Delivery == mfa.Undelivered:
		return "code.e.undelivered"
	case code.Late:
		return "code.e.late"
	}
	return ""
}

// instead is the way to get a code that is offered beside a code that did not
// come: the other one to the same number unless that seems to be another's
// now, else the first that need not wait. Nil when there is none.
func (s *server) instead(a asking) *templates.MethodChoice {
	if a.code == nil || troubleKey(*a.code) == "" {
		return nil
	}
	var best *idp.MethodView
	for i, m := range a.methods {
		same := m.Factor.ID == a.code.FactorID
		if m.Current || s.secondsUntil(m.WaitUntil) > 0 || same && a.code.Delivery == mfa.Withheld {
			continue
		}
		if best == nil || same && best.Factor.ID != a.code.FactorID {
			best = &a.methods[i]
		}
	}
	if best == nil {
		return nil
	}
	choice := s.methodChoice(*best)
	return &choice
}
