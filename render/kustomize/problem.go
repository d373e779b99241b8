package kustomize

import (
	"fmt"
	"path"
	"regexp"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
)

// messageBytes is how much of kustomize's own message is told.
const messageBytes = 600

var (
	// tried is how kustomize tells that a base is no file, before it tells
	// what is wrong with the base.
	tried = regexp.MustCompile(`accumulation err='accumulating resources from '[^']*': '[^']*' must resolve to a file': `)
	// notBase is how kustomize tells that a file is no base either, after it
	// told what is wrong with the file.
	notBase = regexp.MustCompile(`(?s)accumulation err='(?:accumulating |merging )?resources from (.*)': must build at directory: .*`)
	// config is a configuration that kustomize prints, which may hold secrets.
	config = regexp.MustCompile("(?s) with config: `.*`")
	// printed is an object that kustomize prints, which may be a secret.
	printed = regexp.MustCompile(`(?s) (in object|from \[patch:|---  self:|from) ?(\[|{|apiVersion).*`)
	// wrapped is what kustomize says at each level of bases.
	wrapped  = regexp.MustCompile(`(recursed accumulation of path '[^']*': |accumulating (resources|components): )`)
	unknown  = regexp.MustCompile(`unknown field "([^"]*)"`)
	yamlLine = regexp.MustCompile(`yaml: line (\d+):`)
)

// failed turns an error of kustomize into a problem at the place that it is
// about.
func (p *plan) failed(err error) *render.Problem {
	if p.files.problem != nil {
		return p.files.problem
	}
	message, place := p.relined(err.Error())
	problem := &render.Problem{
		Code: CodeFailed, Severity: render.Broken,
		Message: "cannot build kustomization: " + p.clean(message),
		Hint:    "check it with kustomize build " + p.source.Path,
	}
	for _, k := range p.inOrder() {
		for _, e := range k.missing {
			if strings.Contains(err.Error(), "'"+path.Join(k.dir, e.value)+"'") {
				problem.Message = fmt.Sprintf("cannot build kustomization: %s entry %q: %s", e.field, e.value, e.missing)
				problem.Hint = "correct the path, or commit what it names"
				problem.Origin = e.origin(k)
				return problem
			}
		}
	}
	if problem.Origin = place; place.File == "" {
		problem.Origin = p.blame(err.Error())
	}
	return problem
}

// clean is kustomize's message without mounts, secrets and repetitions.
func (p *plan) clean(message string) string {
	message = tried.ReplaceAllString(message, "")
	message = wrapped.ReplaceAllString(message, "")
	message = notBase.ReplaceAllString(message, "$1")
	message = config.ReplaceAllString(message, "")
	message = printed.ReplaceAllString(message, "")
	for _, secret := range p.secrets() {
		message = strings.ReplaceAll(message, secret, "(secret)")
	}
	for mount := range p.remotes {
		message = strings.ReplaceAll(message, mount+"/", p.show(mount)+" ")
	}
	message = strings.ReplaceAll(message, treeMount+"/", "")
	message = strings.ReplaceAll(message, treeMount, ".")
	return clip(strings.Join(strings.Fields(message), " "))
}

// clip bounds the length of a message.
func clip(message string) string {
	if len(message) <= messageBytes {
		return message
	}
	cut := messageBytes
	for cut > 0 && !utf8.RuneStart(message[cut]) {
		cut--
	}
	return message[:cut] + "..."
}

// secrets are the literals of secret generators.
func (p *plan) secrets() []string {
	var secrets []string
	for _, k := range p.byDir {
		if k == nil {
			continue
		}
		for _, args := range k.decoded.SecretGenerator {
			for _, literal := range args.LiteralSources {
				_, value, _ := strings.Cut(literal, "=")
				secrets = append(secrets, append(nonEmpty(value), literal)...)
			}
		}
	}
	return secrets
}

// blame finds the place that an error is about: the kustomization that does
// not decode, the entry that the message names, or the kustomization that was
// to be built.
func (p *plan) blame(message string) render.Origin {
	var named render.Origin
	length := 0
	for _, k := range p.inOrder() {
		if k.failure != nil {
			return k.blame()
		}
		for _, e := range k.entries() {
			if len(e.value) > length && (strings.Contains(message, "'"+e.value+"'") || strings.Contains(message, "("+e.value+")")) {
				named, length = e.origin(k), len(e.value)
			}
		}
	}
	switch {
	case length > 0:
		return named
	case p.top != nil:
		return render.Origin{File: p.top.file}
	}
	return render.Origin{File: treeMount + "/" + p.source.Path}
}

// blame finds why a kustomization does not decode.
func (k *kustomization) blame() render.Origin {
	origin := render.Origin{File: k.file}
	message := k.failure.Error()
	if match := yamlLine.FindStringSubmatch(message); match != nil {
		origin.Line = atoi(match[1])
	}
	match := unknown.FindStringSubmatch(message)
	var document yaml.Node
	if match == nil || yaml.Unmarshal(k.data, &document) != nil {
		return origin
	}
	if key := findKey(unalias(&document), match[1]); key != nil {
		return k.origin(key)
	}
	return origin
}

// findKey returns the first key of a name, nearest to the root.
func findKey(node *yaml.Node, name string) *yaml.Node {
	if node == nil || node.Kind == yaml.ScalarNode || node.Kind == yaml.AliasNode {
		return nil
	}
	if node.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == name {
				return node.Content[i]
			}
		}
	}
	for _, below := range node.Content {
		if key := findKey(below, name); key != nil {
			return key
		}
	}
	return nil
}

// inOrder lists the kustomizations as kustomize loads them, each once.
func (p *plan) inOrder() []*kustomization {
	var list []*kustomization
	seen := map[*kustomization]bool{nil: true}
	var walk func(k *kustomization)
	walk = func(k *kustomization) {
		if seen[k] {
			return
		}
		seen[k] = true
		list = append(list, k)
		for _, below := range k.below() {
			walk(below)
		}
	}
	walk(p.top)
	return list
}

func atoi(digits string) int {
	n := 0
	for _, c := range digits {
		n = min(n*10+int(c-'0'), 1<<30)
	}
	return n
}
