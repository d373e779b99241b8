package report

import "testing"

// BenchmarkFormats writes 1,000 images with 10,000 findings.
func BenchmarkFormats(b *testing.B) {
	r := many(b, 1000)
	for _, f := range All() {
		b.Run(f.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				text, err := Bytes(f.Write, r, Options{})
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(len(text)))
			}
		})
	}
}
