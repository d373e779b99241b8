package images

import (
	"path"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
)

// argumentKeys are lists of what a command is told.
var argumentKeys = []string{"args", "command", "cmd", "entrypoint", "arguments", "extraArgs", "additionalArgs"}

// value looks at the value of a variable, a parameter or an entry of a
// ConfigMap, whose name promises so much.
func (w *walk) value(n *yaml.Node, kind keyKind) {
	if structured(n.Value) && !strings.Contains(n.Value, "=") {
		w.structured(n, w.key())
		return
	}
	if kind >= keyImage {
		if problem := unresolved(n.Value); problem != nil && n.Value != placeholder {
			w.notice(n, problem)
			return
		}
	}
	if plausible(n.Value, kind) {
		w.add(candidate{reference: n.Value, class: render.ClassText, node: n})
		return
	}
	if kind == keyImages || kind == keyMentions {
		w.list(n, n.Value, kind)
		return
	}
	if structured(n.Value) {
		w.structured(n, w.key())
	}
}

// list looks at a list of images in one string, each of them perhaps after a
// name and an equals sign.
func (w *walk) list(n *yaml.Node, text string, kind keyKind, at ...render.Step) {
	if kind >= keyMentions {
		kind = keyImages
	}
	for token := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(" \t\r\n,;", r) }) {
		token = strings.Trim(token[strings.LastIndexByte(token, '=')+1:], `"'`)
		if plausible(token, kind) {
			w.add(candidate{reference: token, class: render.ClassText, node: n, path: at})
		}
	}
}

// data looks at an entry of a ConfigMap or Secret. Entries of names that start
// with an underscore are examples, by the convention of Knative.
func (w *walk) data(n *yaml.Node, key string) {
	switch {
	case strings.HasPrefix(key, "_"), n.Kind != yaml.ScalarNode:
	case structured(n.Value):
		w.structured(n, key)
	default:
		w.value(n, kindOfKey(key))
	}
}

// annotations looks at annotations of an object or of a template of Pods.
// Those without a prefix are for people, and that of kubectl is the past.
func (w *walk) annotations(n *yaml.Node) {
	if n == nil || n.Kind != yaml.MappingNode {
		return
	}
	var values map[string]*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i].Value, n.Content[i+1]
		prefix, name, found := strings.Cut(key, "/")
		if !found || prefix == "kubectl.kubernetes.io" || kindOfKey(name) < keyImage || value.Kind != yaml.ScalarNode {
			continue
		}
		at := []render.Step{{Key: "metadata"}, {Key: "annotations"}, {Key: key}}
		if values == nil {
			values = valuesOf(n)
		}
		version := values[strings.TrimSuffix(key, "-image")+"-version"]
		switch {
		case version != nil && plausible(value.Value+":"+version.Value, keyImage):
			w.add(candidate{reference: value.Value + ":" + version.Value, tag: version, class: render.ClassText, node: value, path: at, several: true})
		case strings.ContainsAny(value.Value, ":@") && plausible(value.Value, keyImage):
			w.add(candidate{reference: value.Value, class: render.ClassText, node: value, path: at})
		}
	}
}

// arguments looks at what a command is told: --image=REF, --image REF, REF
// alone, and --images=NAME=REF,NAME=REF.
func (w *walk) arguments(n *yaml.Node) {
	flag := keyOther
	for i, item := range n.Content {
		if item.Kind != yaml.ScalarNode || item.Tag != "" && item.ShortTag() != "!!str" {
			flag = keyOther
			continue
		}
		at := []render.Step{{Index: i}}
		if w.userArgument(item, at) {
			flag = keyOther
			continue
		}
		flag = w.argument(item, flag, at)
	}
}

// argument looks at one argument, and returns what it promises of the next.
func (w *walk) argument(item *yaml.Node, flag keyKind, at []render.Step) keyKind {
	text := item.Value
	if strings.ContainsAny(text, " \t\n") {
		w.script(item, at)
		return keyOther
	}
	name, value, assigned := strings.Cut(text, "=")
	switch {
	case !assigned && strings.HasPrefix(text, "-"):
		return kindOfKey(text)
	case assigned:
		flag = kindOfKey(name)
	default:
		value = text
	}
	if problem := unresolved(value); problem != nil && flag >= keyImage && value != placeholder {
		w.notice(item, problem, at...)
		return keyOther
	}
	if plausible(value, flag) {
		w.add(candidate{reference: value, class: render.ClassText, node: item, path: at})
	} else if strings.ContainsAny(value, "=,") {
		w.list(item, value, flag, at...)
	}
	return keyOther
}

// flagInScript is a flag for an image in a line of shell.
var flagInScript = regexp.MustCompile(`(?:^|\s)(--?[A-Za-z][\w.-]*)[= ]["']?([^\s"']+)`)

// script looks at a line of shell. Only a flag says enough there.
func (w *walk) script(item *yaml.Node, at []render.Step) {
	if !mentionsImage(item.Value) {
		return
	}
	for _, match := range flagInScript.FindAllStringSubmatch(item.Value, -1) {
		if kind := kindOfKey(match[1]); kind >= keyImage && strings.Contains(match[2], "/") && plausible(match[2], kind) {
			w.add(candidate{reference: match[2], class: render.ClassText, node: item, path: at})
		}
	}
}

// scripts are the ends of the names of files that are programs or prose.
var scripts = map[string]bool{
	".sh": true, ".bash": true, ".py": true, ".js": true, ".ts": true, ".lua": true, ".pl": true, ".rb": true,
	".go": true, ".sql": true, ".md": true, ".txt": true, ".rst": true, ".html": true, ".css": true, ".ps1": true,
}

// prose are the keys of programs and prose.
var prose = map[string]bool{
	"script": true, "source": true, "description": true, "message": true, "summary": true, "runbook": true,
	"readme": true, "documentation": true, "notes": true, "usage": true, "help": true, "run": true, "rego": true,
}

// isProse tells whether a key holds a program or prose, in which an image is a
// mention.
func isProse(key, text string) bool {
	return prose[key] || scripts[strings.ToLower(path.Ext(key))] || strings.HasPrefix(text, "#!")
}
