package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/integrations/report"
	"github.com/syncgate/syncgate/policy/document"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/registry"
	"github.com/syncgate/syncgate/verify/sigstore"
)

// summaryFlags say who signs verification summaries, and where they go.
type summaryFlags struct {
	verifier, key string
	attach        bool
}

func (f *summaryFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.verifier, "vsa-verifier", "", "URI of who verifies, for -o vsa and --vsa-attach")
	flags.StringVar(&f.key, "vsa-key", "", "private key in PEM that signs verification summaries; its password is in COSIGN_PASSWORD")
	flags.BoolVar(&f.attach, "vsa-attach", false, "attach the summary of each image to it in its registry, signed with --vsa-key")
}

// summaries signs verification summaries. Each is signed once, wherever it goes.
type summaries struct {
	flags  summaryFlags
	sealer *sigstore.Sealer
	sealed map[string][]byte
}

// summaries reads what the flags name.
func (f *verifyFlags) summaries() (*summaries, error) {
	s := &summaries{flags: f.summary, sealed: map[string][]byte{}}
	wanted := f.summary.attach
	for _, format := range f.outputs.formats {
		name, _, _ := strings.Cut(format, "=")
		wanted = wanted || name == "vsa"
	}
	switch u, err := url.Parse(f.summary.verifier); {
	case !wanted && f.summary == summaryFlags{}:
		return s, nil
	case !wanted:
		return nil, errors.New("write summaries: --vsa-verifier and --vsa-key are for -o vsa and --vsa-attach")
	case f.summary.verifier == "":
		return nil, errors.New("write summaries: name who verifies with --vsa-verifier, a URI that policies may ask for")
	case err != nil || u.Scheme == "":
		return nil, fmt.Errorf("read --vsa-verifier %q: want a URI, such as https://acme.example/verifier", f.summary.verifier)
	case f.at != "" || f.evidence.from != "":
		return nil, errors.New("write summaries: they say that an image was verified now; leave out --at and --evidence")
	case f.summary.key == "" && f.summary.attach:
		return nil, errors.New("attach summaries: an unsigned one counts for nothing; give --vsa-key. To sign keyless, write -o vsa=FILE and attest its predicates with cosign")
	case f.summary.key == "":
		return s, nil
	}
	text, err := document.ReadFile(document.Disk{}, f.summary.key, bounds.KeyBytes)
	if err == nil {
		s.sealer, err = sigstore.NewSealer(text, []byte(os.Getenv("COSIGN_PASSWORD")))
	}
	if err != nil {
		return nil, fmt.Errorf("read --vsa-key %s: %s", f.summary.key, document.Reason(err))
	}
	return s, nil
}

// options are those of reports.
func (s *summaries) options(ctx context.Context, o report.Options) report.Options {
	o.Verifier = s.flags.verifier
	if s.sealer != nil {
		o.Seal = func(statement []byte) ([]byte, error) {
			if sealed, ok := s.sealed[string(statement)]; ok {
				return sealed, nil
			}
			sealed, err := s.sealer.Seal(ctx, statement)
			if err == nil {
				s.sealed[string(statement)] = sealed
			}
			return sealed, err
		}
	}
	return o
}

// attach attaches the summary of each image to it. The run's own time may be
// over: its verdicts stand.
func (f *verifyFlags) attach(ctx context.Context, s *summaries, r verify.Report, o report.Options) error {
	if !s.flags.attach {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	client := registry.New(registry.Options{PlainHTTP: f.source.plainHTTP, Version: version()})
	defer client.Close()
	list, err := report.Summaries(r, o)
	if err != nil {
		return err
	}
	failed := make([]error, len(list))
	var group errgroup.Group
	group.SetLimit(bounds.AttachAtOnce)
	for i, summary := range list {
		sealed, err := o.Seal(summary.Statement)
		if err != nil {
			return fmt.Errorf("attach summary: %w", err)
		}
		group.Go(func() error {
			err := client.Attach(ctx, summary.Repository, summary.Digest, registry.Attached{
				Type: sigstore.BundleType, Content: sealed,
				Annotations: map[string]string{
					"dev.sigstore.bundle.content":       "dsse-envelope",
					"dev.sigstore.bundle.predicateType": report.SummaryType,
				},
			})
			if err != nil {
				failed[i] = fmt.Errorf("attach summary: %w", err)
			}
			return nil
		})
	}
	_ = group.Wait()
	return errors.Join(failed...)
}
