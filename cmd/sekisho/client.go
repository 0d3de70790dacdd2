package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/store"
)

func clientAdd(ctx context.Context, p *program, args []string) error {
	f := p.flags("client add", "ID", "Add a relying party. Its secret is printed once and never again.\nA running provider serves it within seconds.")
	from := f.source()
	var c clients.Client
	var grants, redirects, logouts, scopes, resources, serves, modes list
	f.StringVar(&c.Name, "name", "", "its `name`, which people see (required)")
	f.StringVar(&c.Owner, "owner", "", "who runs it, shown when consent is asked for")
	f.StringVar(&c.URI, "uri", "", "its home page")
	f.Var(&redirects, "redirect-uri", "where people return to; may be given several times")
	f.StringVar(&c.BackchannelLogoutURI, "backchannel-logout-uri", "", "the `URL` that is told when a session ends")
	f.StringVar(&c.InitiateLoginURI, "initiate-login-uri", "", "the `URL` of its page that begins a sign-in for people who come from here")
	f.Var(&logouts, "post-logout-uri", "where people may return to after sign-out; may be given several times")
	f.Var(&grants, "grant", "authorization_code (the default), refresh_token, client_credentials, device_code or token_exchange; may be given several times")
	f.Var(&scopes, "scope", "a scope it may ask for; may be given several times")
	f.Var(&resources, "resource", "an audience of its access tokens, one of the configuration's resources; may be given several times")
	f.Var(&serves, "serves", "a resource of which it is the API, so that it may introspect its tokens; may be given several times")
	public := f.Bool("public", false, "it cannot keep a secret: an app on a device or in a browser")
	post := f.Bool("secret-post", false, "it sends its secret in the form (client_secret_post)")
	key := f.Bool("private-key", false, "it signs with a key instead of having a secret (private_key_jwt)")
	f.BoolVar(&c.Native, "native", false, "an app on a device: the port of a loopback redirect URI may vary")
	f.BoolVar(&c.NoPKCE, "no-pkce", false, "it cannot do PKCE; it must then send nonce")
	f.BoolVar(&c.NoNonce, "no-nonce", false, "without PKCE, it need not send nonce either")
	f.BoolVar(&c.RequirePAR, "require-par", false, "refuse authorization requests that were not pushed")
	f.BoolVar(&c.DPoPBound, "dpop", false, "refuse token requests without a DPoP proof")
	f.Var(&modes, "response-mode", "query (the default) or form_post; may be given several times")
	jwks := f.String("jwks", "", "a `file` with its public keys, a JWK set")
	f.StringVar(&c.JWKSURI, "jwks-uri", "", "the `URL` where it publishes its keys instead")
	f.StringVar(&c.RequestObjectAlg, "request-object-alg", "", "RS256, PS256, ES256 or EdDSA of its signed request objects")
	f.StringVar(&c.IDTokenAlg, "id-token-alg", "", "RS256 (the default), PS256, ES256 or EdDSA")
	pairwise := f.Bool("pairwise", false, "tell it people by subjects of its sector alone (subject_type pairwise)")
	f.StringVar(&c.SectorURI, "sector-uri", "", "the `URL` of a document that lists the redirect URIs of its sector")
	profile := f.String("profile", "", "fapi2 holds it to the FAPI 2.0 Security Profile")
	f.BoolVar(&c.AMRDetail, "amr-detail", false, "add sms, tel and mfa to amr")
	f.BoolVar(&c.Rules.FirstParty, "first-party", false, "ask for no consent")
	f.StringVar(&c.Rules.MinACR, "min-acr", "", "the least acr, such as urn:sekisho:acr:2sv")
	f.BoolVar(&c.Rules.NoTrustedDevices, "no-trusted-devices", false, "ask for a code on trusted devices too")
	enforce := f.String("enforce-from", "", "the `date` from which two-step verification is compulsory")
	got, err := f.parse(args)
	if err != nil {
		return err
	}
	c.ID, c.RedirectURIs, c.PostLogoutURIs, c.Scopes, c.Resources, c.Serves = got[0], redirects, logouts, scopes, resources, serves
	c.Profile = clients.Profile(*profile)
	if *pairwise {
		c.SubjectType = clients.SubjectPairwise
	}
	for _, g := range grants {
		c.Grants = append(c.Grants, clients.ParseGrant(g))
	}
	for _, m := range modes {
		c.ResponseModes = append(c.ResponseModes, clients.ResponseMode(m))
	}
	if *jwks != "" {
		keys, err := os.ReadFile(*jwks)
		if err != nil {
			return err
		}
		c.JWKS = string(keys)
	}
	for method, chosen := range map[clients.AuthMethod]bool{clients.AuthNone: *public, clients.AuthPost: *post, clients.AuthKey: *key} {
		if chosen && c.Auth != "" {
			return usagef("-public, -secret-post and -private-key exclude one another")
		}
		if chosen {
			c.Auth = method
		}
	}
	return p.addClient(ctx, from, c, *enforce)
}

