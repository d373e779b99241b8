package main

import (
	"context"
	"io/fs"
	"time"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/document"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/kms"
	"github.com/syncgate/syncgate/verify/sigstore"
	"github.com/syncgate/syncgate/verify/snapshot"
)

// judgement is what one run of verify judges, and by what.
type judgement struct {
	at time.Time
	// atGiven tells that the time is the caller's.
	atGiven  bool
	policies policy.Set
	// keys are those of the policies that services hold.
	keys     []*policy.Key
	exploits policy.Exploits
	verifier *sigstore.Verifier
	deployed verify.Deployment
	// before is what it is compared to, or nil.
	before *verify.Before
	// policyFiles and files are what was read of policies, and of other flags;
	// memory is the trusted roots that were fetched.
	policyFiles policyRecord
	files       *document.Recorder
	memory      *sigstore.Memory
}

// load reads what the flags name: a mistake in it is told before anything is
// fetched or rendered.
func (f *verifyFlags) load(ctx context.Context) (*judgement, error) {
	at, err := timeFlag(f.at)
	if err != nil {
		return nil, err
	}
	run := &judgement{at: at, atGiven: f.at != "", files: &document.Recorder{From: document.Disk{}}}
	if run.policies, run.policyFiles, err = f.loadPolicies(ctx); err != nil {
		return nil, err
	}
	if run.keys = run.policies.ManagedKeys(); f.source.offline {
		kms.Offline(run.keys)
	} else {
		kms.Resolve(ctx, run.keys)
	}
	run.exploits, err = f.exploits.load(run.files)
	return run, err
}

// trust makes the verifier.
func (j *judgement) trust(flags trustFlags, files fs.FS, access sigstore.Access) error {
	roots, err := flags.roots(files, access)
	if err != nil {
		return err
	}
	j.memory = access.Memory
	j.verifier, err = sigstore.ForPolicies(j.policies, roots)
	return err
}

// gate is the one that judges.
func (j *judgement) gate(ask snapshot.Ports) *verify.Gate {
	return &verify.Gate{
		Resolver: ask.Resolver, Stores: ask.Stores, Verifier: j.verifier, Policies: j.policies, Exploits: j.exploits, At: j.at,
	}
}

// explain judges and says how each verdict came about.
func (j *judgement) explain(ctx context.Context, ask snapshot.Ports) (verify.Report, error) {
	gate := j.gate(ask)
	gate.Explain = true
	return gate.Judge(ctx, j.deployed)
}

// judge makes the report.
func (j *judgement) judge(ctx context.Context, ask snapshot.Ports, term terminal) (verify.Report, error) {
	bar := newProgressLine(term.err)
	defer bar.clear()
	gate := j.gate(ask)
	gate.Progress = bar.show
	r, err := gate.Judge(ctx, j.deployed)
	if err == nil && j.before != nil {
		gate.Progress = nil
		r, err = gate.Compare(ctx, r, *j.before)
	}
	if j.atGiven {
		at := j.at.UTC()
		r.EvaluatedAt = &at
	}
	return r, err
}
