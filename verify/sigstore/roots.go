package sigstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/syncgate/syncgate/policy"
)

// Roots are the trusted roots of a run.
type Roots struct {
	// Own are the run's own: those of signers that name none. A signature
	// needs to hold against one of them.
	Own []*TrustedRoot
	// Named are those that policies may name, by their names.
	Named map[string]*TrustedRoot
	// Access is how TUF repositories that policies name are asked.
	Access
}

// openedRoot is a trusted root that a policy names.
type openedRoot struct {
	roots []*TrustedRoot
	name  string
}

// open finds the trusted roots that policies name, and the run's own under the
// empty ID. Those that hold what they rest on are read.
func (r Roots) open(named map[string]*policy.TrustedRoot) (map[string]openedRoot, error) {
	own := r.Own
	if len(own) == 0 {
		own = []*TrustedRoot{nil}
	}
	opened := map[string]openedRoot{"": {own, "of this run"}}
	var problems []error
	for _, id := range slices.Sorted(maps.Keys(named)) {
		found, err := r.one(named[id])
		if err != nil {
			problems = append(problems, unread(named[id], err))
		}
		opened[id] = openedRoot{[]*TrustedRoot{found}, called(named[id])}
	}
	return opened, errors.Join(problems...)
}

// place is where a policy names a root, for the beginning of a message.
func place(root *policy.TrustedRoot) string {
	if root.Source == "" {
		return ""
	}
	return oneLine(root.Source) + ": "
}

// unread is the error of a root. Of one that consists of others it is that
// of the other, which alone has a place.
func unread(root *policy.TrustedRoot, err error) error {
	if part := new(partError); errors.As(err, &part) && part.root.Name != "" {
		root, err = part.root, part.err
	}
	return fmt.Errorf("%sread trusted root %s: %w", place(root), called(root), err)
}

// partError is the error of a part of a trusted root.
type partError struct {
	root *policy.TrustedRoot
	err  error
}

// Error says what is wrong with it.
func (e *partError) Error() string { return e.err.Error() }

// called is what a policy calls a root, for messages.
func called(root *policy.TrustedRoot) string {
	if root.Name == "" {
		return "of its own"
	}
	return oneLine(root.Name)
}

// one makes a trusted root of what a policy names.
func (r Roots) one(named *policy.TrustedRoot) (*TrustedRoot, error) {
	found, err := r.bare(named)
	if err != nil || !named.AsCosign {
		return found, err
	}
	return &TrustedRoot{load: func(ctx context.Context) (*material, error) {
		m, err := found.material(ctx)
		if err != nil {
			return nil, err
		}
		strict := *m
		strict.asCosign, strict.logs, strict.certLogs = true, true, true
		return &strict, strict.makeVerifiers()
	}}, nil
}

// bare is one, whatever the root asks for.
func (r Roots) bare(named *policy.TrustedRoot) (*TrustedRoot, error) {
	switch {
	case named.Nobody:
		return &TrustedRoot{loaded: &material{TrustedMaterial: &root.BaseTrustedMaterial{}}}, nil
	case named.Parts != nil:
		return r.compose(named.Parts)
	case named.Certificates != nil:
		own, err := newOwnAuthorities(named.Certificates)
		if err != nil {
			return nil, err
		}
		return &TrustedRoot{loaded: &material{TrustedMaterial: &root.BaseTrustedMaterial{}, own: own}}, nil
	case named.TUF != nil:
		return r.Repository(*named.TUF)
	case named.JSON != nil:
		m, err := parseMaterial(named.JSON)
		if err != nil {
			return nil, err
		}
		return &TrustedRoot{loaded: m}, nil
	}
	if found := r.Named[named.Name]; found != nil {
		return found, nil
	}
	known := slices.Sorted(maps.Keys(r.Named))
	return nil, fmt.Errorf("neither the policy nor the command line says what it is; known without that are %s", strings.Join(known, ", "))
}

// Repository is a trusted root out of a TUF repository.
func (r Roots) Repository(t policy.TUFRepository) (*TrustedRoot, error) {
	if t.Archive != nil {
		files, err := unpack(t.Archive)
		if err != nil {
			return nil, fmt.Errorf("read its archive: %w", err)
		}
		return fromArchive(t, files), nil
	}
	// What another policy trusts at the same address is not what this one does.
	access := r.Access
	if access.CacheDir != "" {
		access.CacheDir = filepath.Join(access.CacheDir, (&policy.TrustedRoot{TUF: &t}).ID()[:16])
	}
	return FromRepository(Repository{URL: t.Mirror, Root: t.Root, Target: t.Target}, access), nil
}

// compose is a trusted root whose kinds of authorities are those of others. A
// part that is the run's own is all of those.
func (r Roots) compose(parts *policy.TrustedParts) (*TrustedRoot, error) {
	var sources [3][]*TrustedRoot
	for i, part := range [3]*policy.TrustedRoot{parts.Certificates, parts.Logs, parts.Timestamps} {
		if part == nil {
			sources[i] = r.Own
			continue
		}
		found, err := r.one(part)
		if err != nil {
			return nil, &partError{part, err}
		}
		sources[i] = []*TrustedRoot{found}
	}
	return &TrustedRoot{load: func(ctx context.Context) (*material, error) {
		var loaded [3][]*material
		for i, from := range sources {
			for _, source := range from {
				m, err := source.material(ctx)
				if err != nil {
					return nil, err
				}
				if m != nil {
					loaded[i] = append(loaded[i], m)
				}
			}
		}
		return joined(loaded[0], loaded[1], loaded[2])
	}}, nil
}

// joined takes certificate authorities and their logs from one place, logs
// from another and timestamp authorities from a third.
func joined(certificates, logs, stampers []*material) (*material, error) {
	var all composed
	var own *ownAuthorities
	for _, m := range certificates {
		all.certificates = append(all.certificates, m.TrustedMaterial)
		own = m.own
	}
	for _, m := range logs {
		all.logs = append(all.logs, m.TrustedMaterial)
	}
	for _, m := range stampers {
		all.stampers = append(all.stampers, m.TrustedMaterial)
	}
	m := newMaterial(all)
	m.own = own
	return m, m.makeVerifiers()
}

// composed is the material of several trusted roots.
type composed struct {
	root.BaseTrustedMaterial
	certificates, logs, stampers root.TrustedMaterialCollection
}

// FulcioCertificateAuthorities are those of the roots that certify.
func (c composed) FulcioCertificateAuthorities() []root.CertificateAuthority {
	return c.certificates.FulcioCertificateAuthorities()
}

// CTLogs are those of the roots that certify.
func (c composed) CTLogs() map[string]*root.TransparencyLog { return c.certificates.CTLogs() }

// RekorLogs are those of the roots that log.
func (c composed) RekorLogs() map[string]*root.TransparencyLog { return c.logs.RekorLogs() }

// TimestampingAuthorities are those of the roots that stamp.
func (c composed) TimestampingAuthorities() []root.TimestampingAuthority {
	return c.stampers.TimestampingAuthorities()
}

// PublicKeyVerifier has no keys.
func (c composed) PublicKeyVerifier(id string) (root.TimeConstrainedVerifier, error) {
	return c.BaseTrustedMaterial.PublicKeyVerifier(id)
}
