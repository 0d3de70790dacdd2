package web

import (
	"encoding/base32"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/mfa/send"
	"github.com/sekisho-id/sekisho/templates"
)

// The development inbox shows what would have been sent, and what the
// authenticator apps registered here would show: a stranger could sign in with
// it. It exists only when the configuration gives an inbox.

const pathInbox = "/dev/inbox"

// inboxPeople is how many people's apps are looked for.
const inboxPeople = 100

func (s *server) devInbox(c echo.Context) error {
	p, err := s.inboxPage(c)
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, p)
}

func (s *server) inboxPage(c echo.Context) (templates.Page, error) {
	filter := mfa.Kind(c.QueryParam("kind"))
	switch filter {
	case mfa.Text, mfa.Call, mfa.Mail:
	default:
		filter = ""
	}
	data := templates.InboxPage{Filter: string(filter), Left: s.secondsLeft()}
	for _, m := range s.inbox.Messages(filter) {
		data.Messages = append(data.Messages, s.inboxMessage(m))
	}
	var err error
	data.Apps, err = s.appCodes(c)
	p := s.page(c, "inbox-list", "out.title", data)
	p.Layout = "admin"
	return p, err
}

func (s *server) inboxMessage(m send.Received) templates.InboxMessage {
	row := templates.InboxMessage{
		ID: m.ID, Kind: string(m.Kind), Icon: "mail", To: m.To, Lang: m.Lang, At: m.At.In(s.provider.Config().Zone),
		Subject: m.Subject, Body: m.Body, HTML: m.HTML, Segments: m.Segments, Letters: m.Chars,
	}
	switch m.Kind {
	case mfa.Text:
		row.Icon = "sms"
	case mfa.Call:
		row.Icon = "call"
	default: // a mail, as begun
	}
	if v := m.Voice; v != nil {
		row.Script = &templates.CallScript{
			Before: []string{v.Hello, v.Gate}, One: []string{v.Code, v.Again, v.Again, v.Menu, v.Warn, v.NotYou}, Nine: v.Stopped,
		}
	}
	return row
}

// secondsLeft is how long the codes of apps count.
func (s *server) secondsLeft() int { return 30 - int(s.now().Unix()%30) }

// appCodes are the codes of all apps now, also of those still being set up.
func (s *server) appCodes(c echo.Context) ([]templates.AppCode, error) {
	ctx := c.Request().Context()
	people, err := s.provider.Users(ctx, "", inboxPeople)
	if err != nil {
		return nil, err
	}
	var codes []templates.AppCode
	for _, u := range people {
		methods, err := s.provider.UserMethods(ctx, u.ID)
		if err != nil {
			return nil, err
		}
		for _, f := range methods {
			if f.Channel == mfa.App {
				codes = append(codes, templates.AppCode{Name: f.Name, Account: u.Email, Code: mfa.TOTPAt(f.Secret, s.now())})
			}
		}
	}
	return codes, nil
}

// answerInbox empties the inbox, or stands in for an app whose key was pasted.
func (s *server) answerInbox(c echo.Context) error {
	if field(c, "do") == "clear" {
		s.inbox.Clear()
		return see(c, pathInbox)
	}
	p, err := s.inboxPage(c)
	if err != nil {
		return err
	}
	data, _ := p.Data.(templates.InboxPage)
	data.Key = field(c, "key")
	text := strings.ToUpper(strings.TrimRight(strings.ReplaceAll(mfa.Fold(data.Key), "-", ""), "="))
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	if err != nil || len(secret) == 0 {
		data.KeyError = s.pages.Text(p.Lang, "out.key_e")
		p.Data = data
		return s.again(c, p)
	}
	data.KeyCode = mfa.TOTPAt(secret, s.now())
	p.Data = data
	return s.render(c, http.StatusOK, p)
}

// inboxJSON is the inbox for tests of relying parties.
func (s *server) inboxJSON(c echo.Context) error {
	type message struct {
		ID       string      `json:"id"`
		Kind     mfa.Kind    `json:"kind"`
		To       string      `json:"to"`
		Lang     string      `json:"lang"`
		At       time.Time   `json:"at"`
		Subject  string      `json:"subject,omitempty"`
		Body     string      `json:"body,omitempty"`
		HTML     string      `json:"html,omitempty"`
		Segments int         `json:"segments,omitempty"`
		Chars    int         `json:"chars,omitempty"`
		Voice    *mfa.Script `json:"voice,omitempty"`
	}
	type app struct {
		Account string `json:"account"`
		Name    string `json:"name,omitempty"`
		Code    string `json:"code"`
	}
	out := struct {
		Messages []message `json:"messages"`
		Apps     []app     `json:"apps"`
		// Left is the seconds that the codes of apps have left.
		Left int `json:"left"`
	}{Messages: []message{}, Apps: []app{}, Left: s.secondsLeft()}
	for _, m := range s.inbox.Messages(mfa.Kind(c.QueryParam("kind"))) {
		out.Messages = append(out.Messages, message{
			m.ID, m.Kind, m.To, m.Lang, m.At, m.Subject, m.Body, m.HTML, m.Segments, m.Chars, m.Voice,
		})
	}
	codes, err := s.appCodes(c)
	if err != nil {
		return err
	}
	for _, a := range codes {
		out.Apps = append(out.Apps, app{a.Account, a.Name, a.Code})
	}
	return c.JSON(http.StatusOK, out)
}

// inboxHTML is the HTML part of a mail by itself, kept from doing anything.
func (s *server) inboxHTML(c echo.Context) error {
	for _, m := range s.inbox.Messages(mfa.Mail) {
		if m.ID == c.Param("id") && m.HTML != "" {
			c.Response().Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
			return c.HTML(http.StatusOK, m.HTML)
		}
	}
	return idp.ErrNotFound
}
