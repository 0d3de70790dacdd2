package mfa

// CheckBackup answers whether a backup over ch, to number when it is a phone,
// may stand behind primary. It is the matrix of requirements.md 1.B:
//
//	main \ backup   SMS               voice             app
//	SMS, voice      another number    another number    yes
//	app             yes               yes               no
//
// The errors are [ErrNoPrimary], [ErrChoice], [ErrAppTwice], [ErrNumberEmpty]
// and [ErrNumberSame]. Whether the number can be reached over ch is [ParsePhone]'s to say.
// The same check serves when a main method's number changes: give it the new one.
func CheckBackup(primary Factor, ch Channel, number string) error {
	switch {
	case !primary.Channel.Phone() && primary.Channel != App:
		return ErrNoPrimary
	case ch == App && primary.Channel == App:
		return ErrAppTwice
	case ch == App:
		return nil
	case !ch.Phone():
		return ErrChoice
	case number == "":
		return ErrNumberEmpty
	case primary.Channel.Phone() && SameNumber(primary.Number, number):
		return ErrNumberSame // S-055: by SMS or by voice, it is one phone
	}
	return nil
}
