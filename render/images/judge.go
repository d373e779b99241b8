package images

import (
	"fmt"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
)

// judge says what is wrong with an image as written, or nil. A problem without
// a code is one that is not worth telling.
func (w *walk) judge(n *yaml.Node) *render.Problem {
	text := n.Value
	if n.Tag != "" && n.ShortTag() != "!!str" {
		return malformed(text, "is not a string", "quote it")
	}
	if !w.builtin() && strings.TrimSpace(text) == "" {
		return &render.Problem{}
	}
	if problem := unresolved(text); problem != nil {
		return problem
	}
	_, err := ParseReference(text)
	switch {
	case err == nil:
		return nil
	case !w.builtin() && strings.ContainsAny(text, "*?!|"):
		return &render.Problem{
			Code: CodePattern, Severity: render.Notice,
			Message: fmt.Sprintf("%q is a pattern, not an image", text),
			Hint:    "nothing to do: no runtime can pull an image of that name",
		}
	}
	return malformed(text, err.Error(), "write it as registry/repository:tag or registry/repository@sha256:digest")
}

// malformed is an image that no runtime can pull.
func malformed(text, why, hint string) *render.Problem {
	return &render.Problem{
		Code: CodeMalformed, Severity: render.Broken,
		Message: fmt.Sprintf("image %q %s", text, why), Hint: hint,
	}
}

// substitutions are the ways in which tools write what they fill in later.
// The first group is the name of the variable. None is part of a reference.
var substitutions = regexp.MustCompile(`\{\{-?\s*(.*?)\s*-?\}\}|\$\{+\s*([^{}]*?)\s*\}+|\$\(\s*([^()]*?)\s*\)|\$([A-Za-z_]\w*)|<([A-Za-z_][\w. -]*)>|%([A-Za-z_]\w*)%`)

// variableName is the name in a substitution that has a default or an
// operator after it.
var variableName = regexp.MustCompile(`^[#!]?[\w.]+|.*`)

// placeholder is an image that sidecar injection fills in.
const placeholder = "auto"

// unresolved returns a problem if an image is only known once something else
// has filled it in.
func unresolved(text string) *render.Problem {
	problem := &render.Problem{Code: CodeUnresolved}
	switch match := substitutions.FindStringSubmatch(text); {
	case match != nil:
		match[2] = variableName.FindString(match[2])
		name := strings.Join(match[1:], "")
		problem.Message = fmt.Sprintf("image %q depends on the variable %s, whose value is not in the revision", text, name)
		problem.Hint = "write the image out, or give the renderer the value"
	case strings.HasPrefix(text, "ko://"):
		problem.Message = fmt.Sprintf("image %q is only built by ko when it is deployed", text)
		problem.Hint = "run ko resolve and commit what it makes"
	case strings.HasPrefix(text, "ENC["):
		problem.Message = "image is encrypted, and not at hand in clear"
		problem.Hint = "encrypt only Secrets, or give the renderer the key"
	case text == placeholder:
		problem.Message = `image "auto" is filled in by sidecar injection in the cluster`
		problem.Hint = "write the image out"
	default:
		return nil
	}
	return problem
}
