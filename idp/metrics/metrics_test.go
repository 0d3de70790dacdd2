package metrics_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp/metrics"
)

func page(t *testing.T, r *metrics.Registry) string {
	t.Helper()
	w := httptest.NewRecorder()
	r.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	return w.Body.String()
}

func TestRequestsAreCountedByRoute(t *testing.T) {
	t.Parallel()
	r := metrics.New("v1")
	for _, status := range []int{200, 200, 303, 599} {
		r.HTTP().Observe(http.MethodPost, "/signin", status, 3*time.Millisecond)
	}
	r.HTTP().Observe(http.MethodGet, "", 404, time.Millisecond)
	for _, want := range []string{
		`sekisho_build_info{version="v1"} 1`,
		`sekisho_http_requests_total{method="POST",route="/signin",status="200"} 2`,
		`sekisho_http_requests_total{method="POST",route="/signin",status="303"} 1`,
		`sekisho_http_requests_total{method="POST",route="/signin",status="599"} 1`,
		`sekisho_http_requests_total{method="GET",route="none",status="404"} 1`,
		`sekisho_http_request_seconds_count{method="POST",route="/signin"} 4`,
		`sekisho_http_request_seconds_bucket{method="POST",route="/signin",le="0.0025"} 0`,
		`sekisho_http_request_seconds_bucket{method="POST",route="/signin",le="0.005"} 4`,
	} {
		if got := page(t, r); !strings.Contains(got, want+"\n") {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
}

// Strangers choose methods and paths; they must not fill our memory by it.
func TestStrangersCannotMakeSeries(t *testing.T) {
	t.Parallel()
	r := metrics.New("")
	for i := range 1000 {
		r.HTTP().Observe("M"+strings.Repeat("x", i%50), "", 404, time.Millisecond)
	}
	if n := strings.Count(page(t, r), "\nsekisho_http_requests_total{"); n != 1 {
		t.Errorf("%d series of one route, want 1", n)
	}
}

func TestGaugesAreReadAtEachScrape(t *testing.T) {
	t.Parallel()
	r, n, fault := metrics.New(""), 0.0, error(nil)
	r.Read([]metrics.Gauge{{Name: "depth", Help: "x", Labels: []string{"kind"}}, {Name: "made_total", Help: "y", Grows: true}},
		func(_ context.Context, emit metrics.Emit) error {
			n++
			emit("depth", n, "sms")
			emit("made_total", 10*n)
			return fault
		})
	for _, want := range []string{`sekisho_depth{kind="sms"} 1`, `sekisho_depth{kind="sms"} 2`, "sekisho_made_total 30", "# TYPE sekisho_made_total counter"} {
		if got := page(t, r); !strings.Contains(got, want+"\n") {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	fault = errors.New("no database")
	page(t, r)
	if got := page(t, r); !strings.Contains(got, "sekisho_depth") || strings.Contains(got, "sekisho_scrape_errors_total 0") {
		t.Errorf("a failed read is hidden:\n%s", got)
	}
}

// What every request pays.
func TestCountingARequestAllocatesNothing(t *testing.T) {
	r := metrics.New("")
	observe := func() { r.HTTP().Observe(http.MethodGet, "/oauth2/userinfo", 200, time.Millisecond) }
	observe()
	if n := testing.AllocsPerRun(1000, observe); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkObserve(b *testing.B) {
	r := metrics.New("")
	for b.Loop() {
		r.HTTP().Observe(http.MethodGet, "/oauth2/userinfo", 200, time.Millisecond)
	}
}
