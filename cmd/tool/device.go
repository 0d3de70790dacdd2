package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"
)

const (
	grantDevice = "urn:ietf:params:oauth:grant-type:device_code"
	// pace is how long a device waits between two polls where it is not told
	// (RFC 8628 §3.2), and by how much it slows down when told to (§3.5).
	pace = 5 * time.Second
)

// deviceAnswer is what a device is told when it asks to be connected.
type deviceAnswer struct {
	Code      string `json:"device_code"`
	UserCode  string `json:"user_code"`
	URI       string `json:"verification_uri"`
	Complete  string `json:"verification_uri_complete"`
	ExpiresIn int    `json:"expires_in"`
	Interval  int    `json:"interval"`
}

// connect takes a person's access token (RFC 8628): it says where the person
// enters which code, and asks until they have answered or the code has expired.
// It never asks more often than it may.
func (t tool) connect(ctx context.Context, scope string) (string, error) {
	meta, err := t.discover(ctx)
	if err != nil {
		return "", err
	}
	if meta.Device == "" {
		return "", errors.New("the provider has no device_authorization_endpoint")
	}
	var asked deviceAnswer
	if err := t.post(ctx, meta.Device, url.Values{"scope": {scope}}, &asked); err != nil {
		return "", fmt.Errorf("device authorization: %w", err)
	}
	ends := t.world.now().Add(time.Duration(asked.ExpiresIn) * time.Second)
	fmt.Fprintf(t.world.out, "Open %s and enter %s\n", asked.URI, asked.UserCode)
	if asked.Complete != "" {
		fmt.Fprintf(t.world.out, "or open %s\n", asked.Complete)
	}
	wait := max(time.Duration(asked.Interval)*time.Second, time.Second)
	if asked.Interval == 0 {
		wait = pace
	}
	for {
		if !t.world.now().Add(wait).Before(ends) {
			return "", errors.New("nobody entered the code before it expired")
		}
		if err := t.world.sleep(ctx, wait); err != nil {
			return "", err
		}
		var got tokenAnswer
		err := t.post(ctx, meta.Token, url.Values{"grant_type": {grantDevice}, "device_code": {asked.Code}}, &got)
		refused, said := errors.AsType[*answerError](err)
		switch {
		case err == nil:
			return got.AccessToken, nil
		case ctx.Err() != nil:
			return "", fmt.Errorf("interrupted: %w", ctx.Err())
		case !said: // the network: leave it alone for longer each time (§3.5)
			wait *= 2
		case refused.code == "authorization_pending":
		case refused.code == "slow_down":
			wait += pace
		case refused.code == "access_denied":
			return "", errors.New("the person refused")
		case refused.code == "expired_token":
			return "", errors.New("nobody entered the code before it expired")
		default:
			return "", fmt.Errorf("token: %w", err)
		}
	}
}
