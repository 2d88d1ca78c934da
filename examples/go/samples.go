// Package samples turns floating-point audio into 16-bit samples.
//
// What a float becomes that does not fit into an integer is not the same on all processors, so the tests are worth
// running for each:
//
//	CGO_ENABLED=0 GOARCH=riscv64 go test -exec tsemu-riscv64 ./...
//	CGO_ENABLED=0 GOARCH=arm64 go test -exec tsemu-aarch64 ./...
//
// -exec is not needed where PATH has a command go_linux_riscv64_exec, which `go run` takes too:
//
//	ln -s "$(command -v tsemu-riscv64)" ~/bin/go_linux_riscv64_exec
package samples

import (
	"math"
	"runtime"
	"sync"
)

// Quantize converts samples in -1...1, several parts at the same time. What is beyond becomes the nearest sample that
// there is, and what is no number silence.
func Quantize(samples []float64) []int16 {
	result := make([]int16, len(samples))
	part := len(samples)/runtime.GOMAXPROCS(0) + 1
	var parts sync.WaitGroup
	for start := 0; start < len(samples); start += part {
		end := start + part
		if end > len(samples) {
			end = len(samples)
		}
		parts.Add(1)
		go func(start, end int) {
			defer parts.Done()
			for i := start; i < end; i++ {
				result[i] = quantize(samples[i])
			}
		}(start, end)
	}
	parts.Wait()
	return result
}

func quantize(sample float64) int16 {
	scaled := math.Round(sample * (math.MaxInt16 + 1))
	switch {
	case math.IsNaN(scaled):
		return 0
	case scaled > math.MaxInt16:
		return math.MaxInt16
	case scaled < math.MinInt16:
		return math.MinInt16
	}
	return int16(scaled)
}
