// Command compare renders the whole corpus of real charts, kustomizations,
// manifests and Flux repositories as syncgate does, and holds objects and
// images to what the upstream tools and an independent walker found:
//
//	go run ./render/rendertest/compare
//	go run ./render/rendertest/compare -helm PATH -kustomize PATH
//
// With the programs it also runs each of them once a unit, to compare times on
// the same machine. It exits with 1 where something differs that is not in
// rendertest/wrong.tsv.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"syscall"
	"time"

	"github.com/syncgate/syncgate/render/rendertest"
)

func main() {
	var programs upstream
	flag.StringVar(&programs.helm, "helm", "", "helm 4.3.1, to measure it too")
	flag.StringVar(&programs.kustomize, "kustomize", "", "kustomize 5.8, to measure it too")
	profile := flag.String("cpuprofile", "", "write a CPU profile of rendering to this file")
	verbose := flag.Bool("v", false, "print each row that is held to be wrong, and each image that is not in the corpus")
	flag.Parse()
	same, err := run(context.Background(), programs, *profile, *verbose)
	if err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(3)
	}
	if !same {
		os.Exit(1)
	}
}

// run compares everything, and tells whether it is the same.
func run(ctx context.Context, programs upstream, profile string, verbose bool) (bool, error) {
	corpus, err := rendertest.Find()
	if err != nil {
		return false, err
	}
	c, err := newComparison(corpus)
	if err != nil {
		return false, err
	}
	stop, err := startProfile(profile)
	if err != nil {
		return false, err
	}
	start := time.Now()
	for _, kind := range []string{"dir", "kustomize", "helm"} {
		if err := c.plain(ctx, kind); err != nil {
			return false, err
		}
	}
	if err := c.flux(ctx); err != nil {
		return false, err
	}
	took := time.Since(start)
	stop()
	c.print(os.Stdout, verbose)
	ours, theirs := c.rendering(), c.recorded()
	fmt.Printf("whole corpus rendered in %s on %d cores (%s with comparing), %d MB at most; the upstream tools took %s when it was made: %.1f%%\n",
		ours.Round(time.Millisecond), runtime.GOMAXPROCS(0), took.Round(time.Millisecond), peak()>>20, theirs, share(ours, theirs))
	if programs.given() {
		measured, err := programs.measure(ctx, corpus)
		if err != nil {
			return false, err
		}
		rendered := c.took["helm"] + c.took["kustomize"]
		fmt.Printf("helm and kustomize once a unit, on this machine: %s; syncgate renders those units in %s: %.1f%%\n",
			measured.Round(time.Millisecond), rendered.Round(time.Millisecond), share(rendered, measured))
	}
	return c.same(), nil
}

func share(part, whole time.Duration) float64 { return 100 * float64(part) / float64(whole) }

func startProfile(name string) (stop func(), err error) {
	if name == "" {
		return func() {}, nil
	}
	file, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		file.Close()
	}, nil
}

// peak is the largest resident size of the process so far, in bytes.
func peak() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return usage.Maxrss << 10
}
