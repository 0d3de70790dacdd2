package signin

import "time"

// tenths is how many parts a [Rate]'s window has: what is older than the
// window goes one part at a time.
const tenths = 10

// Rate counts outcomes, good and bad, over a window that slides. The zero Rate
// is empty. It is not safe for concurrent use.
type Rate struct{ parts [tenths]part }

// part is a tenth of the window; at is which one, counted since 1970.
type part struct {
	at       int64
	all, bad int
}

// Add counts one outcome.
func (r *Rate) Add(now time.Time, window time.Duration, bad bool) {
	at := now.UnixNano() / int64(window/tenths)
	p := &r.parts[at%tenths]
	if p.at != at {
		*p = part{at: at}
	}
	p.all++
	if bad {
		p.bad++
	}
}

// Sum is what the window that ends now holds.
func (r *Rate) Sum(now time.Time, window time.Duration) (all, bad int) {
	at := now.UnixNano() / int64(window/tenths)
	for _, p := range r.parts {
		if p.at > at-tenths && p.at <= at {
			all += p.all
			bad += p.bad
		}
	}
	return all, bad
}

// AlarmLimits say what is so unusual that somebody should look: failures over
// all accounts together, that no limit of one account sees (T-01, T-24), and
// codes that are paid for and never entered (T-31).
type AlarmLimits struct {
	Window            time.Duration `yaml:"window"`             // over which failures are counted
	PasswordFailures  int           `yaml:"password_failures"`  // T-01, wrong passwords at least
	CodeFailures      int           `yaml:"code_failures"`      // T-24, wrong codes at least
	FailurePercent    int           `yaml:"failure_percent"`    // of all that were entered, at least
	ConversionSends   int           `yaml:"conversion_sends"`   // C-17, the last so many codes sent to a country
	ConversionPercent int           `yaml:"conversion_percent"` // C-17, of which fewer were entered
	Hold              time.Duration `yaml:"hold"`               // how long an alarm stays on after its last cause
}

// DefaultAlarmLimits are the numbers of requirements.md section 4, and ours where it has none.
func DefaultAlarmLimits() AlarmLimits {
	return AlarmLimits{
		Window: 10 * time.Minute, PasswordFailures: 200, CodeFailures: 50, FailurePercent: 50,
		ConversionSends: 50, ConversionPercent: 30, Hold: time.Hour,
	}
}

// Unusual reports whether outcomes are an alarm: least bad ones, and
// FailurePercent of all.
func (l AlarmLimits) Unusual(all, bad, least int) bool {
	return bad >= least && bad*100 >= l.FailurePercent*all
}

// Unconverted reports whether too few of the codes sent were entered.
func (l AlarmLimits) Unconverted(sent, entered int) bool {
	return sent >= l.ConversionSends && entered*100 < l.ConversionPercent*sent
}
