package helm

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"

	"helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/engine"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// stub is what Helm's engine executes in the place of each template: it
// calls back with the scope that the template is to see.
const stub = "{{ " + stubName + " . }}"

const stubName = "syncgateExecute"

// includeLimit is how often one template may be included within itself.
const includeLimit = 1000

// executor executes the templates of one chart.
type executor struct {
	*guard
	set *template.Template
	// included counts the calls under way of each template.
	included map[string]int
	// guarded are the parsed templates that are under the guard.
	guarded map[*parse.Tree]bool
	// err is why execution stopped.
	err error
}

// execute renders the templates of a chart. Helm's engine chooses them, their
// order and their scopes; the text is executed here. It returns the text of
// each template that is no partial, by its name in Helm: the path of the
// chart, then that of the file.
//
// It replaces the templates of the chart by stubs.
func execute(ctx context.Context, c *chart.Chart, values common.Values) (map[string]string, error) {
	texts := map[string]string{}
	takeTemplates(c, texts)
	e := &executor{guard: newGuard(ctx), included: map[string]int{}, guarded: map[*parse.Tree]bool{}}
	if err := e.parse(texts); err != nil {
		return nil, err
	}
	helm := engine.Engine{CustomTemplateFuncs: template.FuncMap{stubName: e.run}}
	rendered, err := helm.RenderWithContext(ctx, c, values)
	if e.err != nil {
		return nil, e.err
	}
	return rendered, err
}

// takeTemplates puts a stub in the place of each template of a chart and its
// subcharts, and the text into texts. Where charts have the same name, the
// last wins, as in Helm's engine.
func takeTemplates(c *chart.Chart, texts map[string]string) {
	for _, sub := range c.Dependencies() {
		takeTemplates(sub, texts)
	}
	stubs := make([]*common.File, 0, len(c.Templates))
	for _, file := range c.Templates {
		stubs = append(stubs, &common.File{Name: file.Name, Data: []byte(stub)})
		// Of a library chart only the partials count.
		if c.Metadata.Type != "library" || strings.HasPrefix(path.Base(file.Name), "_") {
			texts[path.Join(c.ChartFullPath(), file.Name)] = string(file.Data)
		}
	}
	c.Templates = stubs
}

// parse parses the templates in the order of Helm's engine, which decides
// which of two definitions of a name wins: those nearer to the root.
func (e *executor) parse(texts map[string]string) error {
	e.set = template.New("gotpl").Option("missingkey=zero").Funcs(functions(e.guard))
	e.set.Funcs(template.FuncMap{
		"include":         e.include(e.set),
		"tpl":             e.tpl(e.set),
		showName:          e.show,
		keepName:          e.keep,
		turnName:          e.turn,
		enterTemplateName: e.enterTemplate,
		leaveTemplateName: e.leaveTemplate,
	})
	names := slices.SortedFunc(maps.Keys(texts), func(a, b string) int {
		return cmp.Or(cmp.Compare(strings.Count(b, "/"), strings.Count(a, "/")), cmp.Compare(b, a))
	})
	for _, name := range names {
		if err := checkActions(texts[name]); err != nil {
			return &templateError{at: []position{{name: name}}, cause: err}
		}
		if _, err := e.set.New(name).Parse(texts[name]); err != nil {
			return parseError(err)
		}
	}
	return e.protect(e.set)
}

// run executes the template that Helm's engine has come to.
func (e *executor) run(scope common.Values) (string, error) {
	current, _ := scope["Template"].(common.Values)
	name, _ := current["Name"].(string)
	out := &output{guard: e.guard}
	e.included, e.depth = map[string]int{}, 0
	if err := e.set.ExecuteTemplate(out, name, scope); err != nil {
		e.err = executionError(err)
		return "", e.err
	}
	return out.String(), nil
}

// include is the function of that name, for the templates of set.
func (e *executor) include(set *template.Template) func(string, any) (string, error) {
	return func(name string, scope any) (string, error) {
		if e.included[name] > includeLimit {
			return "", fmt.Errorf("rendering template has a nested reference name: %s: unable to execute template", name)
		}
		if err := e.enter(); err != nil {
			return "", err
		}
		e.included[name]++
		out := &output{guard: e.guard}
		err := set.ExecuteTemplate(out, name, scope)
		e.included[name]--
		e.leave()
		return out.String(), err
	}
}

// tpl is the function of that name, for the templates of set. What the text
// defines can be included from it alone.
func (e *executor) tpl(set *template.Template) func(string, any) (string, error) {
	return func(text string, scope any) (string, error) {
		if err := cmp.Or(e.enter(), checkActions(text)); err != nil {
			return "", err
		}
		inner, err := set.Clone()
		if err != nil {
			return "", fmt.Errorf("cannot clone template: %w", err)
		}
		// A clone forgets the option: go.dev/issue/43022.
		inner.Option("missingkey=zero")
		inner.Funcs(template.FuncMap{"include": e.include(inner), "tpl": e.tpl(inner)})
		inner, err = inner.New(set.Name()).Parse(text)
		if err != nil {
			return "", fmt.Errorf("cannot parse template %q: %w", text, err)
		}
		if err := e.protect(inner); err != nil {
			return "", err
		}
		out := &output{guard: e.guard}
		if err := inner.Execute(out, scope); err != nil {
			return "", fmt.Errorf("error during tpl function execution for %q: %w", text, err)
		}
		e.leave()
		return strings.ReplaceAll(out.String(), "<no value>", ""), nil
	}
}

// output is what a template writes.
type output struct {
	strings.Builder
	guard *guard
}

// Write fails where the budget is spent.
func (o *output) Write(p []byte) (int, error) {
	if err := o.guard.spend(int64(len(p))); err != nil {
		return 0, err
	}
	return o.Builder.Write(p)
}

// checkActions refuses a text with so many actions that parsing it, were each
// within the one before, could overflow the stack.
func checkActions(text string) error {
	if strings.Count(text, "{{") <= bounds.TemplateActions {
		return nil
	}
	return tooLarge(render.Origin{}, "the number of actions of a template", fmt.Sprint(bounds.TemplateActions))
}
