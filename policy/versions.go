package policy

import (
	"errors"
	"fmt"
	"strings"

	"deps.dev/util/semver"
	"github.com/package-url/packageurl-go"

	"github.com/syncgate/syncgate/policy/predicate"
)

// packageMatcher tells whether a package is one that a rule names.
type packageMatcher struct {
	purl    packageurl.PackageURL
	clauses []versionClause
	// system orders versions; nil where only equal versions can be told.
	system *semver.System
}

// versionClause is one comparison of a range: "<0.38.0".
type versionClause struct{ operator, version string }

func newPackageMatcher(rule PackageRule) (*packageMatcher, error) {
	purl, err := packageurl.FromString(rule.PURL)
	if err != nil {
		return nil, fmt.Errorf("read package URL %q: %w", rule.PURL, err)
	}
	m := &packageMatcher{purl: purl, system: versionSystem(purl.Type)}
	m.clauses, err = parseRange(rule.Range)
	return m, err
}

// parseRange reads a range: comparisons that must all hold, with commas or
// spaces between them. A version without an operator is that version. An
// empty range is every version.
func parseRange(text string) ([]versionClause, error) {
	var clauses []versionClause
	operator := ""
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		version := strings.TrimLeft(word, "<>=!~^|*")
		sign := word[:len(word)-len(version)]
		if operator != "" && sign != "" {
			return nil, fmt.Errorf("read range %q: two operators without a version between them", text)
		}
		operator += sign
		switch {
		case version == "":
			continue
		case operator == "", operator == "==":
			operator = "="
		case !strings.Contains(" < <= > >= = != ", " "+operator+" "):
			return nil, fmt.Errorf("read range %q: unknown operator %q, want one of < <= > >= = !=", text, operator)
		}
		clauses = append(clauses, versionClause{operator, version})
		operator = ""
	}
	if operator != "" {
		return nil, fmt.Errorf("read range %q: no version after %q", text, operator)
	}
	if len(clauses) == 0 && strings.TrimSpace(text) != "" {
		return nil, fmt.Errorf("read range %q: it names no version", text)
	}
	return clauses, nil
}

// versionSystem is how a package URL's type orders versions. For the types
// that are not here, no order is known that could be trusted.
func versionSystem(purlType string) *semver.System {
	system, ok := map[string]semver.System{
		packageurl.TypeGolang:   semver.Go,
		packageurl.TypeNPM:      semver.NPM,
		packageurl.TypeCargo:    semver.Cargo,
		packageurl.TypePyPi:     semver.PyPI,
		packageurl.TypeMaven:    semver.Maven,
		packageurl.TypeNuget:    semver.NuGet,
		packageurl.TypeGem:      semver.RubyGems,
		packageurl.TypeComposer: semver.Composer,
	}[purlType]
	if !ok {
		return nil
	}
	return &system
}

// matches tells whether a package is the rule's, in a version of its range,
// and why that cannot be told.
func (m *packageMatcher) matches(p *predicate.Package) (match, string) {
	purl, err := packageurl.FromString(p.PURL)
	if err != nil {
		full := strings.Trim(m.purl.Namespace+"/"+m.purl.Name, "/")
		if strings.EqualFold(p.Name, m.purl.Name) || strings.EqualFold(p.Name, full) {
			return matchUnknown, "it has no package URL"
		}
		return matchNo, ""
	}
	if !m.samePackage(purl) {
		return matchNo, ""
	}
	version := purl.Version
	if version == "" {
		version = p.Version
	}
	result := matchYes
	for _, clause := range m.clauses {
		holds, err := m.holds(clause, version)
		switch {
		case err != nil:
			return matchUnknown, err.Error()
		case !holds:
			result = matchNo
		}
	}
	return result, ""
}

// samePackage compares without version. Names differ in letter case in some
// ecosystems only; here never, so that a rule never misses one.
func (m *packageMatcher) samePackage(p packageurl.PackageURL) bool {
	if p.Type != m.purl.Type || !strings.EqualFold(p.Name, m.purl.Name) || !strings.EqualFold(p.Namespace, m.purl.Namespace) {
		return false
	}
	have := p.Qualifiers.Map()
	for name, value := range m.purl.Qualifiers.Map() {
		if have[name] != value {
			return false
		}
	}
	return m.purl.Subpath == "" || m.purl.Subpath == p.Subpath
}

func (m *packageMatcher) holds(c versionClause, version string) (bool, error) {
	if version == "" {
		return false, errors.New("it has no version")
	}
	if version == c.version {
		return strings.Contains(c.operator, "=") && c.operator != "!=", nil
	}
	if m.system == nil {
		switch c.operator {
		case "=":
			return false, nil
		case "!=":
			return true, nil
		}
		return false, fmt.Errorf("versions of type %s cannot be compared", m.purl.Type)
	}
	have, err := m.parseVersion(version)
	if err != nil {
		return false, fmt.Errorf("version %q is malformed", clip(version))
	}
	limit, err := m.parseVersion(c.version)
	if err != nil {
		return false, fmt.Errorf("version %q of the rule is malformed", clip(c.version))
	}
	order := have.Compare(limit)
	switch c.operator {
	case "<":
		return order < 0, nil
	case "<=":
		return order <= 0, nil
	case ">":
		return order > 0, nil
	case ">=":
		return order >= 0, nil
	case "!=":
		return order != 0, nil
	}
	return order == 0, nil
}

// parseVersion reads a version. Go's are written with "v" in module files and
// often without it elsewhere.
func (m *packageMatcher) parseVersion(version string) (*semver.Version, error) {
	if *m.system == semver.Go && !strings.HasPrefix(version, "v") {
		version = "v" + strings.TrimPrefix(version, "go")
	}
	return m.system.Parse(version)
}
