package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestLogHasTheRequestsThatFailed(t *testing.T) {
	t.Parallel()
	k := start(t)
	fine := k.raw(httptest.NewRequest(http.MethodGet, "/help", nil))
	failed := k.raw(httptest.NewRequest(http.MethodGet, "/nothing", nil))
	log := k.Log.String()
	if id := fine.Header().Get("X-Request-Id"); fine.Code != http.StatusOK || id == "" || strings.Contains(log, id) {
		t.Errorf("a request that went well: status %d, id %q; want no line at info", fine.Code, id)
	}
	if id := failed.Header().Get("X-Request-Id"); failed.Code != http.StatusNotFound || !strings.Contains(log, id) {
		t.Errorf("a request that failed: status %d, id %q; want its line in %s", failed.Code, id, log)
	}
}
