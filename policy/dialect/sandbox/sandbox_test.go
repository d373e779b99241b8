package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if Asked() {
		Serve(languages())
		return
	}
	os.Exit(m.Run())
}

func languages() map[string]Language {
	return map[string]Language{
		"echo": func(task Task) (Answer, error) {
			return Answer{Holds: string(task.Input) == "yes", Message: string(task.Source)}, nil
		},
		"mistaken": func(task Task) (Answer, error) { return Answer{}, errors.New(string(task.Source)) },
		"panic":    func(Task) (Answer, error) { panic("out of luck") },
		"exit":     func(Task) (Answer, error) { os.Exit(0); return Answer{}, nil },
		"endless": func(Task) (Answer, error) {
			for i := 0; ; i++ {
				runtime.KeepAlive(i)
			}
		},
		"recursive": func(Task) (Answer, error) { return Answer{Message: deeper("x")}, nil },
		"doubling": func(Task) (Answer, error) {
			text := "x"
			for range 40 {
				text += text
			}
			return Answer{Message: text[:1]}, nil
		},
		"growing": func(Task) (Answer, error) {
			var kept []map[string]any
			for {
				kept = append(kept, map[string]any{"a": make([]byte, 64)})
				runtime.KeepAlive(kept)
			}
		},
		"environment": func(Task) (Answer, error) {
			text, err := json.Marshal(os.Environ())
			return Answer{Output: text}, err
		},
	}
}

func task(language string, source, input []byte) Task {
	return Task{Program: Program{language, source}, Input: input}
}

//lint:ignore SA5007 it is there to never end.
func deeper(s string) string { return deeper(s+"x") + s }

func TestAnswers(t *testing.T) {
	p := New()
	for range 3 {
		got, err := p.Run(t.Context(), task("echo", []byte("hello"), []byte("yes")))
		if err != nil || !got.Holds || got.Message != "hello" {
			t.Fatalf("got %+v, %v", got, err)
		}
	}
	if got, err := p.Run(t.Context(), task("echo", nil, []byte("no"))); err != nil || got.Holds {
		t.Errorf("got %+v, %v", got, err)
	}
}

// patience is longer than anything here takes.
const patience = 5 * time.Minute

// TestWhatGoesWrong: whatever a program does, it has no answer that holds, and
// the next one is answered.
func TestWhatGoesWrong(t *testing.T) {
	p := New()
	for language, want := range map[string]string{
		"mistaken":  "no such field",
		"panic":     "evaluation broke: out of luck",
		"exit":      "it broke the process that it was run in",
		"endless":   "it takes more than 1s",
		"recursive": "it broke the process that it was run in",
		"doubling":  "MiB of memory",
		"growing":   "MiB of memory",
		"cobol":     "nothing runs programs in cobol",
	} {
		// Only what has no end is to be stopped by time, on however slow a machine.
		p.limits = limits{start: patience, run: patience}
		if language == "endless" {
			p.limits.run = time.Second
		}
		got, err := p.Run(t.Context(), task(language, []byte("no such field"), nil))
		p.limits.run = patience
		if err == nil || got.Holds || !strings.Contains(err.Error(), want) && language != "recursive" {
			t.Errorf("%s: got %+v, %v; want an error with %q", language, got, err, want)
		}
		if got, err := p.Run(t.Context(), task("echo", nil, []byte("yes"))); err != nil || !got.Holds {
			t.Errorf("after %s: got %+v, %v", language, got, err)
		}
	}
}

// TestErrorsTellWhoseFaultItIs, because a limit says nothing about the image.
func TestErrorsTellWhoseFaultItIs(t *testing.T) {
	p := New()
	p.limits = limits{start: patience, run: 100 * time.Millisecond}
	_, err := p.Run(t.Context(), task("endless", nil, nil))
	var limit *LimitError
	if !errors.As(err, &limit) || limit.Undecided() {
		t.Errorf("a limit is %T", err)
	}
	p.limits.run = patience
	_, err = p.Run(t.Context(), task("mistaken", []byte("x"), nil))
	if mistake := new(Mistake); !errors.As(err, &mistake) {
		t.Errorf("a mistake is %T", err)
	}
}

func TestCancelled(t *testing.T) {
	p := New()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	if _, err := p.Run(ctx, task("echo", nil, []byte("yes"))); err == nil || err.Error() != "enough" {
		t.Errorf("error is %v", err)
	}
	ctx, cancel = context.WithCancelCause(t.Context())
	go cancel(errors.New("enough"))
	if _, err := p.Run(ctx, task("endless", nil, nil)); err == nil || err.Error() != "enough" {
		t.Errorf("error is %v", err)
	}
}

func TestManyAtOnce(t *testing.T) {
	p := New()
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if got, err := p.Run(t.Context(), task("echo", nil, []byte("yes"))); err != nil || !got.Holds {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
	all.Wait()
}

// TestNothingIsHandedOver: no credential of this process is in reach of a
// program.
func TestNothingIsHandedOver(t *testing.T) {
	t.Setenv("REGISTRY_TOKEN", "secret")
	got, err := New().Run(t.Context(), task("environment", nil, nil))
	if err != nil || strings.Contains(string(got.Output), "secret") {
		t.Errorf("got %s, %v", got.Output, err)
	}
}

// TestNoProcessStartsAnother, whatever program this is built into.
func TestNoProcessStartsAnother(t *testing.T) {
	t.Setenv(marker, "0")
	_, err := New().Run(t.Context(), task("echo", nil, nil))
	if start := new(StartError); !errors.As(err, &start) {
		t.Errorf("error is %v", err)
	}
}

func BenchmarkRun(b *testing.B) {
	p := New()
	for b.Loop() {
		if _, err := p.Run(b.Context(), task("echo", nil, []byte("yes"))); err != nil {
			b.Fatal(err)
		}
	}
}

// Policies that are loaded anew leave no processes behind.
func TestProcessesEndWithTheirPool(t *testing.T) {
	p := New()
	if _, err := p.Run(t.Context(), task("echo", nil, []byte("yes"))); err != nil {
		t.Fatal(err)
	}
	var ended []chan struct{}
	for range cap(p.places) {
		at := <-p.places
		if at != nil {
			ended = append(ended, at.ended)
		}
		p.places <- at
	}
	if len(ended) != 1 {
		t.Fatalf("%d processes, want one", len(ended))
	}
	runtime.GC() // p is not used from here on
	<-ended[0]
}
