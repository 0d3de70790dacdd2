package metrics

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// prefix begins every name of ours.
const prefix = "sekisho_"

// readTime is how long the rooms may take to answer a scrape.
const readTime = 5 * time.Second

// Registry holds every metric of one program. It is safe for concurrent use.
type Registry struct {
	reg    *prometheus.Registry
	http   *HTTP
	failed prometheus.Counter
}

// New makes a registry with what the language and the process tell of
// themselves, the version of the program, and the counts of requests.
func New(version string) *Registry {
	r := &Registry{reg: prometheus.NewRegistry()}
	r.reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	r.Counter("build_info", "Always 1; the label is the program's version.", "version").Inc(version)
	r.failed = r.Counter("scrape_errors_total", "Reads for this page that failed.").vec.WithLabelValues()
	r.http = newHTTP(r)
	return r
}

// HTTP counts requests.
func (r *Registry) HTTP() *HTTP { return r.http }

// Handler answers with all metrics as text.
func (r *Registry) Handler() http.Handler {
	return promhttp.HandlerFor(r.reg, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// Counter is a number that only grows, one for each combination of labels.
type Counter struct{ vec *prometheus.CounterVec }

// Counter adds a counter, or finds the one that is there; its name gets our
// prefix. It panics when the name is taken for something else, which is a
// mistake of the program.
func (r *Registry) Counter(name, help string, labels ...string) *Counter {
	c := &Counter{prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + name, Help: help}, labels)}
	if err := r.reg.Register(c.vec); err != nil {
		there, ok := errors.AsType[prometheus.AlreadyRegisteredError](err)
		if !ok {
			panic("metrics: " + err.Error())
		}
		c.vec = there.ExistingCollector.(*prometheus.CounterVec) //nolint:errcheck // it has the same description
	}
	return c
}

// Inc counts one, with a value for each label in their order.
func (c *Counter) Inc(labels ...string) { c.vec.WithLabelValues(labels...).Inc() }

// Bind is the counter of one combination of labels, for paths where finding it
// each time would cost too much. It stands on the page from now on, at zero.
func (c *Counter) Bind(labels ...string) Bound { return Bound{c.vec.WithLabelValues(labels...)} }

// Bound is one number of a [Counter].
type Bound struct{ c prometheus.Counter }

// Inc counts one.
func (b Bound) Inc() { b.c.Inc() }

// Gauge describes a number that is read when the page is asked for.
type Gauge struct {
	Name, Help string
	Labels     []string
	// Grows is set for a count that another room keeps.
	Grows bool
}

// Emit hands over the value of a gauge, with a value for each of its labels.
type Emit func(gauge string, value float64, labels ...string)

// Read adds gauges and the function that reads them all at each scrape. What
// it emitted before an error still shows.
func (r *Registry) Read(gauges []Gauge, read func(context.Context, Emit) error) {
	c := &reading{failed: r.failed, read: read, descs: map[string]*prometheus.Desc{}, kinds: map[string]prometheus.ValueType{}}
	for _, g := range gauges {
		c.descs[g.Name] = prometheus.NewDesc(prefix+g.Name, g.Help, g.Labels, nil)
		c.kinds[g.Name] = prometheus.GaugeValue
		if g.Grows {
			c.kinds[g.Name] = prometheus.CounterValue
		}
	}
	r.reg.MustRegister(c)
}

// reading is gauges of one room as Prometheus wants them.
type reading struct {
	descs  map[string]*prometheus.Desc
	kinds  map[string]prometheus.ValueType
	read   func(context.Context, Emit) error
	failed prometheus.Counter
}

// Describe implements prometheus.Collector.
func (c *reading) Describe(to chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (c *reading) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), readTime)
	defer cancel()
	err := c.read(ctx, func(gauge string, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(c.descs[gauge], c.kinds[gauge], value, labels...)
	})
	if err != nil {
		c.failed.Inc()
	}
}
