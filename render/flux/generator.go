package flux

import (
	"path"
	"strings"

	"github.com/syncgate/syncgate/render"
)

// external returns the artifact that an ArtifactGenerator of the revision
// makes.
func (s *sources) external(ref reference, name string) *artifact {
	for _, f := range s.generators(ref) {
		var spec generatorSpec
		if p := f.decode(&spec); p != nil {
			return s.fail(p)
		}
		for i, made := range spec.Artifacts {
			if made.Name != ref.Name {
				continue
			}
			if unknown := f.unknownFields(sourceFields("ArtifactGenerator")); len(unknown) > 0 {
				s.problems = append(s.problems, unknown...)
				return nil
			}
			return s.assemble(f, &spec, i, name)
		}
	}
	return s.fail(hint(s.d.unseen(s.at, CodeSource, "%s is made by no ArtifactGenerator of the revision", name),
		"commit the ArtifactGenerator that makes it"))
}

// generators returns the ArtifactGenerators of a namespace, as rendered.
func (s *sources) generators(ref reference) []*found {
	var list []*found
	for key, all := range s.w.found {
		if !strings.HasPrefix(key, extensionGroup+" ArtifactGenerator "+ref.Namespace+" ") {
			continue
		}
		for _, f := range all {
			if f.cluster == s.cluster {
				list = append(list, f)
			}
		}
	}
	return list
}

// assemble says what an artifact of an ArtifactGenerator is made of.
func (s *sources) assemble(f *found, spec *generatorSpec, index int, name string) *artifact {
	a := &artifact{name: name, generated: true}
	aliases := map[string]*artifact{}
	for i, step := range spec.Artifacts[index].Copy {
		at := f.at("spec", "artifacts", index, "copy", i, "from")
		alias, from, ok := strings.Cut(strings.TrimPrefix(step.From, "@"), "/")
		to, toOK := strings.CutPrefix(step.To, "@artifact/")
		if !ok || !toOK || !strings.HasPrefix(step.From, "@") || step.Strategy != "" && step.Strategy != "Overwrite" {
			return s.fail(s.copyUnknown(f, at, step.From))
		}
		if aliases[alias] == nil {
			for _, source := range spec.Sources {
				if source.Alias == alias {
					if source.Namespace == "" {
						source.Namespace = f.id.Namespace
					}
					aliases[alias] = s.resolve(source.reference)
				}
			}
		}
		if aliases[alias] == nil {
			return s.fail(f.broken(at, CodeInvalid, "copy from %q names the source %q, which cannot be resolved", step.From, alias))
		}
		p := part{artifact: aliases[alias], exclude: step.Exclude}
		if !p.parse(from, to) {
			return s.fail(s.copyUnknown(f, at, step.From))
		}
		a.made = append(a.made, p)
	}
	return a
}

func (s *sources) copyUnknown(f *found, at render.Origin, from string) *render.Problem {
	return hint(f.unseen(at, CodeUnknownField, "copy from %q is of a form that is not known here", from),
		`copy directories, "@alias/dir/**", or single files to "@artifact/..."`)
}

// parse reads what is copied and where: "dir/**" copies the contents of a
// directory, a plain path the thing itself. Other patterns are not known.
func (p *part) parse(from, to string) bool {
	if len(p.exclude) > 0 {
		return false
	}
	if from == "**" {
		from, p.contents = ".", true
	}
	if rest, ok := strings.CutSuffix(from, "/**"); ok {
		from, p.contents = rest, true
	}
	if strings.ContainsAny(from, "*?[]{}") {
		return false
	}
	p.from, p.to, p.into = cleanPath(from), cleanPath(to), to == "" || strings.HasSuffix(to, "/")
	return true
}

// target returns where a part is copied to: a directory goes into the target,
// a file too if the target ends in a slash.
func (p part) target(from files) (string, error) {
	info, err := from.Stat(p.from)
	switch {
	case err != nil:
		return "", err
	case p.contents:
		return p.to, nil
	case info.IsDir() || p.into:
		return path.Join(p.to, path.Base(p.from)), nil
	}
	return p.to, nil
}
