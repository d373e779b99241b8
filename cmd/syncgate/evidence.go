package main

import (
	"context"
	"fmt"
	"io/fs"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/syncgate/syncgate/policy/dialect"
	"github.com/syncgate/syncgate/policy/document"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/kms"
	"github.com/syncgate/syncgate/verify/sigstore"
	"github.com/syncgate/syncgate/verify/snapshot"
)

// evidenceFlags say where all that a verdict rests on is kept, or taken from.
type evidenceFlags struct{ save, from string }

func (f *evidenceFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.save, "save-evidence", "", "save all that the verdict rests on to this file, as an archive with an OCI layout")
	flags.StringVar(&f.from, "evidence", "", "judge what --save-evidence saved, with no network; --policy tries other policies on it")
}

// judged are the flags that say how evidence is judged and reported. What else
// there is says where it comes from.
var judged = []string{
	"evidence", "policy", "trusted-root", "tuf-mirror", "tuf-root", "kev", "epss", "at", "output", "verbose", "timeout",
}

// usable tells what cannot be asked for together.
func (f *evidenceFlags) usable(flags *pflag.FlagSet, args []string) error {
	if f.from == "" {
		return nil
	}
	if len(args) > 0 {
		return fmt.Errorf("use --evidence %s: it holds what was rendered; leave out SOURCE %s", f.from, args[0])
	}
	var wrong error
	flags.Visit(func(flag *pflag.Flag) {
		if wrong == nil && !slices.Contains(judged, flag.Name) {
			wrong = fmt.Errorf("use --evidence %s: it holds what was rendered and fetched; leave out --%s", f.from, flag.Name)
		}
	})
	return wrong
}

// judgeAndSave makes the report and saves all that it rests on. Where it cannot
// be saved the report stands all the same, and notSaved says why.
func (f *verifyFlags) judgeAndSave(ctx context.Context, run *judgement, ask snapshot.Ports, term terminal) (r verify.Report, notSaved, err error) {
	recorder, err := snapshot.NewRecorder(ask)
	if err != nil {
		return r, nil, err
	}
	defer recorder.Close()
	r, err = run.judge(ctx, snapshot.Ports{Resolver: recorder.Resolver(), Stores: recorder.Stores()}, term)
	if err != nil {
		return r, nil, err
	}
	if err := recorder.Complete(ctx, run.deployed.Images); err != nil {
		return r, fmt.Errorf("save evidence to %s: %w", f.evidence.save, err), nil
	}
	return r, recorder.Save(f.evidence.save, snapshot.Run{
		Version: version(), At: run.at, Deployment: run.deployed, Roots: run.memory.Roots(), Keys: kms.Given(run.keys),
		PolicyFiles: run.policyFiles.Files(), Files: run.files.Files(),
		Settings: snapshot.Settings{
			Policies: run.policyFiles.Documents(), AtGiven: run.atGiven, KEV: f.exploits.kev, EPSS: f.exploits.epss,
			TrustedRoots: f.trust.files, TUFMirrors: f.trust.mirrors, TUFRoots: f.trust.tufRoots,
		},
	}), nil
}

// checkAgain makes the report of what was saved: by the policies and the trust
// that were saved with it, but for those that the flags name.
func (f *verifyFlags) checkAgain(ctx context.Context, term terminal) (r verify.Report, notSaved, err error) {
	saved, err := snapshot.Open(f.evidence.from)
	if err != nil {
		return r, nil, err
	}
	defer saved.Close()
	run, err := f.loadAgain(ctx, saved)
	if err != nil {
		return r, nil, err
	}
	r, err = run.judge(ctx, snapshot.Ports{Resolver: saved, Stores: saved.Stores()}, term)
	return r, nil, err
}

func (f *verifyFlags) loadAgain(ctx context.Context, saved *snapshot.Snapshot) (*judgement, error) {
	then := saved.Settings
	run := &judgement{at: saved.At, atGiven: then.AtGiven || f.at != "", deployed: saved.Deployment}
	var err error
	if f.at != "" {
		if run.at, err = timeFlag(f.at); err != nil {
			return nil, err
		}
	}
	if len(f.policies.names) > 0 {
		run.policies, _, err = f.loadPolicies(ctx)
	} else {
		run.policies, err = dialect.Load(document.Files(saved.PolicyFiles), then.Policies...)
		err = loadError(err)
	}
	if err != nil {
		return nil, err
	}
	kms.Saved(run.policies.ManagedKeys(), saved.Keys)
	exploits, trust := f.exploits, f.trust
	var exploitsIn, trustIn fs.FS = document.Disk{}, document.Disk{}
	if exploits == (exploitFlags{}) {
		exploits, exploitsIn = exploitFlags{kev: then.KEV, epss: then.EPSS}, document.Files(saved.Files)
	}
	if !trust.given() {
		trust, trustIn = trustFlags{then.TrustedRoots, then.TUFMirrors, then.TUFRoots}, document.Files(saved.Files)
	}
	if run.exploits, err = exploits.load(exploitsIn); err != nil {
		return nil, err
	}
	return run, run.trust(trust, trustIn, sigstore.Access{Network: sigstore.Offline, Memory: sigstore.Remembering(saved.Roots)})
}
