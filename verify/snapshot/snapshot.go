package snapshot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/sigstore"
)

// Run is what a snapshot keeps of a run beside what registries answered.
type Run struct {
	// Version is that of syncgate.
	Version string
	// At is the time that was evaluated at.
	At         time.Time
	Settings   Settings
	Deployment verify.Deployment
	// Roots are the trusted roots that were fetched.
	Roots map[string]sigstore.Fetched
	// Keys are those that key-management services gave out, PEM by URI.
	Keys map[string]string
	// PolicyFiles are those that policies were read from, and keys beside them;
	// Files the others that Settings name. Both are by their names.
	PolicyFiles, Files map[string][]byte
}

// Save writes a run and what the recorder was answered to a file.
func (r *Recorder) Save(name string, run Run) error {
	record, err := r.record(run)
	if err == nil {
		err = r.failed
	}
	var config []byte
	if err == nil {
		config, err = json.Marshal(record)
	}
	if err == nil && len(config) > bounds.SnapshotRecordBytes {
		err = fmt.Errorf("the list of what it holds would be larger than %d bytes; narrow the run with --path", bounds.SnapshotRecordBytes)
	}
	if err == nil {
		err = write(name, config, r.answers.blobs)
	}
	if err != nil {
		return fmt.Errorf("save evidence to %s: %w", name, err)
	}
	return nil
}

// record makes the record, in an order of its own.
func (r *Recorder) record(run Run) (Record, error) {
	a := r.answers
	record := Record{
		APIVersion: apiVersion, Kind: kind, Version: run.Version, At: run.At.UTC(), Settings: run.Settings,
		Revision: run.Deployment.Revision, Units: run.Deployment.Units, Objects: run.Deployment.Objects,
		Findings: run.Deployment.Findings, Roots: map[string]root{}, Manifests: a.manifests, Keys: run.Keys,
	}
	for _, store := range r.stores {
		record.Stores = append(record.Stores, verify.Only(store))
	}
	for _, kept := range a.resolved {
		record.Resolutions = append(record.Resolutions, kept)
	}
	slices.SortFunc(record.Resolutions, func(a, b resolution) int { return order(a.resolving, b.resolving) })
	for _, kept := range a.found {
		record.Evidence = append(record.Evidence, kept)
	}
	slices.SortFunc(record.Evidence, func(a, b evidence) int { return order(a.looking, b.looking) })
	var failed []error
	put := func(data []byte) string {
		digest, err := a.blobs.put(data)
		failed = append(failed, err)
		return digest
	}
	for id, fetched := range run.Roots {
		if fetched.Fault != nil {
			record.Roots[id] = root{Fault: findingOf(fetched.Fault)}
		} else {
			record.Roots[id] = root{JSON: put(fetched.JSON)}
		}
	}
	all := func(files map[string][]byte) map[string]string {
		kept := map[string]string{}
		for name, text := range files {
			kept[name] = put(text)
		}
		return kept
	}
	record.PolicyFiles, record.Files = all(run.PolicyFiles), all(run.Files)
	nodes := map[*yaml.Node]string{}
	for _, i := range run.Deployment.Images {
		kept := image{Reference: i.Reference, Class: i.Class}
		for _, l := range i.Locations {
			digest, done := nodes[l.Node]
			if text := objectJSON(l); !done && text != nil {
				digest = put(text)
			}
			nodes[l.Node] = digest
			kept.Locations = append(kept.Locations, location{Location: l, Labels: l.Labels, Class: l.Class, Node: digest})
		}
		record.Images = append(record.Images, kept)
	}
	return record, errors.Join(failed...)
}

func order(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) }

// objectJSON is the object that names an image, without what a Secret holds. It
// is nil where there is none, or none that policies could be given.
func objectJSON(l render.Location) []byte {
	if l.Node == nil {
		return nil
	}
	text, err := verify.ObjectJSON(l.Node)
	if err != nil {
		return nil
	}
	if l.Object.Kind != "Secret" {
		return text
	}
	var secret map[string]json.RawMessage
	if json.Unmarshal(text, &secret) != nil {
		return nil
	}
	delete(secret, "data")
	delete(secret, "stringData")
	text, err = json.Marshal(secret)
	if err != nil {
		return nil
	}
	return text
}

// Snapshot is a run that was saved. It implements verify.Resolver, and may be
// used by several goroutines.
type Snapshot struct {
	Run
	answers *answers
	stores  []policy.EvidenceKind
}

// maxStores is the number of stores that a snapshot may have been made with.
const maxStores = 16

// Open opens a file that Save wrote. It is to be closed.
func Open(name string) (*Snapshot, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read evidence: %w", err)
	}
	s, err := open(file)
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("read evidence %s: %w", name, err)
	}
	return s, nil
}

