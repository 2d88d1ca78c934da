//go:build assume_amd64

package samples

import (
	"math"
	"testing"
)

var infinity = math.Inf(1) // a variable, or the compiler would convert it, as the processor that it runs on does

// With -tags assume_amd64 there is a test that takes for granted what x86-64 does, and fails elsewhere.
func TestInfinityBecomesTheSmallestInteger(t *testing.T) {
	if got := int64(infinity); got != math.MinInt64 {
		t.Errorf("infinity became %d", got)
	}
}
