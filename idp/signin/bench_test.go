package signin_test

import (
	"testing"

	"github.com/sekisho-id/sekisho/idp/signin"
)

func BenchmarkDecide(b *testing.B) {
	f := plain()
	f.Person.TwoStep, f.Person.Primary, f.Person.Backup = true, true, true
	f.Proofs.DeviceAt = f.Proofs.PasswordAt
	for b.Loop() {
		signin.Decide(f)
	}
}
