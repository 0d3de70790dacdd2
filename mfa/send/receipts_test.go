package send_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/mfa/send"
)

func newReceipts(t *testing.T, now func() time.Time) *send.Receipts {
	t.Helper()
	r, err := send.NewReceipts("https://id.example.jp/receipts", callKey, now)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestReportsOfGateways(t *testing.T) {
	t.Parallel()
	const form, jsonType = "application/x-www-form-urlencoded", "application/json; charset=utf-8"
	for _, tc := range []struct {
		contentType, body string
		want              mfa.Delivery
		reason            string
	}{
		{form, "MessageSid=SM1&MessageStatus=delivered&To=%2B819012345678", mfa.Delivered, ""},
		{form, "MessageStatus=sent&SmsStatus=sent", "", ""},
		{form, "MessageStatus=undelivered&ErrorCode=30005", mfa.Undelivered, "30005"},
		{form, "MessageStatus=failed", mfa.Undelivered, "failed"},
		{form, "CallSid=CA1&CallStatus=completed&CallDuration=40", mfa.Unheard, "completed"},
		{form, "CallStatus=no-answer", mfa.Undelivered, "no-answer"},
		{form, "CallStatus=busy&SipResponseCode=486", mfa.Undelivered, "busy"},
		{jsonType, `{"message_uuid":"a","status":"delivered","channel":"sms"}`, mfa.Delivered, ""},
		{jsonType, `{"status":"submitted"}`, "", ""},
		{jsonType, `{"status":"rejected","error":{"type":"https://x","title":"1010"}}`, mfa.Undelivered, "1010"},
		{jsonType, `{"uuid":"a","status":"answered","direction":"outbound"}`, "", ""},
		{jsonType, `{"status":"unanswered"}`, mfa.Undelivered, "unanswered"},
		{jsonType, `{"status":"machine"}`, mfa.Unheard, "machine"},
		{jsonType, `{"status":"failed","reason":"<script>alert(1)</script>\n"}`, mfa.Undelivered, ""},
		{jsonType, `{"status":{"a":1}}`, "", ""},
		{jsonType, `{"status":`, "", ""},
		{form, "%zz", "", ""},
		{"text/plain", "MessageStatus=delivered", "", ""},
		{"", "", "", ""},
	} {
		if got, reason := send.ReadReceipt(tc.contentType, []byte(tc.body)); got != tc.want || reason != tc.reason {
			t.Errorf("%s: got %q because of %q, want %q because of %q", tc.body, got, reason, tc.want, tc.reason)
		}
	}
}

func TestReceiptURLCannotBeForgedOrUsedForACall(t *testing.T) {
	t.Parallel()
	now := noon
	clock := func() time.Time { return now }
	receipts, calls := newReceipts(t, clock), newCalls(t, clock)
	token := strings.TrimPrefix(receipts.URL("twilio", "m-1"), "https://id.example.jp/receipts/")
	if gateway, id, err := receipts.Open(token); gateway != "twilio" || id != "m-1" || err != nil {
		t.Fatalf("got %s, %s, %v", gateway, id, err)
	}
	// The same key signs both, but a URL of one use opens nothing of the other.
	if turn, err := calls.Open(token); !errors.Is(err, send.ErrURL) {
		t.Errorf("a receipt opened the call %+v", turn)
	}
	turn := strings.TrimPrefix(calls.URL(send.FirstTurn("m-1")), "https://id.example.jp/call/")
	if _, _, err := receipts.Open(turn); !errors.Is(err, send.ErrURL) {
		t.Error("a call opened a receipt")
	}
	if _, _, err := receipts.Open(token[:len(token)-1] + "A"); !errors.Is(err, send.ErrURL) {
		t.Error("a forged URL opens")
	}
	now = now.Add(72 * time.Hour)
	if _, _, err := receipts.Open(token); !errors.Is(err, send.ErrURL) {
		t.Error("it opens after three days")
	}
}

// Both vendors are asked to report, and others may be.
func TestGatewaysAreToldWhereToReport(t *testing.T) {
	t.Parallel()
	base, took := twilio(t, "testdata/twilio.yaml")
	receipts := newReceipts(t, fixed)
	account := send.Twilio{AccountSID: sid("AC"), AuthToken: "secret", From: "+815012345678", BaseURL: base}
	for _, c := range []send.HTTPConfig{account.Text(), account.Call(newCalls(t, fixed))} {
		c.Receipts = receipts
		m := text("m-1")
		if c.Kind == mfa.Call {
			m = call("m-1")
		}
		var by mfa.TakenBy
		m.TakenBy = &by
		if err := newHTTP(t, c).Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		if got := took()["StatusCallback"]; len(got) != 1 || got[0] != receipts.URL("twilio", "m-1") {
			t.Errorf("%s: StatusCallback is %v", c.Kind, got)
		}
		if by != (mfa.TakenBy{Gateway: "twilio", ID: sid("SM")}) {
			t.Errorf("%s: taken by %+v", c.Kind, by)
		}
	}
	server, _, body := gateway(t, 200, "{}")
	vonage := send.Vonage{APIKey: "k", APISecret: "s", From: "Sekisho", BaseURL: server}.Text()
	for _, r := range []*send.Receipts{receipts, nil} {
		vonage.Receipts = r
		if err := newHTTP(t, vonage).Send(t.Context(), text("m-1")); err != nil {
			t.Fatal(err)
		}
		if asked := strings.Contains(*body, `"webhook_url":"https://id.example.jp/receipts/`); asked != (r != nil) {
			t.Errorf("vonage was sent %s", *body)
		}
	}
	own := formGateway(server)
	own.Receipts, own.Form["report"] = receipts, "{{.Receipt}}"
	if err := newHTTP(t, own).Send(t.Context(), text("m-1")); err != nil || !strings.Contains(*body, "report=https%3A%2F%2Fid.example.jp%2Freceipts%2F") {
		t.Errorf("%v: %s", err, *body)
	}
}

func TestReportsComeLateAndOutOfOrder(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ from, report, want mfa.Delivery }{
		{"", mfa.Taken, mfa.Taken},
		{mfa.Taken, mfa.Delivered, mfa.Delivered},
		{mfa.Delivered, mfa.Taken, mfa.Delivered},
		{mfa.Delivered, mfa.Undelivered, mfa.Delivered},
		{mfa.Delivered, mfa.Unheard, mfa.Delivered}, // heard, then hung up
		{mfa.Taken, mfa.Unheard, mfa.Unheard},
		{mfa.Unheard, mfa.Delivered, mfa.Delivered},
		{mfa.Undelivered, mfa.Taken, mfa.Undelivered},
		{mfa.Undelivered, mfa.Unheard, mfa.Undelivered},
		{mfa.Undelivered, mfa.Delivered, mfa.Delivered}, // another gateway's, after a failover
		{mfa.Taken, "", mfa.Taken},
	} {
		if got := tc.from.Then(tc.report); got != tc.want {
			t.Errorf("%q after %q: got %q, want %q", tc.report, tc.from, got, tc.want)
		}
	}
}
