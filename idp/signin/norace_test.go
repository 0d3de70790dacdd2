//go:build !race

package signin_test

// stride of one is every combination.
const stride = 1
