package send

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sekisho-id/sekisho/mfa"
)

const (
	httpTimeout  = 10 * time.Second
	httpMaxReply = 64 << 10
	httpMaxID    = 128
)

// HTTP sends text messages or calls by one POST each to a gateway. It follows
// no redirect, waits ten seconds and reads 64 KiB of an answer at most.
//
// A status of 400 to 499 is permanent, except where it is about us or about
// the moment and not about the message: 401, 402, 403, 408 and 429. So a
// second gateway steps in for one that refuses our account (T-60).
type HTTP struct {
	config HTTPConfig
	tmpl   templates
	client *http.Client
	log    *slog.Logger
}

// NewHTTP returns a sender through a gateway, or what is wrong with its configuration.
func NewHTTP(c HTTPConfig) (*HTTP, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	tmpl, err := c.parse()
	if err != nil {
		return nil, err
	}
	log := c.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &HTTP{config: c, tmpl: tmpl, log: log, client: &http.Client{
		Transport:     c.Transport,
		Timeout:       httpTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Send hands one message to the gateway.
func (h *HTTP) Send(ctx context.Context, m mfa.Message) error {
	if m.Kind != h.config.Kind || m.Kind == mfa.Call && m.Voice == nil {
		return fmt.Errorf("%s: %w: carries no such %q", h.config.Name, mfa.ErrUndeliverable, m.Kind)
	}
	req, err := h.tmpl.request(ctx, h.config.about(m))
	if err != nil {
		// The error may quote the message.
		return fmt.Errorf("%s: %w: request cannot be rendered", h.config.Name, mfa.ErrUndeliverable)
	}
	if err := h.authorize(req); err != nil {
		return fmt.Errorf("%s: authorise: %w", h.config.Name, err)
	}
	resp, err := h.client.Do(req)
	if err != nil {
		if outer, ok := errors.AsType[*url.Error](err); ok {
			err = outer.Err // without the URL, which may hold a key
		}
		return fmt.Errorf("%s: %w", h.config.Name, err)
	}
	defer resp.Body.Close()
	reply, err := io.ReadAll(io.LimitReader(resp.Body, httpMaxReply))
	if !h.config.succeeds(resp.StatusCode) {
		return h.refused(resp.StatusCode)
	}
	if err != nil {
		reply = nil // taken; only its id is lost
	}
	id := h.replyID(reply)
	if m.TakenBy != nil {
		*m.TakenBy = mfa.TakenBy{Gateway: h.config.Name, ID: id}
	}
	h.log.InfoContext(ctx, "message accepted by gateway", slog.String("gateway", h.config.Name),
		slog.String("kind", string(m.Kind)), slog.String("message", m.ID), slog.String("gateway_id", id))
	return nil
}

func (h *HTTP) authorize(req *http.Request) error {
	switch c := h.config; {
	case c.Authorize != nil:
		return c.Authorize(req)
	case c.Bearer != "":
		req.Header.Set("Authorization", "Bearer "+c.Bearer)
	case c.User != "":
		req.SetBasicAuth(c.User, c.Password)
	}
	return nil
}

func (h *HTTP) refused(status int) error {
	err := fmt.Errorf("%s: answered %d", h.config.Name, status)
	switch status {
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden,
		http.StatusRequestTimeout, http.StatusTooManyRequests:
		return err
	}
	if status >= 400 && status < 500 {
		return fmt.Errorf("%w: %w", err, mfa.ErrUndeliverable)
	}
	return err
}

// replyID is the gateway's name for the message, for the operator who asks where it went.
func (h *HTTP) replyID(reply []byte) string {
	var v any
	if h.config.IDPath == "" || json.Unmarshal(reply, &v) != nil {
		return ""
	}
	id := lookUp(v, h.config.IDPath)
	return id[:min(len(id), httpMaxID)]
}

// lookUp is the string at a path like "messages.0.id" of decoded JSON, empty if there is none.
func lookUp(v any, path string) string {
	for step := range strings.SplitSeq(path, ".") {
		switch node := v.(type) {
		case map[string]any:
			v = node[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(node) {
				return ""
			}
			v = node[i]
		default:
			return ""
		}
	}
	s, _ := v.(string)
	return s
}
