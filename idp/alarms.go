package idp

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/sekisho-id/sekisho/idp/metrics"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/idp/store"
)

// The alarms: what no limit of one account sees. Each is a gauge, an event and
// a line of the log, and stays on for a while after its last cause.
const (
	alarmPasswords  = "password_failures" // T-01
	alarmCodes      = "code_failures"     // T-24
	alarmBudget     = "budget"            // C-21
	alarmConversion = "conversion"        // C-17
)

// alarms watch what all people do together on this node. That an alarm is on
// stands in the database, for all nodes and over restarts.
type alarms struct {
	mu               sync.Mutex
	passwords, codes signin.Rate
	// raised is when this node last wrote an alarm down.
	raised map[[2]string]time.Time
}

// watchPassword counts a password that was compared.
func (p *Provider) watchPassword(wrong bool) {
	p.watch(&p.alarms.passwords, alarmPasswords, p.cfg.Limits.Alarms.PasswordFailures, wrong)
}

// watchCode counts a code that was compared.
func (p *Provider) watchCode(wrong bool) {
	p.watch(&p.alarms.codes, alarmCodes, p.cfg.Limits.Alarms.CodeFailures, wrong)
}

func (p *Provider) watch(r *signin.Rate, name string, least int, bad bool) {
	l, now := p.cfg.Limits.Alarms, p.now()
	p.alarms.mu.Lock()
	r.Add(now, l.Window, bad)
	all, failed := r.Sum(now, l.Window)
	p.alarms.mu.Unlock()
	if l.Unusual(all, failed, least) {
		p.raise(name, "")
	}
}

// raise switches an alarm on, or keeps it on. It has a transaction of its own,
// because what causes it is refused; its failure fails nobody's request.
func (p *Provider) raise(name, country string) {
	hold, key := p.cfg.Limits.Alarms.Hold, [2]string{name, country}
	p.alarms.mu.Lock()
	recent := p.now().Sub(p.alarms.raised[key]) < hold/10 // an attack raises it thousands of times
	if !recent {
		p.alarms.raised[key] = p.now()
	}
	p.alarms.mu.Unlock()
	if recent {
		return
	}
	ctx, first := context.Background(), false
	err := p.st.Update(ctx, Actor{Kind: "job", ID: "alarms"}, func(tx *store.Tx) error {
		n, _, err := tx.Count(alarmKey(name, country))
		if err != nil {
			return err
		}
		if first = n == 0; first {
			if err := tx.Record(Event{Name: "alarm.raised", Details: map[string]string{"alarm": name, "country": country}}); err != nil {
				return err
			}
		} else if err := tx.ClearCount(alarmKey(name, country)); err != nil {
			return err
		}
		_, _, err = tx.Hit(alarmKey(name, country), 0, hold)
		return err
	})
	if err != nil {
		p.cfg.Log.ErrorContext(ctx, "alarm not written down", slog.String("alarm", name), slog.Any("error", err))
	}
	if first {
		p.cfg.Log.WarnContext(ctx, "alarm raised", slog.String("alarm", name), slog.String("country", country))
	}
}

func alarmKey(name, country string) string { return "alarm|" + name + "|" + country }

// alarm raises an alarm after this update, whether it is committed or not.
func (w *work) alarm(name, country string) { w.alarms = append(w.alarms, [2]string{name, country}) }

// readAlarms tells which alarms are on.
func (p *Provider) readAlarms(tx *store.Tx, emit metrics.Emit) error {
	list := [][2]string{{alarmPasswords, ""}, {alarmCodes, ""}, {alarmBudget, ""}}
	for _, c := range p.cfg.Limits.MFA.Countries {
		list = append(list, [2]string{alarmBudget, c}, [2]string{alarmConversion, c})
	}
	for _, a := range list {
		n, _, err := tx.Count(alarmKey(a[0], a[1]))
		if err != nil {
			return err
		}
		emit("alarm", float64(min(n, 1)), a[0], a[1])
	}
	return nil
}
