package config

import (
	"path/filepath"
	"time"

	"github.com/sekisho-id/sekisho/clients"
)

// The demonstration's addresses.
const (
	DevIssuer = "http://localhost:9000"
	DevBuyer  = "http://localhost:9001"
	DevSeller = "http://localhost:9002"
	DevPayout = "http://localhost:9003"
)

// The secrets of the demonstration's clients, which exist in `sekisho dev`
// only. They protect nothing; clients/demo has the same.
const (
	devBuyerSecret  = "dev-buyer-secret-0000000000000000000000000"
	devSellerSecret = "dev-seller-secret-000000000000000000000000"
	devToolSecret   = "dev-tool-secret-00000000000000000000000000"
	devPayoutSecret = "dev-payout-secret-000000000000000000000000"
)

// Dev is the configuration of `sekisho dev`, for a laptop: SQLite in dir, the
// development inbox for every message, and the clients of the demonstration.
// The caller adds the master keys.
func Dev(dir, issuer string) Config {
	c := Default()
	c.Issuer = issuer
	c.Database = Secret(filepath.Join(dir, "sekisho.db"))
	c.Market = "Minato Market"
	c.Mail.Provider, c.SMS.Provider, c.Voice.Provider = Inbox, Inbox, Inbox
	c.Shops.Tools = clients.ShopTools{
		Scopes:    []clients.ToolScope{{Scope: "payout", Names: map[string]string{"ja": "振込先を見る", "en": "See where money goes"}}},
		Resources: []string{DevPayout},
	}
	people := []clients.GrantType{clients.GrantCode, clients.GrantRefresh}
	c.Resources = clients.Resources{{ID: DevPayout, Scopes: []string{"payout"}}}
	c.Clients = []clients.Client{
		{
			ID: "minato-buyer", Name: "Minato Market", Names: map[string]string{"ja": "みなとマーケット"},
			Owner: "Minato Ltd.", URI: DevBuyer, SecretHashes: hashes(devBuyerSecret), Grants: people,
			RedirectURIs: []string{DevBuyer + "/callback"}, PostLogoutURIs: []string{DevBuyer + "/"},
			BackchannelLogoutURI: DevBuyer + "/backchannel-logout",
			Rules:                clients.Rules{FirstParty: true},
		},
		{
			ID: "minato-seller", Name: "Minato Seller Center", Names: map[string]string{"ja": "みなと出品者センター"},
			Owner: "Minato Ltd.", URI: DevSeller, SecretHashes: hashes(devSellerSecret), Grants: people,
			RedirectURIs: []string{DevSeller + "/callback"}, PostLogoutURIs: []string{DevSeller + "/"},
			BackchannelLogoutURI: DevSeller + "/backchannel-logout",
			Scopes:               []string{"openid", "profile", "email", "offline_access", "payout", clients.ScopeAccount},
			Resources:            []string{DevPayout},
			// S-109: two-step verification has been compulsory for sellers since then.
			Rules: clients.Rules{EnforceFrom: time.Date(2026, 1, 1, 0, 0, 0, 0, c.Zone()).UTC()},
		},
		{
			ID: "minato-tool", Name: "Inventory Tool", Names: map[string]string{"ja": "在庫ツール"},
			SecretHashes: hashes(devToolSecret), Grants: []clients.GrantType{clients.GrantClientCredentials},
			Scopes: []string{"payout"}, Resources: []string{DevPayout},
		},
		{
			ID: "minato-payout", Name: "Payout API", SecretHashes: hashes(devPayoutSecret), Serves: []string{DevPayout},
		},
		{
			ID: "minato-tv", Name: "Minato TV", Names: map[string]string{"ja": "みなとTV"}, Owner: "Minato Ltd.", Auth: clients.AuthNone,
			Grants: []clients.GrantType{clients.GrantDevice, clients.GrantRefresh}, Scopes: []string{"openid", "profile", "email"},
		},
	}
	return c
}

func hashes(secret string) []string { return []string{clients.HashSecret(secret)} }
