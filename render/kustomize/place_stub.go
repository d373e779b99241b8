package kustomize

import "github.com/syncgate/syncgate/render"

func (p *plan) place(objects []render.Object) {
	for i := range objects {
		if d, ok := p.tracer.origin(objects[i].Node.Line, objects[i].ID.Kind); ok {
			objects[i].Origin = render.Origin{File: p.show(d.file), Line: d.line, Column: d.column}
		}
	}
}
