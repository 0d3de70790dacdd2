package send_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/mfa/send"
)

var callKey = []byte("0123456789abcdef0123456789abcdef")

func newCalls(t *testing.T, now func() time.Time) *send.Calls {
	t.Helper()
	calls, err := send.NewCalls("https://id.example.jp/call/", callKey, now)
	if err != nil {
		t.Fatal(err)
	}
	return calls
}

// ux 8.2, T-32: the course of a call by the keys pressed, "-" for none.
func TestCourseOfACall(t *testing.T) {
	t.Parallel()
	for keys, want := range map[string]send.Turn{
		"":        {ID: "m", Stage: send.AtGate, Round: 1},
		"-":       {ID: "m", Stage: send.AtGate, Round: 2},
		"--":      {ID: "m", Stage: send.AtGate, Round: 3},
		"---":     {ID: "m", Stage: send.Over, Round: 1},
		"5":       {ID: "m", Stage: send.AtGate, Round: 2},
		"1":       {ID: "m", Stage: send.AtCode, Round: 1},
		"--1":     {ID: "m", Stage: send.AtCode, Round: 1},
		"1111":    {ID: "m", Stage: send.AtCode, Round: 4},
		"11111":   {ID: "m", Stage: send.Over, Round: 1},
		"1-":      {ID: "m", Stage: send.Over, Round: 1},
		"19":      {ID: "m", Stage: send.Stopped, Round: 1},
		"9":       {ID: "m", Stage: send.Stopped, Round: 1},
		"91":      {ID: "m", Stage: send.Over, Round: 1},
		"---1":    {ID: "m", Stage: send.Over, Round: 1},
		"1-11111": {ID: "m", Stage: send.Over, Round: 1},
	} {
		turn := send.FirstTurn("m")
		for _, key := range keys {
			turn = turn.Next(strings.TrimPrefix(string(key), "-"))
		}
		if turn != want {
			t.Errorf("keys %q: got %+v, want %+v", keys, turn, want)
		}
	}
}

// T-32.
func TestAnsweringMachineNeverHearsTheCode(t *testing.T) {
	t.Parallel()
	for turn := send.FirstTurn("m"); ; turn = turn.Next("") {
		for _, document := range []string{turn.TwiML(script, "en", "https://x/"), turn.NCCO(script, "en", "https://x/")} {
			if strings.Contains(document, "four") {
				t.Fatalf("turn %+v says the code: %s", turn, document)
			}
		}
		if turn.Stage == send.Over {
			return
		}
	}
}

// N-33, C-16: three times, slowly, with pauses; and nothing from a script is markup.
func TestCodeIsSpokenThreeTimes(t *testing.T) {
	t.Parallel()
	turn := send.FirstTurn("m").Next("1")
	s := script
	s.Warn = `a < b & "c"`
	twiml := turn.TwiML(s, "ja-JP", "https://x/?a=1&b=2")
	for d := xml.NewDecoder(strings.NewReader(twiml)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v in %s", err, twiml)
		}
	}
	var actions []struct {
		Action, Text, Language string
		EventURL               []string `json:"eventUrl"`
		Type                   []string
		DTMF                   struct{ MaxDigits, TimeOut int }
	}
	ncco := turn.NCCO(s, "ja", "https://x/?a=1&b=2")
	if err := json.Unmarshal([]byte(ncco), &actions); err != nil || len(actions) != 2 {
		t.Fatalf("%v in %s", err, ncco)
	}
	for _, spoken := range []string{twiml, actions[0].Text} {
		if n := strings.Count(spoken, "four, "); n != 3 {
			t.Errorf("the code is said %d times in %s", n, spoken)
		}
		for _, want := range []string{`rate="85%"`, `<break time="600ms"/>`, `<break time="1200ms"/>`, "a &lt; b &amp;", s.NotYou} {
			if !strings.Contains(spoken, want) {
				t.Errorf("no %s in %s", want, spoken)
			}
		}
	}
	if !strings.Contains(twiml, `action="https://x/?a=1&amp;b=2"`) || !strings.Contains(twiml, `language="ja-JP"`) {
		t.Error(twiml)
	}
	input := actions[1]
	if input.EventURL[0] != "https://x/?a=1&b=2" || input.DTMF.MaxDigits != 1 || input.DTMF.TimeOut != 8 || actions[0].Language != "ja-JP" {
		t.Error(ncco)
	}
}

