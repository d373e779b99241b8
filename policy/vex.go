package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/package-url/packageurl-go"

	"github.com/syncgate/syncgate/policy/predicate"
)

// vexWord is one VEX statement about an image by somebody who may silence,
// or a document of theirs that cannot be read.
type vexWord struct {
	by        candidate
	author    string
	statement *predicate.VEXStatement
	// err is set instead of a statement: the document may say anything about
	// everything.
	err error
}

// when is the time that the statement tells, else that of the signature.
func (w vexWord) when() time.Time {
	if w.statement != nil && !w.statement.Time.IsZero() {
		return w.statement.Time
	}
	return w.by.signed()
}

// vexStatements are the statements of all VEX documents that a signer of the
// rule attached to the image or to the platform that is asked about.
func (e *evaluation) vexStatements(q question, r *VEXRule) []vexWord {
	var words []vexWord
	for i := range e.evidence {
		ev := &e.evidence[i]
		if ev.Subject != q.target.digest && ev.Subject != e.in.Subject.Digest {
			continue
		}
		if !isType(predicate.IsVEX)(ev) {
			continue
		}
		candidates := appendCandidates(nil, ev, r.Signers)
		if len(candidates) == 0 {
			continue
		}
		v, err := parseOnce(e, ev.Statement, predicate.ParseVEX)
		if err != nil {
			words = append(words, vexWord{by: candidates[0], err: err})
			continue
		}
		for s := range v.Statements {
			words = append(words, vexWord{by: candidates[0], author: v.Author, statement: &v.Statements[s]})
		}
	}
	return words
}

// silenced tells whether VEX explains a vulnerability away, and what it says
// of it either way. Of several statements about the same vulnerability and
// product the newest counts; where it cannot be told which that is, all of
// those that it may be must silence.
func (j *vulnerabilityJudge) silenced(f *finding) (bool, string) {
	var about []vexWord
	for _, w := range j.vex {
		if w.err != nil || sharesID(f.ids(), append([]string{w.statement.ID}, w.statement.Aliases...)) && j.concerns(w.statement, f) {
			about = append(about, w)
		}
	}
	about = newest(about, func(w vexWord) dated { return dated{signed: w.when()} })
	text := ""
	for _, w := range about {
		if why := j.loud(w); why != "" {
			return false, why
		}
		if text == "" {
			text = j.word(w)
		}
	}
	return len(about) > 0, text
}

// loud says why a statement does not silence, and is empty if it does.
func (j *vulnerabilityJudge) loud(w vexWord) string {
	if w.err != nil {
		return fmt.Sprintf("a VEX document by %s cannot be read: %s", w.by.rule.called(), clip(w.err.Error()))
	}
	s := w.statement
	if !slices.Contains(j.r.VEX.Statuses, s.Status) {
		return fmt.Sprintf("VEX by %s says %s", w.by.rule.called(), s.Status)
	}
	if s.Status == predicate.NotAffected && len(j.r.VEX.Justifications) > 0 && !slices.Contains(j.r.VEX.Justifications, s.Justification) {
		return fmt.Sprintf("VEX by %s says not_affected with the justification %q, and the policy takes only %s",
			w.by.rule.called(), clip(s.Justification), list(j.r.VEX.Justifications))
	}
	if f := j.e.aged("VEX by "+w.by.rule.called(), dated{w.by.signed(), s.Time}, 0, ageCodes{future: CodeReportFuture}); f != nil {
		return f.Message
	}
	return ""
}

// word tells what a statement says, who says it, and since when.
func (j *vulnerabilityJudge) word(w vexWord) string {
	s := w.statement
	text := string(s.Status)
	if why := s.Justification; why != "" {
		text += ", " + why
	} else if s.Impact != "" {
		text += ", " + clip(s.Impact)
	}
	text += ", says " + w.by.rule.called()
	if w.author != "" {
		text += fmt.Sprintf(" (author %s)", clip(w.author))
	}
	return fmt.Sprintf("%s, %s", text, j.e.old(dated{own: w.when()}))
}

// concerns tells whether a statement is about the vulnerable package in the
// image that is asked about. A statement without products is about what its
// attestation is attached to.
func (j *vulnerabilityJudge) concerns(s *predicate.VEXStatement, f *finding) bool {
	if len(s.Products) == 0 {
		return true
	}
	return slices.ContainsFunc(s.Products, func(p predicate.Product) bool {
		return j.isImage(&p) && partConcerns(p.Subcomponents, f)
	})
}

