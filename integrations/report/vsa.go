package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/package-url/packageurl-go"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/render/images"
	"github.com/syncgate/syncgate/verify"
)

// Summary is a SLSA verification summary of one image, as an in-toto statement.
type Summary struct {
	Repository string
	Digest     policy.Digest
	Statement  []byte
}

// SummaryType is the predicate type of summaries.
const SummaryType = "https://slsa.dev/verification_summary/v1"

// defaultVerifier is who verified, where nobody says who it was.
const defaultVerifier = "https://github.com/syncgate/syncgate"

// VSA writes a line for each image of which there is a verdict: its summary, or
// what Options.Seal makes of it.
func VSA(w io.Writer, r verify.Report, o Options) error {
	list, err := Summaries(r, o)
	if err != nil {
		return err
	}
	for _, s := range list {
		line := s.Statement
		if o.Seal != nil {
			if line, err = o.Seal(line); err != nil {
				return fmt.Errorf("sign summary of %s@%s: %w", s.Repository, s.Digest, err)
			}
		}
		if _, err := w.Write(append(slices.Clip(line), '\n')); err != nil {
			return err
		}
	}
	return nil
}

// vsaStatement is an in-toto statement v1 with a verification summary.
type vsaStatement struct {
	Type          string        `json:"_type"`
	Subject       []vsaResource `json:"subject"`
	PredicateType string        `json:"predicateType"`
	Predicate     vsaPredicate  `json:"predicate"`
}

type vsaResource struct {
	Name   string            `json:"name,omitempty"`
	URI    string            `json:"uri,omitempty"`
	Digest map[string]string `json:"digest"`
}

type vsaPredicate struct {
	Verifier     vsaVerifier `json:"verifier"`
	TimeVerified string      `json:"timeVerified"`
	ResourceURI  string      `json:"resourceUri"`
	Policy       vsaResource `json:"policy"`
	Result       string      `json:"verificationResult"`
	Levels       []string    `json:"verifiedLevels"`
	SLSAVersion  string      `json:"slsaVersion"`
}

type vsaVerifier struct {
	ID string `json:"id"`
}

// Summaries are those of all images of which there is a verdict, in the order of
// the report. An image that a report names in several ways has one, and it is
// of the worst that was found. Where any of it could not be checked, or passes
// unchecked, it has none.
func Summaries(r verify.Report, o Options) ([]Summary, error) {
	type key struct {
		repository string
		digest     policy.Digest
	}
	groups := map[key][]*verify.ImageResult{}
	var order []key
	for i := range r.Images {
		image := &r.Images[i]
		ref, err := images.ParseReference(image.Reference)
		if err != nil || image.Digest.IsZero() {
			continue // there is nothing that a summary could be about
		}
		k := key{ref.Repository, image.Digest}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], image)
	}
	var list []Summary
	for _, k := range order {
		var verdicts []policy.Verdict
		for _, image := range groups[k] {
			verdicts = append(verdicts, image.Verdict)
		}
		verdict := policy.AllOf(verdicts...)
		if slices.Contains(verdicts, policy.Unknown) || verdict == policy.Pass && slices.ContainsFunc(groups[k], passesUnchecked) {
			continue
		}
		summary := newVSA(r, o, groups[k], verdict)
		summary.ResourceURI = purlOf(k.repository, k.digest)
		statement, err := json.Marshal(vsaStatement{
			Type: "https://in-toto.io/Statement/v1", PredicateType: SummaryType,
			Subject:   []vsaResource{{Name: k.repository, Digest: map[string]string{k.digest.Algorithm(): k.digest.Hex()}}},
			Predicate: summary,
		})
		if err != nil {
			return nil, err
		}
		list = append(list, Summary{k.repository, k.digest, statement})
	}
	return list, nil
}

// passesUnchecked tells that an image passes by no evidence: because it may run
// unmatched, because what is found only warns, or because a policy lets it.
func passesUnchecked(image *verify.ImageResult) bool {
	return slices.ContainsFunc(image.Findings, func(f policy.Finding) bool {
		return f.Code == policy.CodeImageAllowed || f.Code == policy.CodeImageWarned || f.Code == policy.CodeStaticPass
	})
}

func newVSA(r verify.Report, o Options, same []*verify.ImageResult, verdict policy.Verdict) vsaPredicate {
	p := vsaPredicate{
		Verifier: vsaVerifier{cmp.Or(o.Verifier, defaultVerifier)}, TimeVerified: o.Time.UTC().Format(time.RFC3339),
		Policy: vsaPolicy(r, same), Result: "FAILED", Levels: []string{"FAILED"}, SLSAVersion: "1.1",
	}
	if verdict != policy.Pass {
		return p
	}
	level := -1
	for _, image := range same {
		for _, q := range image.Requirements {
			if q.Verdict == policy.Pass && !q.Lifted && q.Level > 0 {
				level = max(level, q.Level)
			}
		}
	}
	p.Result, p.Levels = "PASSED", []string{"SLSA_BUILD_LEVEL_UNEVALUATED"}
	if level > 0 {
		p.Levels = []string{fmt.Sprintf("SLSA_BUILD_LEVEL_%d", level)}
	}
	return p
}

// vsaPolicy names the policies by which images were judged. A summary has room
// for one: of several the digest is that of a line for each, its own digest and
// its name, in order.
func vsaPolicy(r verify.Report, same []*verify.ImageResult) vsaResource {
	var names, lines []string
	var digest policy.Digest
	for _, ref := range r.Policies {
		if slices.ContainsFunc(same, func(image *verify.ImageResult) bool { return slices.Contains(image.Policies, ref.Name) }) {
			names, lines, digest = append(names, ref.Name), append(lines, ref.Digest.String()+" "+ref.Name+"\n"), ref.Digest
		}
	}
	slices.Sort(names)
	slices.Sort(lines)
	p := vsaResource{URI: "syncgate:policy/" + escapedPath(strings.Join(slices.Compact(names), "+"))}
	if len(lines) == 1 {
		p.Digest = map[string]string{digest.Algorithm(): digest.Hex()}
		return p
	}
	sum := sha256.Sum256([]byte(strings.Join(lines, "")))
	p.Digest = map[string]string{"sha256": hex.EncodeToString(sum[:])}
	return p
}

// purlOf is the package URL of an image.
func purlOf(repository string, digest policy.Digest) string {
	name := strings.ToLower(repository[strings.LastIndexByte(repository, '/')+1:])
	at := packageurl.QualifiersFromMap(map[string]string{"repository_url": repository})
	return packageurl.NewPackageURL(packageurl.TypeOCI, "", name, digest.String(), at, "").ToString()
}