func TestCallEnds(t *testing.T) {
	t.Parallel()
	stopped := send.FirstTurn("m").Next("9")
	if got := stopped.TwiML(script, "en", "https://x/"); !strings.Contains(got, script.Stopped) || strings.Contains(got, "Gather") {
		t.Error(got)
	}
	over := stopped.Next("")
	if got := over.NCCO(script, "en", "https://x/"); got != "[]" {
		t.Error(got)
	}
	if got := over.TwiML(script, "en", "https://x/"); !strings.HasSuffix(got, "<Response><Hangup/></Response>") {
		t.Error(got)
	}
}

func TestKey(t *testing.T) {
	t.Parallel()
	const form, jsonType = "application/x-www-form-urlencoded; charset=UTF-8", "application/json"
	for _, tc := range []struct{ contentType, body, want string }{
		{form, "CallSid=CA1&Digits=1", "1"},
		{form, "CallSid=CA1", ""},
		{form, "Digits=", ""},
		{form, "Digits=12", ""},
		{form, "%zz", ""},
		{jsonType, `{"dtmf":{"digits":"9","timed_out":false}}`, "9"},
		{jsonType, `{"dtmf":{"digits":"","timed_out":true}}`, ""},
		{jsonType, `{"dtmf":"1"}`, "1"},
		{jsonType, `{"dtmf":`, ""},
		{"text/plain", "Digits=1", ""},
		{"", "Digits=1", ""},
	} {
		if got := send.Key(tc.contentType, []byte(tc.body)); got != tc.want {
			t.Errorf("%s %s: got %q, want %q", tc.contentType, tc.body, got, tc.want)
		}
	}
}

func TestCallURLCannotBeForgedOrKept(t *testing.T) {
	t.Parallel()
	now := noon
	calls := newCalls(t, func() time.Time { return now })
	turn := send.FirstTurn("a b c").Next("1")
	token, ok := strings.CutPrefix(calls.URL(turn), "https://id.example.jp/call/")
	if !ok {
		t.Fatal(calls.URL(turn))
	}
	if got, err := calls.Open(token); got != turn || err != nil {
		t.Fatalf("got %+v, %v", got, err)
	}
	other, err := send.NewCalls("https://id.example.jp/call", []byte(strings.Repeat("x", 32)), fixed)
	if err != nil {
		t.Fatal(err)
	}
	payload, mac, _ := strings.Cut(token, ".")
	gate := strings.TrimPrefix(calls.URL(send.FirstTurn("a b c")), "https://id.example.jp/call/")
	gatePayload, _, _ := strings.Cut(gate, ".")
	for name, forged := range map[string]string{
		"empty": "", "no mac": payload, "empty mac": payload + ".", "another's payload": gatePayload + "." + mac,
		"another key": strings.TrimPrefix(other.URL(turn), "https://id.example.jp/call/"), "trailing": token + "A", "no base64": "*.*",
	} {
		if got, err := calls.Open(forged); !errors.Is(err, send.ErrURL) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
	now = noon.Add(10 * time.Minute)
	if _, err := calls.Open(token); !errors.Is(err, send.ErrURL) {
		t.Errorf("after ten minutes: %v", err)
	}
}

func TestCallsNeedHTTPSAndAKey(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"", "id.example.jp", "http://id.example.jp/call", "http://localhost.example.jp"} {
		if _, err := send.NewCalls(base, callKey, fixed); err == nil {
			t.Errorf("base %q is taken", base)
		}
	}
	if _, err := send.NewCalls("https://id.example.jp", callKey[:31], fixed); err == nil {
		t.Error("a short key is taken")
	}
	if _, err := send.NewCalls("http://localhost:9000/call", callKey, fixed); err != nil {
		t.Error(err)
	}
}

func FuzzOpenCall(f *testing.F) {
	f.Add("")
	f.Add("Z2F0ZSAxIDAgbQ.AAAA")
	calls, err := send.NewCalls("https://id.example.jp", callKey, fixed)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if turn, err := calls.Open(token); err == nil {
			t.Errorf("%q opened %+v", token, turn)
		}
	})
}
