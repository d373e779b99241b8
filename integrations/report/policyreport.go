package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/verify"
)

const (
	// policyReportLimit is the size of an object that an API server's etcd takes.
	policyReportLimit = 1 << 20
	// policyReportResources is how many objects of one result are named.
	policyReportResources = 100
	// policyReportSource is the engine, and the policy of what no policy asked
	// for.
	policyReportSource = "syncgate"
)

// clusterReport is the ClusterReport of openreports.io/v1alpha1.
type clusterReport struct {
	APIVersion string               `json:"apiVersion"`
	Kind       string               `json:"kind"`
	Metadata   clusterReportMeta    `json:"metadata"`
	Source     string               `json:"source"`
	Summary    policyReportSummary  `json:"summary"`
	Results    []policyReportResult `json:"results"`
}

type clusterReportMeta struct {
	Name        string            `json:"name"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type policyReportSummary struct {
	Pass  int `json:"pass"`
	Fail  int `json:"fail"`
	Warn  int `json:"warn"`
	Error int `json:"error"`
	Skip  int `json:"skip"`
}

type policyReportResult struct {
	weight     weight
	Policy     string                 `json:"policy"`
	Rule       string                 `json:"rule,omitempty"`
	Category   string                 `json:"category"`
	Severity   string                 `json:"severity,omitempty"`
	Source     string                 `json:"source"`
	Result     string                 `json:"result"`
	Scored     bool                   `json:"scored"`
	Message    string                 `json:"message,omitempty"`
	Timestamp  policyReportTime       `json:"timestamp"`
	Resources  []policyReportResource `json:"resources,omitempty"`
	Properties map[string]string      `json:"properties,omitempty"`
}

type policyReportTime struct {
	Seconds int64 `json:"seconds"`
	Nanos   int   `json:"nanos"`
}

type policyReportResource struct {
	APIVersion string `json:"apiVersion,omitempty"`
	Kind       string `json:"kind,omitempty"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name,omitempty"`
	FieldPath  string `json:"fieldPath,omitempty"`
}

// PolicyReport writes a ClusterReport of openreports.io: a result for each
// requirement of each image, and for whatever else was found. What fails is
// fail, what could not be looked at error, what only warns warn, and what an
// exception lifts skip. Where there is no room for all, what matters least is
// left out, and the annotation syncgate.dev/left-out counts it.
func PolicyReport(w io.Writer, r verify.Report, o Options) error {
	results := policyReportResults(r, o)
	slices.SortStableFunc(results, func(a, b policyReportResult) int { return int(a.weight) - int(b.weight) })
	limit := o.Limit
	if limit <= 0 {
		limit = policyReportLimit
	}
	// The same in YAML takes no more room than in JSON.
	var text bytes.Buffer
	if err := writeWithin(&text, limit, len(results), func(n int) any { return newClusterReport(r, results, n) }); err != nil {
		return err
	}
	return yamlOf(w, &text)
}

// newClusterReport holds the first n results and counts all.
func newClusterReport(r verify.Report, results []policyReportResult, n int) clusterReport {
	c := clusterReport{
		APIVersion: "openreports.io/v1alpha1", Kind: "ClusterReport", Source: policyReportSource,
		Metadata: clusterReportMeta{Name: "syncgate", Labels: map[string]string{"app.kubernetes.io/managed-by": "syncgate"}},
		Results:  results[:n],
	}
	annotations := map[string]string{"syncgate.dev/verdict": r.Verdict.String()}
	if r.Revision.Repository != "" {
		annotations["syncgate.dev/repository"] = visible(r.Revision.Repository)
	}
	if commitID.MatchString(r.Revision.Commit) {
		c.Metadata.Name += "-" + r.Revision.Commit[:12]
		annotations["syncgate.dev/commit"] = r.Revision.Commit
	}
	if compared := comparedText(r); compared != "" {
		annotations["syncgate.dev/compared"] = compared
	}
	if n < len(results) {
		annotations["syncgate.dev/left-out"] = fmt.Sprint(len(results) - n)
	}
	c.Metadata.Annotations = annotations
	count := map[string]*int{"pass": &c.Summary.Pass, "fail": &c.Summary.Fail, "warn": &c.Summary.Warn, "error": &c.Summary.Error, "skip": &c.Summary.Skip}
	for _, result := range results {
		*count[result.Result]++
	}
	return c
}

func policyReportResults(r verify.Report, o Options) []policyReportResult {
	results := []policyReportResult{}
	for i := range r.Images {
		image := &r.Images[i]
		for _, g := range groupFindings(image) {
			result := newPolicyReportResult(g.weight(), g.findings)
			if g.Lifted {
				result.Result = "skip"
			}
			result.Policy, result.Rule = g.Policy, g.Requirement
			result.Properties["image"] = image.Reference
			if !image.Digest.IsZero() {
				result.Properties["digest"] = image.Digest.String()
			}
			if image.Change != "" {
				result.Properties["change"] = string(image.Change)
			}
			result.locate(image.Locations)
			results = append(results, result)
		}
	}
	for _, f := range r.Findings {
		result := newPolicyReportResult(weigh(f.Finding), []policy.Finding{f.Finding})
		result.Policy, result.Rule = f.Policy, string(f.Code)
		l := render.Location{Unit: f.Unit, Origin: f.Origin}
		if f.Object != nil {
			l.Object = *f.Object
		}
		result.locate([]render.Location{l})
		results = append(results, result)
	}
	for i := range results {
		result := &results[i]
		if result.Policy == "" {
			result.Policy = policyReportSource
		}
		if !o.Time.IsZero() {
			result.Timestamp = policyReportTime{Seconds: o.Time.Unix()}
		}
		for key, value := range result.Properties {
			result.Properties[key] = clean(value)
		}
	}
	return results
}

// newPolicyReportResult is the result of findings that belong together.
func newPolicyReportResult(w weight, findings []policy.Finding) policyReportResult {
	result := policyReportResult{
		weight: w, Category: "Container image verification", Source: policyReportSource, Scored: w != warned, Properties: map[string]string{},
	}
	switch w {
	case failing:
		result.Result, result.Severity = "fail", "high"
	case unchecked:
		result.Result, result.Severity = "error", "medium"
	case warned:
		result.Result, result.Severity = "warn", "low"
	default:
		result.Result = "pass"
	}
	var texts, codes []string
	for _, f := range findings {
		texts = append(texts, findingText(f))
		codes = append(codes, string(f.Code))
	}
	result.Message = strings.Join(texts, "\n")
	if codes != nil {
		slices.Sort(codes)
		result.Properties["codes"] = strings.Join(slices.Compact(codes), ",")
	}
	return result
}

// locate says which objects a result is about, and where they are written.
func (result *policyReportResult) locate(locations []render.Location) {
	var places []string
	for _, l := range locations {
		if l.Object != (render.ObjectID{}) && len(result.Resources) < policyReportResources {
			result.Resources = append(result.Resources, policyReportResource{
				APIVersion: l.Object.APIVersion, Kind: l.Object.Kind, Namespace: l.Object.Namespace, Name: l.Object.Name, FieldPath: l.Field,
			})
		}
		if at := strings.TrimSpace(l.Unit + " " + l.Origin.String()); at != "" && len(places) < policyReportResources && !slices.Contains(places, at) {
			places = append(places, at)
		}
	}
	if places != nil {
		result.Properties["at"] = strings.Join(places, "\n")
	}
}
