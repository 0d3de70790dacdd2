package mfa

import "time"

// Limits are the numbers of requirements.md section 4 that the second step
// obeys. Every one is a configuration key, so that a load or a conformance
// test may widen it. [DefaultLimits] is what an empty configuration means.
type Limits struct {
	CodeDigits         int           `yaml:"code_digits"`                 // C-01, 6 to 8
	CodeLifetime       time.Duration `yaml:"code_lifetime"`               // C-02, at most 10 minutes
	CodeTries          int           `yaml:"code_tries"`                  // C-06, tries per challenge
	SetupFreshness     time.Duration `yaml:"setup_freshness"`             // C-05
	MethodFailuresHour int           `yaml:"method_failures_hour"`        // C-07, then a pause of MethodPause
	MethodPause        time.Duration `yaml:"method_pause"`                // C-07
	AccountFailuresDay int           `yaml:"account_failures_day"`        // C-08
	MethodFailuresMax  int           `yaml:"method_failures_max"`         // C-09, consecutive; then the method is disabled; at most 100
	ResendWait         time.Duration `yaml:"resend_wait"`                 // C-10, first wait; doubles
	ResendWaitMax      time.Duration `yaml:"resend_wait_max"`             // C-10
	SendsTenMinutes    int           `yaml:"sends_10min"`                 // C-11, per account
	SendsHour          int           `yaml:"sends_hour"`                  // C-11
	SendsDay           int           `yaml:"sends_day"`                   // C-11
	NumberSendsHour    int           `yaml:"number_sends_hour"`           // C-12, per number over all accounts
	NumberSendsDay     int           `yaml:"number_sends_day"`            // C-12
	IPSends            int           `yaml:"ip_sends_5min"`               // C-13, per IPv4 address or IPv6 /64
	UnverifiedSendsDay int           `yaml:"unverified_sends_day"`        // C-14
	UnverifiedSends    int           `yaml:"unverified_sends_total"`      // C-14
	AccountsPerNumber  int           `yaml:"accounts_per_number"`         // C-15
	PhonesPerAccount   int           `yaml:"phones_per_account"`          // C-15
	AppsPerAccount     int           `yaml:"apps_per_account"`            // C-15
	PrefixSendsHour    int           `yaml:"prefix_sends_hour"`           // C-17, number without its last four digits
	SendsPerDayGlobal  int           `yaml:"sends_day_global"`            // C-21
	CountryPercent     int           `yaml:"sends_day_country_percent"`   // C-21, of SendsPerDayGlobal, for each country but the first
	EnrolPercent       int           `yaml:"sends_day_enrolment_percent"` // C-21, of SendsPerDayGlobal, to numbers never verified
	DraftLifetime      time.Duration `yaml:"draft_lifetime"`              // C-22
	TrustedDevice      time.Duration `yaml:"trusted_device"`              // C-34, absolute; 0 switches trusted devices off
	TrustedDevicesUser int           `yaml:"trusted_devices_user"`        // C-34
	AllowUnverified    bool          `yaml:"allow_unverified_backup"`     // S-060; false under profile strict
	Countries          []string      `yaml:"countries"`                   // C-18, ISO 3166 codes
	AllowVoIP          bool          `yaml:"allow_voip"`                  // C-20, voice to 050 numbers
}

// DefaultLimits are the numbers of requirements.md section 4.
func DefaultLimits() Limits {
	return Limits{
		CodeDigits: 6, CodeLifetime: 10 * time.Minute, CodeTries: 5, SetupFreshness: 10 * time.Minute,
		MethodFailuresHour: 10, MethodPause: time.Hour, AccountFailuresDay: 30, MethodFailuresMax: 20,
		ResendWait: 30 * time.Second, ResendWaitMax: 32 * time.Minute,
		SendsTenMinutes: 5, SendsHour: 10, SendsDay: 20,
		NumberSendsHour: 5, NumberSendsDay: 10, IPSends: 25,
		UnverifiedSendsDay: 3, UnverifiedSends: 5,
		AccountsPerNumber: 5, PhonesPerAccount: 5, AppsPerAccount: 2,
		PrefixSendsHour: 10, SendsPerDayGlobal: 10_000, CountryPercent: 20, EnrolPercent: 50,
		DraftLifetime: 30 * time.Minute,
		TrustedDevice: 30 * 24 * time.Hour, TrustedDevicesUser: 10,
		AllowUnverified: true, Countries: []string{"JP"},
	}
}

// Home is the first of the countries: most people's, so that no share of the
// day's messages bounds it.
func (l Limits) Home() string {
	if len(l.Countries) == 0 {
		return ""
	}
	return l.Countries[0]
}
