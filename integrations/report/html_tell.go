package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/verify"
)

// tell fills in what is told beside the images.
func (p *page) tell(r verify.Report) {
	p.Reasons, p.Codes = pageReasons(r), pageCodes(r)
	for _, e := range entries(r) {
		if e.image != nil {
			continue
		}
		f := newPageFinding("", e.Finding)
		f.At = newPageSite(r.Revision, e.first())
		if weigh(e.Finding) < warned {
			p.Problems = append(p.Problems, f)
		} else {
			p.Notes = append(p.Notes, f)
		}
	}
	for i := range p.Images {
		image := p.Images[i].of
		for _, f := range image.Findings {
			if accepted(f) {
				p.Accepted = append(p.Accepted, pageAccepted{
					Image: p.Images[i].Index, Subject: shortReference(image.Reference), Message: within(image.Reference, f.Message), By: asker(f), Code: f.Code,
				})
			}
		}
	}
}

// pageReasons are the codes for which images do not pass, by how many. What
// only follows from something that could not be looked at is left out.
func pageReasons(r verify.Report) []pageReason {
	index := map[policy.Code]int{}
	var list []pageReason
	for _, image := range r.Images {
		seen := map[policy.Code]bool{}
		caused := slices.ContainsFunc(image.Findings, func(f policy.Finding) bool { return f.Policy == "" && weigh(f) == unchecked })
		for _, f := range image.Findings {
			if weigh(f) >= warned || seen[f.Code] || caused && weigh(f) == unchecked && f.Policy != "" {
				continue
			}
			seen[f.Code] = true
			i, ok := index[f.Code]
			if !ok {
				i = len(list)
				index[f.Code] = i
				list = append(list, pageReason{Code: f.Code, Title: strings.TrimSuffix(ruleOf(f.Code).title, ".")})
			}
			list[i].Verdict = policy.AllOf(list[i].Verdict, f.Verdict)
			list[i].N++
		}
	}
	slices.SortStableFunc(list, func(a, b pageReason) int { return cmp.Or(int(b.Verdict)-int(a.Verdict), b.N-a.N) })
	return list[:min(len(list), 12)]
}

// pageCodes are the codes that the page names.
func pageCodes(r verify.Report) []pageCode {
	var codes []policy.Code
	for _, f := range r.Findings {
		codes = append(codes, f.Code)
	}
	for _, image := range r.Images {
		for _, f := range image.Findings {
			codes = append(codes, f.Code)
		}
		for _, rejected := range image.Rejected {
			codes = append(codes, rejected.Code)
		}
	}
	var list []pageCode
	for _, code := range sortedCodes(codes) {
		rule := ruleOf(code)
		list = append(list, pageCode{code, rule.title, newPagePieces(rule.help)})
	}
	return list
}

// pageFinding is one finding. What follows the first line of its message is
// the detail; a hint that is a command can be copied.
type pageFinding struct {
	Class, Message, Detail, Hint, Command string
	Code                                  policy.Code
	At                                    *pageSite
}

func newPageFinding(reference string, f policy.Finding) pageFinding {
	message := strings.TrimSpace(clean(f.Message))
	if reference != "" {
		message = within(reference, message)
	}
	first, rest, _ := strings.Cut(message, "\n")
	p := pageFinding{Class: findingClass(f), Message: first, Detail: strings.Trim(rest, "\n"), Code: f.Code}
	if strings.HasPrefix(f.Hint, "cosign ") {
		p.Command = clean(f.Hint)
	} else {
		p.Hint = clean(f.Hint)
	}
	return p
}

func findingClass(f policy.Finding) string {
	switch weigh(f) {
	case failing:
		return "fail"
	case unchecked:
		return "unknown"
	case warned:
		return "warn"
	}
	return "pass"
}

// pageSite is a place, with a link where there is one.
type pageSite struct{ At, URL, Object, Field, Unit string }

func newPageSite(revision render.Revision, s site) *pageSite {
	p := &pageSite{At: s.Origin.String(), URL: link(revision, s.Origin), Field: s.field, Unit: s.unit}
	if s.object != (render.ObjectID{}) {
		p.Object = s.object.String()
	}
	if s.more > 0 {
		p.Object += " and " + plural(s.more, "more object")
	}
	if *p == (pageSite{}) {
		return nil
	}
	return p
}

// pageEvidence is a signature or an attestation that holds.
type pageEvidence struct{ What, Type, Signed, By, Issuer, Log, Format, Digest, Short string }

func newPageEvidence(e verify.EvidenceSummary) pageEvidence {
	p := pageEvidence{What: "Signature", By: signer(e.Signer), Format: string(e.Format), Digest: e.Digest.String(), Log: "in no transparency log"}
	if len(p.Digest) > 19 {
		p.Short = p.Digest[:19] + "…"
	}
	if e.PredicateType != "" {
		p.What, p.Type = predicateName(e.PredicateType), e.PredicateType
	}
	if e.Signer.TransparencyLog {
		p.Log = "in the transparency log"
	}
	if e.SignedAt != nil {
		p.Signed = e.SignedAt.Format("2006-01-02 15:04 UTC")
	}
	if e.Signer.Certificate != nil {
		p.Issuer = e.Signer.Issuer
	}
	return p
}

// predicateName is what people call a predicate type, or the type itself.
func predicateName(predicateType string) string {
	for _, known := range [][2]string{
		{"https://slsa.dev/provenance/", "SLSA provenance "},
		{"https://slsa.dev/verification_summary/", "SLSA verification summary "},
		{"https://cyclonedx.org/bom", "CycloneDX SBOM"},
		{"https://spdx.dev/Document", "SPDX SBOM"},
		{"https://openvex.dev/ns", "OpenVEX"},
		{"https://cosign.sigstore.dev/attestation/vuln/", "Vulnerability report "},
		{"https://in-toto.io/attestation/", "in-toto "},
	} {
		if rest, ok := strings.CutPrefix(predicateType, known[0]); ok {
			if strings.HasSuffix(known[1], " ") {
				return known[1] + rest
			}
			return known[1]
		}
	}
	return predicateType
}

// pagePiece is a piece of a sentence, or of code in it.
type pagePiece struct {
	Text string
	Code bool
}

// newPagePieces takes text apart at its backquotes.
func newPagePieces(text string) []pagePiece {
	var pieces []pagePiece
	for i, part := range strings.Split(text, "`") {
		pieces = append(pieces, pagePiece{part, i%2 == 1})
	}
	return pieces
}
