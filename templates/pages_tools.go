package templates

import "time"

// ShopToolsPage is /account/shops/ID/tools.
type ShopToolsPage struct {
	Shop  ShopRef
	Tools []ToolRow
	// Stopped is since when all stand still; zero for not.
	Stopped time.Time
	// Make says that the reader may make one: their own two-step verification is on.
	Make bool
	// Secret is shown once, with the id it belongs to.
	NewID, Secret string
	// Done is "created", "rotated", "dropped", "revoked" or empty.
	Done string
}

// ToolRow is the credential of an external tool.
type ToolRow struct {
	ID, Name, By        string
	Scopes, Resources   []string
	Made, Expires, Used time.Time
	Expired             bool
	// Older is when the secret beside the newest was made; zero when there is none.
	Older time.Time
}

// NewToolPage is /account/shops/ID/tools/new.
type NewToolPage struct {
	Shop        ShopRef
	Name        string
	Scopes      []ToolChoice
	Resources   []ToolChoice
	Days        []ToolChoice
	NameError   string
	ScopeError  string
	TargetError string
	Error       string
}

// ToolChoice is something to tick.
type ToolChoice struct {
	Value, Text string
	On          bool
}