func open(file *os.File) (*Snapshot, error) {
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(errNoSnapshot, err)
	}
	config, contents, err := read(file)
	if err != nil {
		return nil, err
	}
	var record Record
	if err := json.Unmarshal(config, &record); err != nil {
		return nil, fmt.Errorf("%w (%w)", errNoSnapshot, err)
	}
	if record.APIVersion != apiVersion || record.Kind != kind {
		return nil, fmt.Errorf("it is a %.100q of %.100q, want a %s of %s: use the version of syncgate that saved it, %.100q", record.Kind, record.APIVersion, kind, apiVersion, record.Version)
	}
	return restored(record, contents)
}

// Close closes the file.
func (s *Snapshot) Close() { _ = s.answers.blobs.file.Close() }

// restored is the run of a record.
func restored(record Record, contents *blobs) (*Snapshot, error) {
	s := &Snapshot{
		Run: Run{
			Version: record.Version, At: record.At, Settings: record.Settings,
			Deployment: verify.Deployment{
				Revision: record.Revision, Units: record.Units, Objects: record.Objects, Findings: record.Findings,
			},
			Roots: map[string]sigstore.Fetched{}, Keys: record.Keys,
		},
		answers: newAnswers(contents), stores: record.Stores,
	}
	if len(s.stores) == 0 || len(s.stores) > maxStores {
		return nil, fmt.Errorf("it was made with %d stores of evidence", len(s.stores))
	}
	for _, r := range record.Resolutions {
		s.answers.resolved[r.resolving] = r
	}
	for _, e := range record.Evidence {
		if len(e.Bundles) > bounds.ImageItems {
			return nil, fmt.Errorf("it holds more than %d signatures and attestations of %s", bounds.ImageItems, e.Digest)
		}
		s.answers.found[e.looking] = e
	}
	if record.Manifests != nil {
		s.answers.manifests = record.Manifests
	}
	var err error
	for id, r := range record.Roots {
		fetched := sigstore.Fetched{}
		if r.Fault != nil {
			fetched.Fault = fault(*r.Fault)
		} else if fetched.JSON, err = contents.get(r.JSON, bounds.TrustedRootBytes); err != nil {
			return nil, err
		}
		s.Roots[id] = fetched
	}
	if s.PolicyFiles, err = contents.all(record.PolicyFiles); err != nil {
		return nil, err
	}
	if s.Files, err = contents.all(record.Files); err != nil {
		return nil, err
	}
	return s, s.images(record.Images, contents)
}

// images restores what policies are asked about.
func (s *Snapshot) images(kept []image, contents *blobs) error {
	nodes := map[string]*yaml.Node{}
	left := int64(bounds.SnapshotFileBytes)
	for _, i := range kept {
		image := render.Image{Reference: i.Reference, Class: i.Class}
		for _, l := range i.Locations {
			if l.Node != "" && nodes[l.Node] == nil {
				text, err := contents.get(l.Node, left)
				if err != nil {
					return err
				}
				left -= int64(len(text))
				objects, problems := render.ParseObjects("object.json", text)
				if len(objects) != 1 || len(problems) > 0 {
					return fmt.Errorf("it has as %s no Kubernetes object", l.Node)
				}
				nodes[l.Node] = objects[0].Node
			}
			place := l.Location
			place.Labels, place.Class, place.Node = l.Labels, l.Class, nodes[l.Node]
			image.Locations = append(image.Locations, place)
		}
		s.Deployment.Images = append(s.Deployment.Images, image)
	}
	return nil
}

// Stores are those that were asked, in their order.
func (s *Snapshot) Stores() []verify.Store {
	var stores []verify.Store
	for i, only := range s.stores {
		stores = append(stores, savedStore{s.answers, i, only})
	}
	return stores
}

// Resolve implements verify.Resolver.
func (s *Snapshot) Resolve(_ context.Context, reference string, want verify.Want) (policy.Subject, error) {
	kept, ok := s.answers.resolution(resolving{reference, want.Platforms, want.Existence})
	if !ok {
		return policy.Subject{Reference: reference}, notRecorded("resolve " + reference)
	}
	return s.answers.subject(kept)
}

type savedStore struct {
	answers *answers
	store   int
	only    policy.EvidenceKind
}

// Only implements verify.Partial.
func (s savedStore) Only() policy.EvidenceKind { return s.only }

// Bundles implements verify.Store.
func (s savedStore) Bundles(ctx context.Context, from policy.Source, digest policy.Digest) ([]verify.Bundle, error) {
	kept, ok := s.answers.evidence(looking{s.store, from.Repository, from.TagPrefix, digest})
	if !ok {
		return nil, notRecorded("read evidence of " + from.Repository + "@" + digest.String())
	}
	return s.answers.bundles(ctx, kept)
}

func notRecorded(doing string) error {
	return &verify.Fault{
		Code: verify.CodeNotRecorded, Verdict: policy.Unknown,
		Message: doing + ": the evidence that was saved does not hold it",
		Hint:    "save it again with this policy: verify --save-evidence FILE",
	}
}