// partConcerns tells whether the parts of a product that a statement names
// hold the package. No parts are all of it.
func partConcerns(parts []predicate.Product, f *finding) bool {
	if len(parts) == 0 {
		return true
	}
	have, err := packageurl.FromString(f.PURL)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(parts, func(p predicate.Product) bool {
		for _, text := range purls(&p) {
			want, err := packageurl.FromString(text)
			if err != nil {
				continue
			}
			m := packageMatcher{purl: want}
			version := have.Version
			if version == "" {
				version = f.Version
			}
			if m.samePackage(have) && (want.Version == "" || want.Version == version) {
				return true
			}
		}
		return false
	})
}

// isImage tells whether a product is the image: by a hash, by an OCI package
// URL, or by its name.
func (j *vulnerabilityJudge) isImage(p *predicate.Product) bool {
	for algorithm, hash := range p.Hashes {
		name := strings.ReplaceAll(strings.ToLower(algorithm), "-", "")
		if j.isDigest(name + ":" + strings.ToLower(hash)) {
			return true
		}
	}
	for _, text := range purls(p) {
		if purl, err := packageurl.FromString(text); err == nil && j.isPURL(purl) {
			return true
		}
	}
	return p.ID != "" && !strings.HasPrefix(p.ID, "pkg:") && j.isReference(p.ID)
}

// purls are all package URLs that identify a product.
func purls(p *predicate.Product) []string {
	var found []string
	if strings.HasPrefix(p.ID, "pkg:") {
		found = append(found, p.ID)
	}
	if purl := p.Identifiers["purl"]; purl != "" {
		found = append(found, purl)
	}
	return found
}

// purlOf is the first package URL of a product, or nothing.
func purlOf(p *predicate.Product) string {
	if all := purls(p); len(all) > 0 {
		return all[0]
	}
	return ""
}

func (j *vulnerabilityJudge) isDigest(text string) bool {
	return text == j.q.target.digest.String() || text == j.e.in.Subject.Digest.String()
}

// isPURL tells whether a package URL is the image's. Of the type oci, which
// has no registry in its name, it must say where it is or which digest it is.
func (j *vulnerabilityJudge) isPURL(p packageurl.PackageURL) bool {
	qualifiers := p.Qualifiers.Map()
	repository := normaliseName(j.e.in.Subject.Repository)
	base := repository[strings.LastIndexByte(repository, '/')+1:]
	if arch := qualifiers["arch"]; arch != "" && j.q.target.platform != "" &&
		!slices.Contains(strings.Split(j.q.target.platform, "/"), arch) {
		return false
	}
	tag, digest := qualifiers["tag"], ""
	if strings.Contains(p.Version, ":") {
		digest = p.Version
	} else if p.Version != "" {
		tag = p.Version
	}
	place := qualifiers["repository_url"]
	switch {
	case p.Type == packageurl.TypeDocker:
		name := strings.Trim(p.Namespace+"/"+p.Name, "/")
		if place != "" {
			name = strings.TrimSuffix(trimScheme(place), "/") + "/" + name
		}
		if normaliseName(name) != repository {
			return false
		}
	case p.Type != packageurl.TypeOCI || !strings.EqualFold(p.Name, base):
		return false
	case place != "":
		place = strings.TrimSuffix(trimScheme(place), "/")
		if normaliseName(place) != repository && normaliseName(place+"/"+base) != repository {
			return false
		}
	case digest == "":
		return false
	}
	return j.isVersion(tag, digest)
}

// isVersion compares tag and digest, where a product names them. The digest
// decides; a tag alone must be the one that the image is written with.
func (j *vulnerabilityJudge) isVersion(tag, digest string) bool {
	if digest != "" {
		return j.isDigest(digest)
	}
	return tag == "" || tag == j.e.in.Subject.Tag
}

// isReference tells whether an image reference is the image's.
func (j *vulnerabilityJudge) isReference(text string) bool {
	rest, digest, _ := strings.Cut(trimScheme(text), "@")
	name, tag := cutTag(rest)
	return normaliseName(name) == normaliseName(j.e.in.Subject.Repository) && j.isVersion(tag, digest)
}

func trimScheme(uri string) string {
	if _, rest, found := strings.Cut(uri, "://"); found {
		return rest
	}
	return uri
}
