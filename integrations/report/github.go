package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/syncgate/syncgate/verify"
)

// annotationsPerStep is how many annotations of each type GitHub shows of one
// step. It drops others without a word.
const annotationsPerStep = 10

// GitHub writes for the log of a step of GitHub Actions: the report as text,
// then workflow commands, which become annotations on files and lines. What
// fails is an error; what could not be looked at and what only warns is a
// warning; what explains a pass is a notice. Of each type there are at most
// as many as GitHub shows, and the last of them counts the rest.
func GitHub(w io.Writer, r verify.Report, o Options) error {
	text, err := Bytes(Text, r, Options{Style: o.Style &^ Colour})
	if err != nil {
		return err
	}
	var b strings.Builder
	// Nothing in the text is a command, whatever it looks like, until a word
	// that cannot be foreseen ends that.
	sum := sha256.Sum256(text)
	word := hex.EncodeToString(sum[:16])
	fmt.Fprintf(&b, "::stop-commands::%s\n%s\n::%s::\n", word, strings.TrimRight(string(text), "\n"), word)
	byType := map[string][]spot{}
	for _, p := range spots(r) {
		kind := annotationType(weigh(p.Finding))
		byType[kind] = append(byType[kind], p)
	}
	for _, kind := range []string{"error", "warning", "notice"} {
		list := byType[kind]
		for i, p := range list {
			if i == annotationsPerStep-1 && len(list) > annotationsPerStep {
				fmt.Fprintf(&b, "::%s title=syncgate::and %d more of this kind: see the log of this step\n", kind, len(list)-i)
				break
			}
			b.WriteString(annotation(kind, p))
		}
	}
	_, err = io.WriteString(w, b.String())
	return err
}

func annotationType(w weight) string {
	switch w {
	case failing:
		return "error"
	case noted:
		return "notice"
	}
	return "warning"
}

func annotation(kind string, p spot) string {
	var properties []string
	if p.File != "" {
		properties = append(properties, "file="+commandProperty(p.File))
	}
	if p.File != "" && p.Line > 0 {
		properties = append(properties, fmt.Sprintf("line=%d", p.Line))
		if p.Column > 0 {
			properties = append(properties, fmt.Sprintf("col=%d", p.Column))
		}
	}
	title := ruleOf(p.Code).title
	if weigh(p.Finding) == unchecked {
		title = "Could not be checked: " + title
	}
	properties = append(properties, "title="+commandProperty("syncgate: "+title+" ("+string(p.Code)+")"))
	text := clean(p.text())
	if p.Hint != "" {
		text += "\nFix: " + clean(p.Hint)
	}
	return fmt.Sprintf("::%s %s::%s\n", kind, strings.Join(properties, ","), commandData(text))
}

// commandData and commandProperty escape as the toolkit of GitHub Actions
// does.
func commandData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func commandProperty(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}
