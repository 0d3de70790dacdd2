package idptest

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

// Metrics is the page that Prometheus reads.
func (s *Server) Metrics(t testing.TB) string {
	t.Helper()
	w := httptest.NewRecorder()
	s.Provider.Metrics().Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	if w.Code != http.StatusOK {
		t.Fatalf("metrics: %d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// Metric is the sum of the series of a name, given without its prefix, that
// have all the labels, each written name="value"; 0 when there is none.
func (s *Server) Metric(t testing.TB, name string, labels ...string) float64 {
	t.Helper()
	sum := 0.0
lines:
	for line := range strings.Lines(s.Metrics(t)) {
		series, value, _ := strings.Cut(strings.TrimSpace(line), "} ")
		if !strings.HasPrefix(series, "sekisho_"+name+"{") {
			if series, value, _ = strings.Cut(strings.TrimSpace(line), " "); series != "sekisho_"+name {
				continue
			}
		}
		for _, label := range labels {
			if !strings.Contains(series, label) {
				continue lines
			}
		}
		v, err := strconv.ParseFloat(value, 64)
		must(t, err)
		sum += v
	}
	return sum
}