func (p *program) addClient(ctx context.Context, from source, c clients.Client, enforce string) error {
	o, err := p.open(ctx, from)
	if err != nil {
		return err
	}
	defer o.close()
	if enforce != "" {
		if c.Rules.EnforceFrom, err = clients.ParseMoment(enforce, o.cfg.Zone()); err != nil {
			return usagef("-enforce-from %v", err)
		}
	}
	secret, err := o.AddClient(ctx, o.actor, c)
	switch {
	case errors.Is(err, store.ErrExists):
		return fmt.Errorf("there is a client %q already", c.ID)
	case err != nil:
		return err
	}
	fmt.Fprintf(p.stdout, "added client %s\n", c.ID)
	p.showSecret(secret)
	return nil
}

// showSecret prints a secret for the only time there is (C-52).
func (p *program) showSecret(secret string) {
	if secret != "" {
		fmt.Fprintf(p.stdout, "secret: %s\nIt is not shown again: give it to the relying party now.\n", secret)
	}
}

func clientList(ctx context.Context, p *program, args []string) error {
	f := p.flags("client list", "", "List relying parties, those of the configuration file and those added by command.")
	return p.with(ctx, f, args, func(o *opened, _ []string) error {
		all, err := o.ListClients(ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ID\tNAME\tAUTHENTICATES BY\tENFORCES FROM\tFROM\tSTATE")
		for _, c := range all {
			state := "active"
			if c.Disabled {
				state = "disabled"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", c.ID, c.Name, c.AuthMethod(), date(c.Rules.EnforceFrom), o.origin(c.ID), state)
		}
		return w.Flush()
	})
}

// origin says where a client is kept.
func (o *opened) origin(id string) string {
	if o.Config().Clients.InFile(id) {
		return "file"
	}
	return "database"
}

func clientShow(ctx context.Context, p *program, args []string) error {
	return p.onClient(ctx, args, "client show", "Show a relying party, as JSON. Its secrets are kept as hashes, which are left out.", func(o *opened, id string) error {
		c, ok := o.Config().Clients.Find(id)
		if !ok {
			return idp.ErrNotFound
		}
		shown := *c
		shown.SecretHashes = nil
		out := json.NewEncoder(p.stdout)
		out.SetIndent("", "  ")
		return out.Encode(shown)
	})
}

func clientRotateSecret(ctx context.Context, p *program, args []string) error {
	return p.onClient(ctx, args, "client rotate-secret", "Give a relying party a further secret, printed once. The one before stays good until the next rotation.",
		func(o *opened, id string) error {
			secret, err := o.RotateClientSecret(ctx, o.actor, id)
			if err != nil {
				return err
			}
			p.showSecret(secret)
			return nil
		})
}

func clientDisable(ctx context.Context, p *program, args []string) error {
	return p.onClient(ctx, args, "client disable", "Refuse everything a relying party asks and end its grants.", func(o *opened, id string) error {
		return p.say(o.SetClientDisabled(ctx, o.actor, id, true), "client %s is refused from now on", id)
	})
}

func clientEnable(ctx context.Context, p *program, args []string) error {
	return p.onClient(ctx, args, "client enable", "Serve a relying party again.", func(o *opened, id string) error {
		return p.say(o.SetClientDisabled(ctx, o.actor, id, false), "client %s is served again", id)
	})
}

// onClient is a verb about one relying party.
func (p *program) onClient(ctx context.Context, args []string, name, text string, do func(*opened, string) error) error {
	f := p.flags(name, "ID", text)
	return p.with(ctx, f, args, func(o *opened, got []string) error {
		err := do(o, got[0])
		if errors.Is(err, idp.ErrNotFound) {
			return fmt.Errorf("there is no client %q", strings.TrimSpace(got[0]))
		}
		return err
	})
}
