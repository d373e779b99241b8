package sandbox

import (
	"encoding/gob"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"github.com/syncgate/syncgate/bounds"
)

// marker is the environment variable that tells a process that it is one of a
// Pool. Its value is the version of what is said over the pipes.
const (
	marker  = "SYNCGATE_SANDBOX"
	version = "1"
)

// exitMemory is the exit code of a process that ends itself because it holds
// too much memory.
const exitMemory = 117

// Language evaluates programs of one language. An error is a mistake in the
// program or in what it is given. It may panic.
type Language func(Task) (Answer, error)

// Task is one evaluation: a program, and what it is run on.
type Task struct {
	Program
	Input []byte
	// At is what the program is told that the time is.
	At time.Time
}

// Program is a source text and the language that it is in.
type Program struct {
	Language string
	Source   []byte
}

// Answer is what a program says.
type Answer struct {
	// Holds is the program's verdict.
	Holds bool
	// Message is what the program, or its language, says about it.
	Message string
	// Output is whatever else a language answers.
	Output []byte
}

type response struct {
	Answer Answer
	// Mistake is the error of the language. It is empty if there was none.
	Mistake string
}

// Asked tells whether this process was started to run programs.
func Asked() bool { return os.Getenv(marker) == version }

// Serve runs programs until there are no more. It is the whole of a process
// for which Asked is true, and must come before anything else in it.
func Serve(languages map[string]Language) {
	// Less garbage beside what is held, so that the bound is on the latter. A
	// limit of the runtime's would make it collect without end close to it.
	debug.SetGCPercent(50)
	go watch()
	serve(os.Stdin, os.Stdout, languages)
}

func serve(in io.Reader, out io.Writer, languages map[string]Language) {
	decoder, encoder := gob.NewDecoder(in), gob.NewEncoder(out)
	if encoder.Encode(version) != nil {
		return
	}
	for {
		var task Task
		if decoder.Decode(&task) != nil {
			return
		}
		if encoder.Encode(answer(languages, task)) != nil {
			return
		}
	}
}

func answer(languages map[string]Language, task Task) (out response) {
	defer func() {
		if cause := recover(); cause != nil {
			out = response{Mistake: fmt.Sprintf("evaluation broke: %v", cause)}
		}
	}()
	language, known := languages[task.Language]
	if !known {
		return response{Mistake: "nothing runs programs in " + task.Language}
	}
	a, err := language(task)
	if err != nil {
		out.Mistake = err.Error()
		if out.Mistake == "" {
			out.Mistake = "it fails without saying why"
		}
	}
	out.Answer = a
	return out
}

// watch ends the process when it holds too much memory.
func watch() {
	const interval = 5 * time.Millisecond
	sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	for range time.Tick(interval) {
		metrics.Read(sample)
		if sample[0].Value.Uint64()-sample[1].Value.Uint64() > bounds.ProgramMemory {
			os.Exit(exitMemory)
		}
	}
}
