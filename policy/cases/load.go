package cases

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/dialect"
	"github.com/syncgate/syncgate/policy/document"
	"github.com/syncgate/syncgate/policy/predicate"
)

// Suite is the cases of one file, with the policies that they are about.
type Suite struct {
	// Name is the file's.
	Name  string
	Cases []Case
	// Policies are what the cases are judged by.
	Policies policy.Set
}

// Case is one image, its evidence, and what the policies must say of it.
type Case struct {
	Name string
	// Place is "file:line:column".
	Place string
	// Input is the image and the evidence that is asserted.
	Input policy.Input
	// TrustedRoot, JSON, and Files are evidence that is yet to be verified.
	TrustedRoot []byte
	Files       []File
	// Snapshot is the name of an archive that holds the evidence instead.
	Snapshot string
	// Asserted is how many facts are asserted.
	Asserted int
	Expect   Expectation
}

// File is evidence that is given as a file.
type File struct {
	Name string
	// Of is what it is attached to.
	Of          policy.Digest
	Content     []byte
	Annotations map[string]string
}

// Expectation is what must come out.
type Expectation struct {
	Verdict policy.Verdict
	// Findings are codes. Nil is that the case does not say.
	Findings     []policy.Code
	Requirements map[string]policy.Verdict
}

// Suffix ends the names of files with cases.
const Suffix = document.TestSuffix

// Find lists the files with cases: those that are named, those beside policies
// that are named, and those of directories and of all below them.
func Find(fsys fs.FS, names []string) ([]string, error) {
	var found []string
	for _, name := range names {
		name = path.Clean(filepath.ToSlash(name))
		info, err := fs.Stat(fsys, name)
		switch {
		case err != nil:
			return nil, fmt.Errorf("read cases %s: %s", name, document.Reason(err))
		case info.IsDir():
			below, err := below(fsys, name)
			if err != nil {
				return nil, err
			}
			found = append(found, below...)
		case document.IsTest(name):
			found = append(found, name)
		default:
			beside := strings.TrimSuffix(name, path.Ext(name)) + Suffix
			if _, err := fs.Stat(fsys, beside); err != nil {
				return nil, fmt.Errorf("no cases for %s: want them beside it, in %s", name, beside)
			}
			found = append(found, beside)
		}
	}
	slices.Sort(found)
	found = slices.Compact(found)
	if len(found) == 0 {
		return nil, fmt.Errorf("no cases in %s: no file there ends in %s", strings.Join(names, ", "), Suffix)
	}
	return found, nil
}

func below(fsys fs.FS, name string) ([]string, error) {
	var found []string
	err := fs.WalkDir(fsys, name, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("read cases %s: %s", file, document.Reason(err))
		case entry.IsDir() && file != name && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case !entry.IsDir() && document.IsTest(file):
			found = append(found, file)
		}
		if len(found) > bounds.PolicyFiles {
			return fmt.Errorf("read cases: more than %d files below %s: name fewer", bounds.PolicyFiles, name)
		}
		return nil
	})
	return found, err
}

// Load reads one file with cases, and the policies that it is about. Its error
// says all that is wrong with them.
func Load(fsys fs.FS, name string) (Suite, error) {
	r := &reader{files: fsys, budget: &document.Budget{}, suite: Suite{Name: name}}
	if problems := document.Read(fsys, []string{name}, r.read); len(problems) > 0 {
		return Suite{}, fmt.Errorf("load cases:\n%w", problems)
	}
	if len(r.suite.Cases) == 0 {
		return Suite{}, fmt.Errorf("load cases: no case in %s", name)
	}
	set, err := dialect.Load(fsys, r.policies...)
	if err != nil {
		return Suite{}, fmt.Errorf("load the policies of %s:\n%w", name, err)
	}
	r.suite.Policies = set
	for i := range r.suite.Cases {
		asserted(set, r.suite.Cases[i].Input.Evidence)
	}
	return r.suite, nil
}

// reader reads the documents of one file.
type reader struct {
	files    fs.FS
	budget   *document.Budget
	suite    Suite
	policies []string
}

func (r *reader) read(file *document.File, doc document.Document) document.Problems {
	c := &converter{Decoder: document.NewDecoder(file, r.budget), files: r.files}
	version, kind := document.KindOf(doc.Root)
	if version == nil || kind == nil || version.Value != APIVersion || kind.Value != Kind {
		c.Report(doc.Root, "want a document of apiVersion %s and kind %s", APIVersion, Kind)
		return c.Problems
	}
	var t policyTest
	c.Decode(doc.Root, &t)
	if len(c.Problems) > 0 {
		return c.Problems
	}
	cases := c.cases(t.Spec)
	r.suite.Cases = append(r.suite.Cases, cases...)
	for _, p := range t.Spec.Policies {
		r.policies = append(r.policies, c.path(p))
	}
	if len(t.Spec.Policies) == 0 {
		r.policies = append(r.policies, c.beside()...)
	}
	return c.Problems
}

// beside is the policy that a file is about if it does not say.
func (c *converter) beside() []string {
	stem := strings.TrimSuffix(strings.TrimSuffix(c.File.Name, ".test.yaml"), ".test.yml")
	for _, extension := range []string{".yaml", ".yml"} {
		if _, err := fs.Stat(c.files, stem+extension); err == nil {
			return []string{stem + extension}
		}
	}
	c.Problems = append(c.Problems, &document.Problem{File: c.File.Name,
		Message: fmt.Sprintf("no policy beside it, %s.yaml: name in spec.policies what the cases are about", path.Base(stem))})
	return nil
}

// path is a file that is named relative to this one.
func (c *converter) path(t text) string {
	if document.OnDisk(c.files) && path.IsAbs(t.Value) {
		return path.Clean(t.Value)
	}
	return path.Join(path.Dir(c.File.Name), t.Value)
}

// content reads a file that is named relative to this one, or reports that it
// cannot.
func (c *converter) content(t text, limit int) []byte {
	if !t.Written() {
		return nil
	}
	data, err := document.ReadFile(c.files, c.path(t), limit)
	if err != nil {
		c.Report(t.Node, "read %s: %s", document.Quote(c.path(t)), document.Reason(err))
	}
	return data
}

// exploits reads the lists of exploited vulnerabilities.
func (c *converter) exploits(s spec) policy.Exploits {
	var out policy.Exploits
	if s.KEV.Written() {
		var err error
		if out.Known, err = predicate.ParseKEV(c.content(s.KEV, bounds.ExploitsBytes)); err != nil {
			c.Report(s.KEV.Node, "read kev: %v", err)
		}
	}
	if s.EPSS.Written() {
		var err error
		if out.Likely, err = predicate.ParseEPSS(c.content(s.EPSS, bounds.ExploitsBytes)); err != nil {
			c.Report(s.EPSS.Node, "read epss: %v", err)
		}
	}
	return out
}

var errNoProver = errors.New("evidence that is given as files cannot be verified here")
