package metrics

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// seconds are the bounds of durations: a hash takes 50 ms, a slow gateway seconds.
var seconds = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// HTTP counts requests by method, route and status, and how long they took.
type HTTP struct {
	requests *prometheus.CounterVec
	took     *prometheus.HistogramVec

	adding sync.Mutex
	routes atomic.Pointer[map[endpoint]*bound]
}

// endpoint is what a route's metrics are kept by.
type endpoint struct{ method, route string }

// bound are the metrics of one endpoint, each usual status found by its place.
type bound struct {
	took     prometheus.Observer
	statuses [len(usual)]atomic.Pointer[prometheus.Counter]
}

// usual are the statuses we answer with; another one is only slower to count.
var usual = [...]int{200, 204, 302, 303, 304, 400, 401, 403, 404, 405, 409, 410, 413, 421, 422, 429, 500, 503}

func newHTTP(r *Registry) *HTTP {
	h := &HTTP{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: prefix + "http_requests_total", Help: "Requests answered.",
		}, []string{"method", "route", "status"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: prefix + "http_request_seconds", Help: "How long requests took.", Buckets: seconds,
		}, []string{"method", "route"}),
	}
	h.routes.Store(&map[endpoint]*bound{})
	r.reg.MustRegister(h.requests, h.took)
	return h
}

// Observe counts one request. route is the pattern it matched, never its path;
// the empty one stands for requests that matched none.
func (h *HTTP) Observe(method, route string, status int, took time.Duration) {
	at := endpoint{method, route}
	b, ok := (*h.routes.Load())[at]
	if !ok {
		b = h.bind(at)
	}
	b.took.Observe(took.Seconds())
	i := slices.Index(usual[:], status)
	if i >= 0 {
		if c := b.statuses[i].Load(); c != nil {
			(*c).Inc()
			return
		}
	}
	c := h.requests.WithLabelValues(word(at.method), name(at.route), strconv.Itoa(status))
	if i >= 0 {
		b.statuses[i].Store(&c)
	}
	c.Inc()
}

// bind finds the metrics of an endpoint that was not met before. Methods that
// strangers invent are one.
func (h *HTTP) bind(at endpoint) *bound {
	b := &bound{took: h.took.WithLabelValues(word(at.method), name(at.route))}
	if word(at.method) != at.method {
		return b // not remembered: there is no end to them
	}
	h.adding.Lock()
	defer h.adding.Unlock()
	all := maps.Clone(*h.routes.Load())
	all[at] = b
	h.routes.Store(&all)
	return b
}

// word is a method as a label.
func word(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// name is a route as a label.
func name(route string) string {
	if route == "" {
		return "none"
	}
	return route
}
