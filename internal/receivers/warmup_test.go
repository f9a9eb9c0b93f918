package receivers_test

import (
	"math"
	"slices"
	"testing"

	"mailaudit/internal/receivers"
)

// TestWarmUp: it begins low, never doubles, and ends at what was asked for.
func TestWarmUp(t *testing.T) {
	for daily, want := range map[int][]int{
		0: {}, 50: {}, 51: {50, 51}, 75: {50, 75}, 76: {50, 75, 76}, 300: {50, 75, 112, 168, 252, 300},
	} {
		if got := receivers.WarmUp(daily); !slices.Equal(got, want) {
			t.Errorf("%d: %v, want %v", daily, got, want)
		}
	}
	for _, daily := range []int{20_000, 1_000_000, math.MaxInt} {
		l := receivers.WarmUp(daily)
		if l[0] != receivers.WarmUpFrom || l[len(l)-1] != daily || len(l) > 120 {
			t.Errorf("%d: %v", daily, l)
		}
		for i := 1; i < len(l); i++ {
			if l[i] <= l[i-1] || l[i]-l[i-1] > l[i-1]/2+2 {
				t.Errorf("%d: %d after %d", daily, l[i], l[i-1])
			}
		}
	}
}
