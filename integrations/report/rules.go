package report

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/syncgate/syncgate/policy"
)

// The meaning of every code, as a page for people. Reports that carry rules
// take them from it, so that it is written once.
//
//go:embed findings.md
var findingsPage string

// findingsURL is where the page can be read, with the code as fragment.
const findingsURL = "https://github.com/syncgate/syncgate/blob/main/integrations/report/findings.md"

// rule is what one code means.
type rule struct {
	code policy.Code
	// title is one sentence, help what to do about it.
	title, help string
}

func (r rule) url() string { return findingsURL + "#" + string(r.code) }

var rules = sync.OnceValue(func() map[policy.Code]rule {
	found := map[policy.Code]rule{}
	for _, section := range strings.Split(findingsPage, "\n### ")[1:] {
		code, text, _ := strings.Cut(section, "\n")
		text, _, _ = strings.Cut(text, "\n## ")
		title, help, _ := strings.Cut(strings.TrimSpace(text), "\n\n")
		found[policy.Code(code)] = rule{code: policy.Code(code), title: title, help: strings.TrimSpace(help)}
	}
	return found
})

// ruleOf is the rule of a code. One that the page does not know is named by
// its code.
func ruleOf(code policy.Code) rule {
	if r, ok := rules()[code]; ok {
		return r
	}
	name := strings.ReplaceAll(string(code), "-", " ")
	return rule{code: code, title: name, help: "See the message of the finding."}
}
