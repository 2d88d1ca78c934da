package samples

import (
	"math"
	"reflect"
	"runtime"
	"testing"
)

func TestQuantize(t *testing.T) {
	t.Log("on", runtime.GOARCH)
	got := Quantize([]float64{0, 0.5, -1, 1, -7, 1e300, math.Inf(1), math.NaN()})
	want := []int16{0, 16384, -32768, 32767, -32768, 32767, 32767, 0}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestQuantizeAllParts(t *testing.T) {
	samples := make([]float64, 10_001)
	for i := range samples {
		samples[i] = 0.25
	}
	for i, sample := range Quantize(samples) {
		if sample != 8192 {
			t.Fatalf("sample %d is %d", i, sample)
		}
	}
}
