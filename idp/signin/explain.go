package signin

import "time"

// The rules that no single reason names; the reason of their step says which it was.
const (
	RuleStale      = "sign_in_again"  // prompt_login, max_age, absolute, idle or fresh
	RuleSecondStep = "second_step"    // whatever demands more than the proofs reach
	RuleMissing    = "method_missing" // no_main or no_backup
)

// Explanation is how a decision came about, told by the code that made it.
type Explanation struct {
	Step Step
	// Demands are what asked for a level, in their order. Beside them there is
	// always the password.
	Demands []Demand
	// Rules are those that were looked at, in their order; the last one applies,
	// unless nothing is left to ask.
	Rules []Verdict
}

// Demand is one rule that asks for a level.
type Demand struct {
	Reason string
	Level  Level
	// Raised is set when it asked for more than those before it. The last that
	// did is the reason of the second step.
	Raised bool
}

// Verdict is one rule of [Decide] and whether it applies.
type Verdict struct {
	// Rule is a reason, or one of the Rule words.
	Rule    string
	Applies bool
}

// Explain is [Decide] with the way to its answer.
func Explain(f Facts) Explanation {
	var e Explanation
	e.Step = decide(&f, &e)
	return e
}

// demanded notes a demand; what asks for nothing is none.
func (e *Explanation) demanded(level Level, reason string, raised bool) {
	if e != nil && level > LevelPassword {
		e.Demands = append(e.Demands, Demand{Reason: reason, Level: level, Raised: raised})
	}
}

// asks notes a rule's verdict and passes it on.
func (d demand) asks(rule string, applies bool) bool {
	if d.trace != nil {
		d.trace.Rules = append(d.trace.Rules, Verdict{Rule: rule, Applies: applies})
	}
	return applies
}

// longestWay is more pages than any way has: five, and two where a passkey is
// made and tried on it.
const longestWay = 10

// Way are the steps that a willing person meets from f on, who answers every
// page and puts off what may be put off. The last one is [PageDone], or where
// they get no further.
func Way(f Facts) []Step {
	var way []Step
	for range longestWay {
		s := Decide(f)
		way = append(way, s)
		if s.Page == PageDone || s.Page == PageRefuse {
			break
		}
		Answer(&f, s)
	}
	return way
}

// Answer does what a willing person does on a page, half a minute later.
func Answer(f *Facts, s Step) {
	f.Now = f.Now.Add(30 * time.Second)
	p := &f.Proofs
	p.SeenAt = f.Now
	switch s.Page {
	case PagePassword, PageSignUp:
		if f.Request.HintSubject != "" {
			f.Person.ID = f.Request.HintSubject
		}
		p.Subject, p.PasswordAt = f.Person.ID, f.Now
	case PageSelect:
		p.Selected = true
	case PageCode:
		p.CodeAt = f.Now
	case PagePasskey:
		p.Passkey = Passkey{At: f.Now, Verified: true}
	case PageNewPasskey:
		f.Person.Passkey = true
	case PageOffer:
		f.Person.Offered = true
	case PageEnrol:
		if s.PutOff {
			p.PutOff = true
			return
		}
		f.Person.TwoStep, f.Person.Primary, f.Person.Backup, p.CodeAt = true, true, true, f.Now
	case PageNotice:
		p.PutOff = true
	case PageShop:
		f.Shop.Choose = false
	case PageConsent, PageDevice:
		p.Consented = true
	case PageDone, PageRefuse:
	}
}
