package policy

import (
	"slices"
	"strings"
)

// licenseJudge tells whether a licence expression cannot do without a denied
// licence. It remembers its answers: the packages of one SBOM share few
// expressions.
type licenseJudge struct {
	// written are the denied ids, denied their bases.
	written, denied []string
	known           map[string]licenseAnswer
}

type licenseAnswer struct{ denied, read bool }

func newLicenseJudge(denied []string) *licenseJudge {
	j := &licenseJudge{written: denied, known: map[string]licenseAnswer{}}
	for _, id := range denied {
		j.denied = append(j.denied, licenseBase(id))
	}
	return j
}

// denies tells whether there is no way to use what is under the expression
// without a denied licence: "MIT OR AGPL-3.0-only" can do without the second,
// "MIT AND AGPL-3.0-only" cannot. A denied id denies all licences of its name
// and version, "-only" and "-or-later" and with any exception. An expression
// that does not parse is denied if it mentions a denied name.
func (j *licenseJudge) denies(expression string) bool { return j.answer(expression).denied }

// reads tells whether an expression is empty or parses.
func (j *licenseJudge) reads(expression string) bool { return j.answer(expression).read }

func (j *licenseJudge) answer(expression string) licenseAnswer {
	if a, ok := j.known[expression]; ok {
		return a
	}
	a := j.decide(expression)
	j.known[expression] = a
	return a
}

func (j *licenseJudge) decide(expression string) licenseAnswer {
	if !asserts(expression) {
		return licenseAnswer{read: true}
	}
	p := licenseParser{judge: j, words: strings.Fields(parenthesised.Replace(expression))}
	if avoidable, ok := p.alternatives(0); ok && len(p.words) == 0 {
		return licenseAnswer{denied: !avoidable, read: true}
	}
	return licenseAnswer{denied: slices.ContainsFunc(licenseNames(expression), j.isDenied)}
}

var parenthesised = strings.NewReplacer("(", " ( ", ")", " ) ")

// licenseDepth is how deeply an expression that is parsed may nest.
const licenseDepth = 50

// licenseParser parses an expression after annex D of SPDX 2.3, and tells of
// each part whether it can do without denied licences. What is a licence id
// is not looked up.
type licenseParser struct {
	judge *licenseJudge
	words []string
}

// take takes the next word if it is an operator, in upper or lower case.
func (p *licenseParser) take(operator string) bool {
	if len(p.words) > 0 && (p.words[0] == operator || p.words[0] == strings.ToLower(operator)) {
		p.words = p.words[1:]
		return true
	}
	return false
}

// alternatives parses what stands between OR: one that avoids is enough.
func (p *licenseParser) alternatives(depth int) (avoidable, ok bool) {
	for more := depth < licenseDepth; more; more = p.take("OR") {
		one, ok := p.parts(depth)
		if !ok {
			return false, false
		}
		avoidable = avoidable || one
	}
	return avoidable, depth < licenseDepth
}

// parts parses what stands between AND: all of them must avoid.
func (p *licenseParser) parts(depth int) (avoidable, ok bool) {
	avoidable = true
	for more := true; more; more = p.take("AND") {
		one, ok := p.part(depth)
		if !ok {
			return false, false
		}
		avoidable = avoidable && one
	}
	return avoidable, true
}

// part parses a licence, with or without an exception, or parentheses.
func (p *licenseParser) part(depth int) (avoidable, ok bool) {
	if p.take("(") {
		avoidable, ok = p.alternatives(depth + 1)
		return avoidable, ok && p.take(")")
	}
	if len(p.words) == 0 || !isLicenseID(p.words[0]) {
		return false, false
	}
	id := p.words[0]
	p.words = p.words[1:]
	if p.take("WITH") {
		if len(p.words) == 0 || !isLicenseID(p.words[0]) {
			return false, false
		}
		p.words = p.words[1:]
	}
	return !p.judge.isDenied(id), true
}

// isLicenseID tells whether a word can be an id: letters, digits, "-" and
// ".", "+" at the end, and ":" of references to other documents.
func isLicenseID(word string) bool {
	switch strings.ToUpper(word) {
	case "AND", "OR", "WITH", "(", ")":
		return false
	}
	return !strings.ContainsFunc(word, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-.+:", r)
	})
}

// licenseNames splits free text into what may be licence ids.
func licenseNames(expression string) []string {
	return strings.FieldsFunc(expression, func(r rune) bool {
		return strings.ContainsRune(" \t\r\n()/,;|&\"'", r)
	})
}

func (j *licenseJudge) isDenied(id string) bool {
	return slices.Contains(j.denied, licenseBase(id))
}

// licenseBase is the id without what says which versions and exceptions it
// stands for, and without what people leave out: "AGPL-3.0-or-later",
// "AGPL-3.0+", "AGPLv3" and "AGPL-3" have one base.
func licenseBase(id string) string {
	id, _, _ = strings.Cut(strings.ToLower(id), " with ")
	id = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(id, "+"), "-only"), "-or-later")
	name := strings.TrimRight(id, "0123456789.-")
	version := strings.Trim(id[len(name):], "-.")
	for strings.HasSuffix(version, ".0") {
		version = strings.TrimSuffix(version, ".0")
	}
	if version != "" {
		name = strings.TrimRight(strings.TrimSuffix(name, "v"), "-")
	}
	return name + " " + version
}
