package images

import (
	"regexp"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
)

// Rules are where a user says that images stand, besides the places that are
// known. They only add to these. The zero value adds nothing.
type Rules struct {
	fields    []fieldRule
	arguments []argumentRule
}

// argumentRule finds images in arguments.
type argumentRule struct {
	// kinds are the kinds of objects; none is all.
	kinds   []string
	pattern *regexp.Regexp
}

// userArgument looks at an argument with the user's rules, and tells whether
// one of them found an image.
func (w *walk) userArgument(item *yaml.Node, at []render.Step) bool {
	for _, rule := range w.found.rules.arguments {
		if len(rule.kinds) > 0 && !slices.Contains(rule.kinds, w.object.ID.Kind) {
			continue
		}
		match := rule.pattern.FindStringSubmatch(item.Value)
		if match == nil {
			continue
		}
		if reference := match[1]; reference != "" {
			w.userImage(reference, item, at)
			return true
		}
	}
	return false
}

// userImage adds what a user's rule says is an image.
func (w *walk) userImage(reference string, item *yaml.Node, at []render.Step) {
	problem := unresolved(reference)
	if problem == nil {
		if _, err := ParseReference(reference); err != nil {
			problem = malformed(reference, err.Error(), "write it as registry/repository:tag, or correct the rule that finds it")
		}
	}
	if problem != nil {
		w.report(item, at, *problem)
		return
	}
	w.add(candidate{reference: reference, class: render.ClassText, node: item, path: at})
}
