package idp

import (
	"context"
	"slices"

	"github.com/sekisho-id/sekisho/idp/metrics"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// meters are what the verbs count. What happens in an update is counted once
// it is committed: see work.count.
type meters struct {
	events, steps, signIns, passwords           *metrics.Counter
	codesSent, codesRefused, codesEntered, apps *metrics.Counter
	taken, receipts, converted, recoveries      *metrics.Counter
	// countries are the labels there may be.
	countries []string
}

func newMeters(r *metrics.Registry, countries []string) *meters {
	return &meters{
		events:       r.Counter("events_total", "Events written to the audit log.", "event"),
		steps:        r.Counter("sign_in_steps_total", "Pages that sign-ins came to, by the rule that chose them.", "page", "reason"),
		signIns:      r.Counter("sign_ins_total", "Sign-ins that were finished with a proof, by what was proved.", "acr"),
		passwords:    r.Counter("passwords_total", "Passwords typed: right, wrong, compromised (right and refused), slowed (not compared), busy (not compared).", "result"),
		codesSent:    r.Counter("codes_sent_total", "Codes queued for a phone.", "channel", "country", "purpose"),
		codesRefused: r.Counter("codes_refused_total", "Codes that were not sent, by the budget that was met.", "budget", "country"),
		codesEntered: r.Counter("codes_entered_total", "Codes typed, by how that ended.", "channel", "country", "result"),
		taken:        r.Counter("codes_taken_total", "Codes that a gateway took.", "channel", "country", "gateway"),
		receipts:     r.Counter("code_receipts_total", "What gateways reported of codes.", "channel", "country", "gateway", "state"),
		converted:    r.Counter("codes_converted_total", "Codes entered and right, by the gateway that brought them.", "channel", "country", "gateway"),
		recoveries:   r.Counter("recoveries_total", "Requests for recovery by review, by what became of them.", "state"),
		apps:         r.Counter("app_code_steps_total", "Right codes of apps by their distance from our clock, in steps of 30 s.", "step"),
		countries:    countries,
	}
}

// country is the label of a number: the countries served, and "other".
func (m *meters) country(number string) string {
	if iso := mfa.CountryOf(number); slices.Contains(m.countries, iso) {
		return iso
	}
	return "other"
}

// count runs f once this update is committed.
func (w *work) count(f func(*Provider)) { w.counts = append(w.counts, f) }

// Metrics is where everything about this provider is counted.
func (p *Provider) Metrics() *metrics.Registry { return p.cfg.Metrics }

// gauges are what is read when the metrics are asked for.
var gauges = []metrics.Gauge{
	{Name: "outbox_waiting", Help: "Messages that wait to be sent.", Labels: []string{"kind"}},
	{Name: "outbox_oldest_seconds", Help: "Age of the message that waits longest.", Labels: []string{"kind"}},
	{Name: "password_hashes_running", Help: "Hashes computed now."},
	{Name: "password_hashes_waiting", Help: "Hashes that wait for a processor."},
	{Name: "password_hashes_total", Help: "Hashes computed.", Grows: true},
	{Name: "password_hashes_refused_total", Help: "Hashes refused because too many waited.", Grows: true},
	{Name: "store_updates_total", Help: "Updates of the database that were committed.", Grows: true},
	{Name: "store_commits_total", Help: "Durable commits, which updates share.", Grows: true},
	{Name: "store_waiting", Help: "Updates that wait for the writer."},
	{Name: "job_runs_total", Help: "Runs of a job on this node.", Labels: []string{"job"}, Grows: true},
	{Name: "job_failures_total", Help: "Runs of a job that failed.", Labels: []string{"job"}, Grows: true},
	{Name: "job_last_success_seconds", Help: "When a job last succeeded, as seconds since 1970.", Labels: []string{"job"}},
	{Name: "job_last_run_seconds", Help: "How long the last successful run of a job took.", Labels: []string{"job"}},
	{Name: "alarm", Help: "1 while somebody should look.", Labels: []string{"alarm", "country"}},
	{Name: "signing_key_age_seconds", Help: "Time since the key that signs now began to sign.", Labels: []string{"alg"}},
}

func (p *Provider) readGauges(ctx context.Context, emit metrics.Emit) error {
	hashes, writes := p.cfg.Hasher.Stats(), p.st.Stats()
	emit("password_hashes_running", float64(hashes.Running))
	emit("password_hashes_waiting", float64(hashes.Waiting))
	emit("password_hashes_total", float64(hashes.Done))
	emit("password_hashes_refused_total", float64(hashes.Refused))
	emit("store_updates_total", float64(writes.Updates))
	emit("store_commits_total", float64(writes.Commits))
	emit("store_waiting", float64(writes.Waiting))
	for name, s := range p.jobs.Stats() {
		emit("job_runs_total", float64(s.Runs), name)
		emit("job_failures_total", float64(s.Failures), name)
		if !s.Succeeded.IsZero() {
			emit("job_last_success_seconds", float64(s.Succeeded.Unix()), name)
			emit("job_last_run_seconds", s.Took.Seconds(), name)
		}
	}
	for _, k := range p.keys.List() {
		if k.Signs {
			emit("signing_key_age_seconds", p.now().Sub(k.ActiveAt).Seconds(), k.Alg)
		}
	}
	return p.st.View(ctx, func(tx *store.Tx) error {
		if err := p.readAlarms(tx, emit); err != nil {
			return err
		}
		queues, err := tx.Queues()
		for _, kind := range []mfa.Kind{mfa.Mail, mfa.Text, mfa.Call} { // an empty queue is told too
			q := store.Queue{Kind: kind, Oldest: tx.Now}
			if i := slices.IndexFunc(queues, func(q store.Queue) bool { return q.Kind == kind }); i >= 0 {
				q = queues[i]
			}
			emit("outbox_waiting", float64(q.Waiting), string(kind))
			emit("outbox_oldest_seconds", tx.Now.Sub(q.Oldest).Seconds(), string(kind))
		}
		return err
	})
}
