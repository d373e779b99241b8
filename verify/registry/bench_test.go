package registry_test

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"sync"
	"testing"

	ggcr "github.com/google/go-containerregistry/pkg/registry"

	"github.com/syncgate/syncgate/policy"
)

// BenchmarkColdImages reads 50 images, each with a signature and three
// attestations of 16 kB, as a run does that has asked nothing yet: 32 at once.
func BenchmarkColdImages(b *testing.B) {
	const images, atOnce = 50, 32
	for _, api := range []bool{true, false} {
		b.Run(map[bool]string{true: "referrers", false: "fallback"}[api], func(b *testing.B) {
			w := newWorld(b, ggcr.WithReferrersSupport(api))
			var digests []policy.Digest
			for i := range images {
				d := w.image("acme/app", fmt.Sprint(i))
				w.sign("acme/app", w.host+"/acme/app", d)
				w.attest("acme/app", d, noise(b), noise(b), noise(b))
				digests = append(digests, d)
			}
			b.ReportAllocs()
			requests := 0
			for b.Loop() {
				c := client(b, options())
				slots := make(chan struct{}, atOnce)
				var group sync.WaitGroup
				for _, d := range digests {
					slots <- struct{}{}
					group.Go(func() {
						defer func() { <-slots }()
						if got := len(gather(b, c, w.host+"/acme/app", d)); got != 4 {
							b.Errorf("got %d bundles", got)
						}
					})
				}
				group.Wait()
				c.Close()
				requests += len(w.requests())
			}
			b.ReportMetric(float64(requests)/float64(b.N*images), "requests/image")
		})
	}
}

// noise is content that looks like an envelope's.
func noise(t testing.TB) string {
	t.Helper()
	content := make([]byte, 12<<10)
	if _, err := rand.Read(content); err != nil {
		t.Fatal(err)
	}
	return `{"payload":"` + base64.StdEncoding.EncodeToString(content) + `"}`
}
