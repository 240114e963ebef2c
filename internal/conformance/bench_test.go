package conformance

import (
	"bytes"
	"fmt"
	"testing"

	"kvmha/internal/cib"
	"kvmha/policy"
)

var benchSizes = []struct{ nodes, resources int }{{3, 50}, {16, 500}, {32, 2000}}

// BenchmarkSchedule times the decision alone, on a CIB in memory.
func BenchmarkSchedule(b *testing.B) {
	for _, size := range benchSizes {
		for _, failed := range []bool{false, true} {
			input, _, err := cib.DecodeXML(bytes.NewReader(Large(size.nodes, size.resources, failed)))
			if err != nil {
				b.Fatal(err)
			}
			b.Run(fmt.Sprintf("%dx%d/failed=%t", size.nodes, size.resources, failed), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					policy.Schedule(policy.Input{CIB: input})
				}
			})
		}
	}
}

// BenchmarkDecode times reading the XML.
func BenchmarkDecode(b *testing.B) {
	for _, size := range benchSizes {
		document := Large(size.nodes, size.resources, false)
		b.Run(fmt.Sprintf("%dx%d", size.nodes, size.resources), func(b *testing.B) {
			b.SetBytes(int64(len(document)))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := cib.DecodeXML(bytes.NewReader(document)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
