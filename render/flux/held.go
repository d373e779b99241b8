package flux

import "fmt"

// held returns the artifact of the one source that is verified, or nil with a
// problem: any other may move while that one stays.
func (s *sources) held(name, held string) *artifact {
	if name == held {
		return &artifact{name: name, whole: true}
	}
	return s.fail(hint(s.d.unseen(s.at, CodeSource, "%s is not the source that is verified: what it deploys may change by itself", name),
		"deploy it from %s", held))
}

// moves reports what may change while the source that is verified stays, where
// there is one.
func (s *sources) moves(format string, args ...any) bool {
	if s.w.options.Held.Source == "" {
		return false
	}
	s.fail(hint(s.d.unseen(s.at, CodeChart, "%s: what is deployed may change while the revision does not", fmt.Sprintf(format, args...)),
		"name one version, or a digest; of a chart in the repository set reconcileStrategy: Revision"))
	return true
}

// distrusted reports a HelmRelease whose chart may render otherwise when it is
// deployed, where that counts.
func (x *expansion) distrusted(f *found) bool {
	if x.options.Held.Source == "" || x.options.Held.TrustCharts {
		return false
	}
	x.report(hint(f.unseen(f.object.Origin, CodeChart, "its chart may render otherwise when it is deployed than when it is verified"),
		"where charts are written by people who are trusted, let the controller --allow-charts; or commit what the chart renders to"))
	return true
}
