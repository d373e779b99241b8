package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/integrations/argocd"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/origin"
	"github.com/syncgate/syncgate/verify/registry"
	"github.com/syncgate/syncgate/verify/snapshot"
)

// gateFlags are those of commands that stand in a deployer's way: they print
// verified manifests or nothing. What weakens a verdict is not among them.
type gateFlags struct {
	verify   verifyFlags
	noImages bool
}

func (f *gateFlags) register(cmd *cobra.Command) {
	v := &f.verify
	v.source.cache = &cacheFlags{}
	v.source.cache.register(cmd)
	v.rules.register(cmd)
	v.trust.register(cmd)
	v.exploits.register(cmd)
	flags := cmd.Flags()
	v.policies.register(cmd)
	flags.Lookup("policy").Usage = "policy file or directory by its absolute path, git+URL@COMMIT//DIRECTORY, or oci://REPOSITORY@DIGEST (repeatable)"
	flags.BoolVar(&v.source.allowRemote, "allow-remote", false, "fetch remote bases and charts")
	flags.BoolVar(&v.source.offline, "offline", false, "no network but the registry; what would need it is unknown")
	flags.StringArrayVar(&v.source.plainHTTP, "plain-http", nil, "registry or chart repository that is reached over HTTP (repeatable); loopback is by default")
	flags.BoolVar(&f.noImages, "allow-no-images", false, "let pass what names no image at all; by default there is nothing to check, which is no pass")
	flags.DurationVar(&v.timeout, "timeout", cmp.Or(v.timeout, bounds.PluginTime), "how long it may take; images that are not decided by then are unknown")
}

// outside tells of a file that flags name and that is, or could be, one of the
// repository: who writes that must not choose by what it is judged. What is
// named by a commit, a digest or a signer is what it is, wherever it lies.
func (f *gateFlags) outside(root string) error {
	v := &f.verify
	files := map[string][]string{
		"--policy": slices.DeleteFunc(slices.Clone(v.policies.names), origin.Elsewhere), "--policy-key": {v.policies.key}, "--trusted-root": values(v.trust.files), "--tuf-root": values(v.trust.tufRoots),
		"--rules": {v.rules.file}, "--kev": {v.exploits.kev}, "--epss": {v.exploits.epss}, "--cache": {v.source.cache.dir},
	}
	real, err := filepath.EvalSymlinks(root)
	if err != nil {
		return fmt.Errorf("find repository: %w", err)
	}
	for flag, names := range files {
		for _, name := range names {
			if name == "" {
				continue
			}
			if !filepath.IsAbs(name) {
				return fmt.Errorf("read %s %s: want an absolute path: the working directory is that of an application, whose repository must not choose by what it is judged", flag, name)
			}
			target, err := filepath.EvalSymlinks(name)
			if err != nil {
				target = filepath.Clean(name) // what cannot be read is told where it is read
			}
			if inside, err := filepath.Rel(real, target); err == nil && inside != ".." && !strings.HasPrefix(inside, "../") {
				return fmt.Errorf("read %s %s: it is in the repository that is verified, which must not choose by what it is judged", flag, name)
			}
		}
	}
	return nil
}

// values are those of NAME=VALUE flags.
func values(flags []string) []string {
	var all []string
	for _, flag := range flags {
		_, value := named(flag)
		all = append(all, value)
	}
	return all
}

// renderFunc renders what is to be verified.
type renderFunc func(context.Context) (render.Revision, render.Rendering, error)

// gate prints what renders to, pinned, if all of it is verified, and otherwise
// why not.
func (f *gateFlags) gate(ctx context.Context, term terminal, rendered renderFunc) error {
	v := &f.verify
	if v.timeout <= 0 {
		return fmt.Errorf("read --timeout %s: want how long it may take, such as 45s", v.timeout)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, v.timeout, verify.Deadline(fmt.Sprintf("the %s that --timeout gives are over", v.timeout)))
	defer cancel()
	defer v.source.cache.close()
	rules, err := v.rules.load()
	if err != nil {
		return err
	}
	revision, rendering, err := rendered(ctx)
	if err != nil {
		return err
	}
	client := v.source.registry()
	defer client.Close()
	r, err := f.report(ctx, client, verify.Read(revision, rendering, rules))
	if err != nil {
		return err
	}
	if r.Verdict == policy.Pass {
		for _, p := range pin(ctx, rules, verified{client, r.Images}, rendering) {
			r.Findings = append(r.Findings, verify.FromProblem(p))
		}
		// It can only get worse by what could not be pinned.
		r.Verdict = policy.AllOf(r.Verdict, verdict(r))
	}
	if r.Verdict != policy.Pass {
		_, err := io.WriteString(term.err, argocd.Condition(r))
		return errors.Join(blocked{r.Verdict}, err)
	}
	return printObjects(term.out, rendering)
}

// report verifies what is deployed.
func (f *gateFlags) report(ctx context.Context, client *registry.Client, deployed verify.Deployment) (verify.Report, error) {
	v := &f.verify
	run, err := v.load(ctx)
	if err != nil {
		return verify.Report{}, err
	}
	if err := run.trust(v.trust, run.files, v.source.access()); err != nil {
		return verify.Report{}, err
	}
	run.deployed = deployed
	r, err := run.judge(ctx, snapshot.Ports{Resolver: client, Stores: client.Stores()}, terminal{out: io.Discard, err: io.Discard})
	if err != nil {
		return r, err
	}
	if f.noImages && len(r.Images) == 0 {
		warn(r.Findings, verify.CodeNoImages)
		r.Verdict = verdict(r)
	}
	return r, nil
}

// warn makes warnings of the findings with a code.
func warn(findings []verify.Finding, code policy.Code) {
	for i := range findings {
		findings[i].Warning = findings[i].Warning || findings[i].Code == code
	}
}

// verdict is that of all images and all findings that count.
func verdict(r verify.Report) policy.Verdict {
	all := []policy.Verdict{policy.Pass}
	for _, image := range r.Images {
		all = append(all, image.Verdict)
	}
	for _, f := range r.Findings {
		if !f.Warning {
			all = append(all, f.Verdict)
		}
	}
	return policy.AllOf(all...)
}

// verified resolves images to the digests that were verified. Others, of which
// policy asks for nothing, it asks the registry for.
type verified struct {
	verify.Resolver
	images []verify.ImageResult
}

// Resolve implements verify.Resolver.
func (v verified) Resolve(ctx context.Context, reference string, want verify.Want) (policy.Subject, error) {
	for _, image := range v.images {
		if image.Reference == reference && !image.Digest.IsZero() {
			return policy.Subject{Reference: reference, Digest: image.Digest}, nil
		}
	}
	return v.Resolver.Resolve(ctx, reference, want)
}
