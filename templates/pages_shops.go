package templates

import "time"

// ShopsPage is /account/shops.
type ShopsPage struct {
	Shops []ShopRow
	// Create says that the reader may make one; Typed is what was typed for its name.
	Create       bool
	Typed, Error string
	// Choices are where the reader acts for one of several shops.
	Choices []ShopChoice
	// Done is "left", "closed", "switched" or empty.
	Done string
}

// ShopRow is one of the reader's shops.
type ShopRow struct {
	ID, Name, Role string
	Joined         time.Time
}

// ShopRef names a shop on the pages below it.
type ShopRef struct{ ID, Name string }

// ShopPage is /account/shops/ID.
type ShopPage struct {
	Shop ShopRef
	// Role is the reader's.
	Role string
	// Owner, See and Invite are what the reader may do.
	Owner, See, Invite bool
	// On is set while the reader's two-step verification is; Demanded while the
	// shop is shut for want of it; From is from when it demands it.
	On, Demanded bool
	From         time.Time
	LastOwner    bool
	People       []ShopPerson
	// Ready are how many of People have two-step verification on.
	Ready       int
	Invitations []ShopInvitation
	Roles       []ShopRole
	// Tools leads to the external tools; Stopped says that they stand still.
	Tools, Stopped bool
	// Done is what went well, Error what did not.
	Done, Error string
}

// ShopPerson is a member.
type ShopPerson struct {
	ID, Name, Email, Role string
	Joined, Since         time.Time
	Suspended, Self, Over bool
}

// ShopInvitation is an open invitation.
type ShopInvitation struct {
	ID, Email, Role, By string
	Sent, Until         time.Time
	Expired, Over       bool
}

// ShopRole is a role and what it demands.
type ShopRole struct {
	ID, Name     string
	Members, Off int
	From         time.Time
	// Past says that From has come; Text is From as a date field has it.
	Past bool
	Text string
}

// ShopInvitePage is /account/shops/ID/invite.
type ShopInvitePage struct {
	Shop  ShopRef
	Roles []ShopRole
	// Email and Role are what was typed and chosen.
	Email, Role string
	Error       string
	// Until is how long an invitation sent now would work.
	Until time.Time
}

// ShopMemberPage is /account/shops/ID/member: another role, or no more.
type ShopMemberPage struct {
	Shop   ShopRef
	Person ShopPerson
	Roles  []ShopRole
	Error  string
}

// ShopDemandPage is /account/shops/ID/two-step.
type ShopDemandPage struct {
	Shop  ShopRef
	Roles []ShopRole
	// On is set while the reader's own two-step verification is.
	On bool
	// Role is the one in whose form Error is.
	Role, Error string
	Done        bool
}

// ShopNamePage is /account/shops/ID/name.
type ShopNamePage struct {
	Shop         ShopRef
	Typed, Error string
}

// ShopEndPage asks before leaving or closing.
type ShopEndPage struct {
	Shop  ShopRef
	Close bool
	// Members are how many lose access when it closes.
	Members int
}

// ChooseShopPage is /signin/shop: for which shop somebody acts.
type ChooseShopPage struct{ Shops []ShopRow }

// ShopChoice is a relying party at which the reader acts for one of several shops.
type ShopChoice struct {
	Client, Name string
	Shop         string
}

// JoinPage is /shops/join.
type JoinPage struct {
	Shop, Role string
	// Email is the invited address; masked unless Theirs.
	Email string
	Until time.Time
	// User is who is signed in; empty for nobody.
	User           string
	Theirs, Member bool
	Error          string
}
