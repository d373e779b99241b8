package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	xterm "golang.org/x/term"

	"github.com/syncgate/syncgate/integrations/report"
	"github.com/syncgate/syncgate/verify"
)

// outputFlags say how and where a report is written.
type outputFlags struct {
	formats []string
	verbose bool
}

func (f *outputFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVarP(&f.formats, "output", "o", []string{"text"}, "FORMAT[=FILE], one of "+strings.Join(report.Formats(), ", ")+" (repeatable)")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "show the evidence of what passes, too")
}

// output is one -o flag.
type output struct {
	write report.Writer
	file  string
}

func (f *outputFlags) parse() ([]output, error) {
	var outputs []output
	toTerminal := 0
	for _, flag := range f.formats {
		format, file, named := strings.Cut(flag, "=")
		writer, err := report.For(format)
		if err != nil {
			return nil, err
		}
		if named && file == "" {
			return nil, fmt.Errorf("write report: -o %s names no file; want -o %sFILE, or -o %s for standard output", flag, flag, format)
		}
		if !named {
			toTerminal++
		} else if slices.ContainsFunc(outputs, func(o output) bool { return o.file == file }) {
			return nil, fmt.Errorf("write report: two formats would be written to %s; give each a file of its own", file)
		}
		outputs = append(outputs, output{writer, file})
	}
	if toTerminal > 1 {
		return nil, errors.New("write report: several formats would be mixed on standard output; give all but one a file: -o FORMAT=FILE")
	}
	return outputs, nil
}

// options are how a report is written.
func (f *outputFlags) options() report.Options {
	o := report.Options{Version: version(), Time: time.Now()}
	if f.verbose {
		o.Style = report.Verbose
	}
	return o
}

// write writes a report to all outputs. What one file cannot take does not
// keep the others from being written.
func (f *outputFlags) write(outputs []output, r verify.Report, o report.Options, term terminal) error {
	var failed []error
	for _, out := range outputs {
		failed = append(failed, out.print(r, o, term))
	}
	return errors.Join(failed...)
}

// columns is the width of a terminal, or 0 where it is not known.
func columns(w io.Writer) int {
	file, ok := w.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := xterm.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return width
}

func (out output) print(r verify.Report, o report.Options, term terminal) error {
	if out.file == "" {
		if isTerminal(term.out) {
			o.Style |= report.Colour
			o.Width = columns(term.out)
		}
		return out.write(term.out, r, o)
	}
	file, err := os.Create(out.file)
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if err := errors.Join(out.write(file, r, o), file.Close()); err != nil {
		return fmt.Errorf("write report to %s: %w", out.file, err)
	}
	return nil
}
