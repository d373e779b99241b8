package predicate

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	slsa02 "github.com/in-toto/in-toto-golang/in_toto/slsa_provenance/v0.2"
	slsa1 "github.com/in-toto/in-toto-golang/in_toto/slsa_provenance/v1"
)

// ParseProvenance reads SLSA provenance v0.1, v0.2 and v1. The builder's id
// must be there, if only as an empty string. The error wraps ErrUnsupported for
// other predicate types and versions.
func ParseProvenance(predicateType string, raw []byte) (*Provenance, error) {
	switch predicateType {
	case TypeSLSA01:
		return guard("SLSA provenance v0.1", func() (*Provenance, error) { return parseSLSA01(raw) })
	case TypeSLSA02:
		return guard("SLSA provenance v0.2", func() (*Provenance, error) { return parseSLSA02(raw) })
	case TypeSLSA1:
		return guard("SLSA provenance v1", func() (*Provenance, error) { return parseSLSA1(raw) })
	}
	if IsProvenance(predicateType) {
		return nil, unsupported("SLSA provenance %q; read are v0.1, v0.2 and v1", clip(strings.TrimPrefix(predicateType, familySLSA)))
	}
	return nil, unsupported("%q is not provenance", clip(predicateType))
}

// provenance02 is the library's type without what is not looked at, and with
// times as they are written: some builders leave them empty.
type provenance02 struct {
	slsa02.ProvenancePredicate
	Builder     *builder `json:"builder"`
	BuildConfig ignored  `json:"buildConfig"`
	Invocation  struct {
		ConfigSource slsa02.ConfigSource `json:"configSource"`
		Parameters   json.RawMessage     `json:"parameters"`
	} `json:"invocation"`
	Metadata struct {
		Started  string `json:"buildStartedOn"`
		Finished string `json:"buildFinishedOn"`
	} `json:"metadata"`
}

// builder is a builder of either version. BuildKit writes an empty id unless
// it is told one; without the field it is no provenance.
type builder struct {
	ID *string `json:"id"`
}

// ignored is a value that is not kept.
type ignored struct{}

// UnmarshalJSON does nothing.
func (*ignored) UnmarshalJSON([]byte) error { return nil }

func parseSLSA02(raw []byte) (*Provenance, error) {
	const what = "SLSA provenance v0.2"
	raw, err := open(raw, "builder", "id", "buildType", "invocation", "configSource", "entryPoint",
		"parameters", "metadata", "buildStartedOn", "buildFinishedOn", "materials", "uri", "digest")
	if err != nil {
		return nil, err
	}
	var document provenance02
	if err := decode(what, raw, &document); err != nil {
		return nil, err
	}
	if document.Builder == nil || document.Builder.ID == nil {
		return nil, fmt.Errorf("decode %s: builder.id: missing", what)
	}
	facts := &Provenance{
		Builder:    *document.Builder.ID,
		BuildType:  document.BuildType,
		Parameters: document.Invocation.Parameters,
	}
	if facts.Started, err = instant(what, "metadata.buildStartedOn", document.Metadata.Started); err != nil {
		return nil, err
	}
	if facts.Finished, err = instant(what, "metadata.buildFinishedOn", document.Metadata.Finished); err != nil {
		return nil, err
	}
	if config := document.Invocation.ConfigSource; config.URI != "" {
		facts.Sources = append(facts.Sources, SourceRef{URI: config.URI, Digests: config.Digest, EntryPoint: true})
	}
	for _, material := range document.Materials {
		if material.URI != "" {
			facts.Sources = append(facts.Sources, SourceRef{URI: material.URI, Digests: material.Digest})
		}
	}
	return facts, nil
}

// provenance1 is the library's types without what is not looked at.
type provenance1 struct {
	Definition struct {
		slsa1.ProvenanceBuildDefinition
		ExternalParameters json.RawMessage `json:"externalParameters"`
		InternalParameters ignored         `json:"internalParameters"`
	} `json:"buildDefinition"`
	Run struct {
		slsa1.ProvenanceRunDetails
		Builder    *builder `json:"builder"`
		Byproducts ignored  `json:"byproducts"`
		Metadata   struct {
			Started  string `json:"startedOn"`
			Finished string `json:"finishedOn"`
		} `json:"metadata"`
	} `json:"runDetails"`
}

