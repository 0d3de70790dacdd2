package mfa

import "slices"

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

// mainOf is the place of the main method that may be asked for; -1 for none.
func mainOf(all []Factor) int {
	return slices.IndexFunc(all, func(f Factor) bool { return f.Role == Primary && f.Usable() })
}

// backs reports whether some usable factor may stand behind the one at i.
func backs(all []Factor, i int) bool {
	for j, b := range all {
		if j != i && b.Usable() && CheckBackup(all[i], b.Channel, b.Number) == nil {
			return true
		}
	}
	return false
}

// HasPair reports whether a main method and a backup that the matrix allows
// behind it may both be asked for: so it stays while two-step verification is on (S-053, S-123).
func HasPair(all []Factor) bool {
	i := mainOf(all)
	return i >= 0 && backs(all, i)
}

// Without is a person's methods after one is removed; where the main one goes,
// or cannot be asked for, the first verified backup takes its place and is
// heir, else heir is empty. [ErrLastMethod] when no pair would be left (S-123).
func Without(all []Factor, id string) (rest []Factor, heir string, err error) {
	rest = slices.DeleteFunc(slices.Clone(all), func(f Factor) bool { return f.ID == id || f.Draft })
	if HasPair(rest) {
		return rest, "", nil
	}
	if mainOf(rest) < 0 {
		for i, f := range rest {
			if f.Usable() && f.Verified() && backs(rest, i) {
				return lead(rest, i), f.ID, nil
			}
		}
	}
	return rest, "", ErrLastMethod
}

// Led is a person's methods after one of the backups became the main one
// (S-124). It must have been proved: [ErrMustVerify]. [ErrAppTwice] when only
// an app would stand behind an app, [ErrChoice] for what is no usable backup.
func Led(all []Factor, id string) ([]Factor, error) {
	i := slices.IndexFunc(all, func(f Factor) bool { return f.ID == id && f.Usable() && f.Role == Backup })
	switch {
	case i < 0:
		return nil, ErrChoice
	case !all[i].Verified():
		return nil, ErrMustVerify
	case !backs(all, i) && all[i].Channel == App:
		return nil, ErrAppTwice
	case !backs(all, i):
		return nil, ErrLastMethod
	}
	return lead(slices.Clone(all), i), nil
}

// lead makes the factor at i the main one and every other a backup.
func lead(all []Factor, i int) []Factor {
	for j := range all {
		if all[j].Role = Backup; j == i {
			all[j].Role = Primary
		}
	}
	return all
}

// CheckAdd answers whether a method over ch, to number when it is a phone, may
// join a person's others or, with replaced, take the place of one of the same
// kind. The errors are those of [CheckBackup], [ErrNumberExists] and [ErrTooManyFactors] (C-15).
func CheckAdd(all []Factor, replaced *Factor, ch Channel, number string, l Limits) error {
	phones, apps := 0, 0
	var primary Factor
	for _, f := range all {
		if f.Draft || replaced != nil && f.ID == replaced.ID {
			continue
		}
		if f.Channel == App {
			apps++
		} else {
			phones++
		}
		if f.Role == Primary {
			primary = f
		}
		if SameNumber(f.Number, number) && f.Role == Backup {
			return ErrNumberExists
		}
	}
	switch {
	case ch == App && apps >= l.AppsPerAccount, ch.Phone() && phones >= l.PhonesPerAccount:
		return ErrTooManyFactors
	case replaced == nil:
		return CheckBackup(primary, ch, number)
	case replaced.Channel.Phone() != ch.Phone():
		return ErrChoice
	case replaced.Channel == ch && SameNumber(replaced.Number, number) && replaced.Usable() && replaced.Verified():
		return ErrNumberExists // nothing would change
	case replaced.Role == Primary:
		return nil
	}
	return CheckBackup(primary, ch, number)
}
