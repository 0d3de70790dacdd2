package templates

// AddMethodPage adds a method, or puts one in the place of another of its kind. Its
// panels are those of the wizard.
type AddMethodPage struct {
	SetupPage
	// Replaced is the method whose place is taken; nil when one is added.
	Replaced *MethodRow
	// Phone offers the phone panel; App of SetupPage the other.
	Phone bool
	// Full is set when no more methods may be added (C-15).
	Full bool
	// EndOthers is the state of the box "sign out everywhere else".
	EndOthers bool
	// HoldHours is how long the method gives no power over others (C-40).
	HoldHours int
}

// VerifyMethodPage proves a number that is registered already.
type VerifyMethodPage struct {
	Method MethodRow
	// Sent is nil before a code was sent; Text offers a text message.
	Sent *SentCode
	Text bool
	// Stopped is set when the method must be bound anew (N-40).
	Stopped bool
	// Error is about the code, or about sending one.
	Error string
}

// MainMethodPage asks before a backup becomes the main method.
type MainMethodPage struct {
	Method MethodRow
	// Main becomes a backup; nil where there is none.
	Main *MethodRow
	// Unverified says that the method must prove itself first.
	Unverified bool
}
