package clients

// ParseGrant is the grant that people write in short: device_code and
// token_exchange for their URNs. Anything else is taken as it stands.
func ParseGrant(s string) GrantType {
	switch s {
	case "device_code":
		return GrantDevice
	case "token_exchange":
		return GrantExchange
	}
	return GrantType(s)
}

// UnmarshalYAML reads a client, where `require_pkce: false` sets NoPKCE and
// `require_nonce: false` NoNonce. It works with any decoder that offers this
// form of the method, so that the room needs none itself.
func (c *Client) UnmarshalYAML(unmarshal func(any) error) error {
	type plain Client
	file := struct {
		Client       plain `yaml:",inline"`
		RequirePKCE  bool  `yaml:"require_pkce"`
		RequireNonce bool  `yaml:"require_nonce"`
	}{Client: plain(*c), RequirePKCE: !c.NoPKCE, RequireNonce: !c.NoNonce}
	err := unmarshal(&file)
	*c = Client(file.Client) // also what was read beside a fault, so that further faults are found
	c.NoPKCE, c.NoNonce = !file.RequirePKCE, !file.RequireNonce
	for i, g := range c.Grants {
		c.Grants[i] = ParseGrant(string(g))
	}
	return err
}

// UnmarshalYAML reads the rules, where `trusted_devices: false` sets NoTrustedDevices.
func (r *Rules) UnmarshalYAML(unmarshal func(any) error) error {
	type plain Rules
	file := struct {
		Rules          plain `yaml:",inline"`
		TrustedDevices bool  `yaml:"trusted_devices"`
	}{Rules: plain(*r), TrustedDevices: !r.NoTrustedDevices}
	err := unmarshal(&file)
	*r = Rules(file.Rules)
	r.NoTrustedDevices = !file.TrustedDevices
	return err
}
