package policy

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/syncgate/syncgate/policy/predicate"
)

// fivePoints is what the project exists for: provenance, an SBOM and a fresh
// vulnerability report, each signed.
func fivePoints() []Requirement {
	w := newProvenanceWorld()
	vulnerabilities := strict()
	vulnerabilities.Formats = []string{"openvex"}
	return []Requirement{
		{Name: "built-by-us", Provenance: &w.requirement},
		{Name: "known-contents", SBOM: &SBOMRequirement{Signers: []SignerRule{keyRule("release")}, Formats: []string{"cyclonedx", "spdx"},
			DenyPackages: []PackageRule{packageRule("pkg:golang/golang.org/x/net@<0.38.0")}, DenyLicenses: []string{"AGPL-3.0-only"}}},
		{Name: "no-known-holes", Vulnerabilities: &vulnerabilities},
		{Name: "signed", Signature: &SignatureRequirement{Signers: []SignerRule{keylessRule()}}},
	}
}

// BenchmarkEvaluate judges 10,000 images by 100 policies, of which two match
// each image, its team's and everybody's, on evidence that was recorded
// before: five pieces an image. All of it must take less than a second and
// 300 MB.
func BenchmarkEvaluate(b *testing.B) {
	set, inputs := manyImages(10_000, 100)
	runtime.GC()
	b.ReportAllocs()
	var peak atomic.Uint64
	cold := processorTime(b)
	judgeAll(b, set, inputs, &peak) // predicates are parsed now
	cold = processorTime(b) - cold
	warm, start := processorTime(b), time.Now()
	for b.Loop() {
		judgeAll(b, set, inputs, &peak)
	}
	b.ReportMetric(time.Since(start).Seconds()/float64(b.N), "s/run")
	b.ReportMetric(cold.Seconds(), "s-cpu-first")
	b.ReportMetric((processorTime(b)-warm).Seconds()/float64(b.N), "s-cpu/run")
	b.ReportMetric(float64(peak.Load())/(1<<20), "MB-heap")
}

// processorTime is what the process has used so far: where others use the
// machine too, it tells more than the clock.
func processorTime(tb testing.TB) time.Duration {
	tb.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// manyImages are images of as many teams as there are policies. Each is what
// its team's policy is about, and what everybody's is.
func manyImages(images, policies int) (Set, []Input) {
	var set Set
	for i := range policies {
		p := Policy{Name: fmt.Sprintf("p%d", i), Require: fivePoints(), Match: Match{Images: []string{fmt.Sprintf("ghcr.io/team-%d/**", i), "registry.example/x/*"}}}
		if i == 0 {
			p.Match.Images = append(p.Match.Images, "ghcr.io/**")
		}
		set.Policies = append(set.Policies, p)
	}
	inputs := make([]Input, images)
	for i := range inputs {
		d := digestOf(fmt.Sprint(i))
		in := inputOf(
			attest(d, predicate.TypeSLSA1, builtV1, signedByWorkflow()),
			attest(d, predicate.TypeCycloneDX, contentsCycloneDX, signedBy("release")),
			attest(d, vexType, openVEX(morning, says("CVE-2026-1", "affected")), scanner),
			attest(d, vexType, openVEX(morning, says("CVE-2026-1", "not_affected")), psirt(morning)),
			signatureOf(d, signedByWorkflow()),
		)
		for e := range in.Evidence {
			if s := in.Evidence[e].Statement; s != nil {
				s.facts = &facts{} // as ParseStatement has it
			}
		}
		in.Subject.Digest, in.Subject.Repository = d, fmt.Sprintf("ghcr.io/team-%d/app", i%policies)
		in.Subject.Reference = in.Subject.Repository + "@" + d.String()
		inputs[i] = in
	}
	return set, inputs
}

// judgeAll judges on all processors, as the gate does, and keeps the largest
// heap that it saw.
func judgeAll(tb testing.TB, set Set, inputs []Input, peak *atomic.Uint64) {
	tb.Helper()
	var group sync.WaitGroup
	next := atomic.Int64{}
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(inputs) {
					return
				}
				if r := set.Evaluate(context.Background(), inputs[i]); r.Verdict != Pass {
					tb.Error(describe(r))
					return
				}
				if i%1000 == 0 {
					var m runtime.MemStats
					runtime.ReadMemStats(&m)
					peak.Store(max(peak.Load(), m.HeapAlloc))
				}
			}
		})
	}
	group.Wait()
}