func parseSLSA1(raw []byte) (*Provenance, error) {
	const what = "SLSA provenance v1"
	raw, err := open(raw, "buildDefinition", "buildType", "externalParameters", "resolvedDependencies",
		"runDetails", "builder", "id", "startedOn", "finishedOn", "repository", "ref", "uri", "digest")
	if err != nil {
		return nil, err
	}
	var document provenance1
	if err := decode(what, raw, &document); err != nil {
		return nil, err
	}
	definition, run := &document.Definition, &document.Run
	if run.Builder == nil || run.Builder.ID == nil {
		return nil, fmt.Errorf("decode %s: runDetails.builder.id: missing", what)
	}
	facts := &Provenance{
		Builder:    *run.Builder.ID,
		BuildType:  definition.BuildType,
		Parameters: definition.ExternalParameters,
	}
	if facts.Started, err = instant(what, "runDetails.metadata.startedOn", run.Metadata.Started); err != nil {
		return nil, err
	}
	if facts.Finished, err = instant(what, "runDetails.metadata.finishedOn", run.Metadata.Finished); err != nil {
		return nil, err
	}
	dependencies := make([]SourceRef, 0, len(definition.ResolvedDependencies))
	for _, dependency := range definition.ResolvedDependencies {
		if dependency.URI != "" {
			dependencies = append(dependencies, SourceRef{URI: dependency.URI, Digests: dependency.Digest})
		}
	}
	facts.Sources, err = parameterSources(definition.ExternalParameters, dependencies)
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", what, err)
	}
	facts.Sources = append(facts.Sources, dependencies...)
	return facts, nil
}

// sourceParameters are the external parameters that name a source, by build
// type. First those that name the build's own definition: GitHub's workflow,
// BuildKit's configSource, Google Cloud Build's buildConfigSource. Then those
// that name what is built.
func sourceParameters() []string {
	return []string{"workflow", "configSource", "buildConfigSource", "source", "sourceToBuild"}
}

// parameterSources finds the sources among external parameters, the build's
// own definition first. A parameter of another form than these build types
// give it belongs to another build type, and is none.
func parameterSources(raw json.RawMessage, dependencies []SourceRef) ([]SourceRef, error) {
	var parameters map[string]json.RawMessage
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &parameters); err != nil {
			return nil, errors.New("buildDefinition.externalParameters: want an object")
		}
	}
	var sources []SourceRef
	for _, name := range sourceParameters() {
		if source, ok := parameterSource(parameters[name], dependencies); ok {
			sources = append(sources, source)
		}
	}
	return sources, nil
}

// parameterSource reads {repository, ref}, {uri, digest} or a string. Digests
// that the parameter lacks are those of the dependency with the same URI.
func parameterSource(raw json.RawMessage, dependencies []SourceRef) (SourceRef, bool) {
	var fields struct {
		Repository string            `json:"repository"`
		Ref        string            `json:"ref"`
		URI        string            `json:"uri"`
		Digest     map[string]string `json:"digest"`
	}
	var text string
	switch {
	case json.Unmarshal(raw, &text) == nil:
		fields.URI = text
	case json.Unmarshal(raw, &fields) != nil:
		return SourceRef{}, false
	case fields.Repository != "":
		fields.URI = repositoryURI(fields.Repository, fields.Ref)
	}
	if fields.URI == "" {
		return SourceRef{}, false
	}
	source := SourceRef{URI: fields.URI, Digests: fields.Digest, EntryPoint: true}
	for _, dependency := range dependencies {
		if len(source.Digests) == 0 && dependency.URI == source.URI {
			source.Digests = maps.Clone(dependency.Digests)
		}
	}
	return source, true
}

// repositoryURI writes a repository and a ref as SPDX download locations do,
// and as builders write them in resolvedDependencies.
func repositoryURI(repository, ref string) string {
	if !strings.HasPrefix(repository, "git+") {
		repository = "git+" + repository
	}
	if ref == "" {
		return repository
	}
	return repository + "@" + ref
}
