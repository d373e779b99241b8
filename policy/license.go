package policy

import (
	"strings"

	"github.com/github/go-spdx/v2/spdxexp"
)

// licenseJudge tells whether a licence expression cannot do without a denied
// licence. It remembers its answers: the packages of one SBOM share few
// expressions.
type licenseJudge struct {
	denied []string
	known  map[string]licenseAnswer
}

type licenseAnswer struct{ denied, read bool }

func newLicenseJudge(denied []string) *licenseJudge {
	return &licenseJudge{denied: denied, known: map[string]licenseAnswer{}}
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

// licenseBytes is the longest expression that is parsed; the parser's work
// grows with the number of its alternatives.
const (
	licenseBytes = 1000
	licenseWords = 24
)

func (j *licenseJudge) decide(expression string) licenseAnswer {
	if !asserts(expression) {
		return licenseAnswer{read: true}
	}
	words := licenseNames(expression)
	mentioned := false
	for _, word := range words {
		mentioned = mentioned || j.isDenied(word)
	}
	if len(expression) > licenseBytes || len(words) > licenseWords {
		return licenseAnswer{denied: mentioned}
	}
	all, err := spdxexp.ExtractLicenses(expression)
	if err != nil {
		return licenseAnswer{denied: mentioned}
	}
	var allowed []string
	for _, id := range all {
		if !j.isDenied(id) {
			allowed = append(allowed, id)
		}
	}
	switch {
	case len(allowed) == len(all):
		return licenseAnswer{read: true}
	case len(allowed) == 0:
		return licenseAnswer{denied: true, read: true}
	}
	ok, err := spdxexp.Satisfies(expression, allowed)
	return licenseAnswer{denied: err != nil || !ok, read: err == nil}
}

// licenseNames splits free text into what may be licence ids.
func licenseNames(expression string) []string {
	return strings.FieldsFunc(expression, func(r rune) bool {
		return strings.ContainsRune(" \t\r\n()/,;|&\"'", r)
	})
}

func (j *licenseJudge) isDenied(id string) bool {
	base := licenseBase(id)
	for _, d := range j.denied {
		if licenseBase(d) == base {
			return true
		}
	}
	return false
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
