//go:build race

package signin_test

// stride thins the combinations out where each costs many times as much.
const stride = 61
