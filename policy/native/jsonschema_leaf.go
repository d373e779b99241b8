package native

// leafSchema is the schema of a scalar: what its Read method takes. It is nil
// for what is no scalar.
func leafSchema(leaf any) *node {
	zero, one := 0, 1
	switch leaf.(type) {
	case *text:
		return &node{Type: "string", Pattern: `\S`}
	case *flag:
		return &node{Type: "boolean"}
	case *count:
		return &node{Type: "integer", Minimum: &one}
	case *share:
		return &node{Type: "number", Minimum: &zero, Maximum: &one}
	case *name:
		return &node{Type: "string", Pattern: `^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$`}
	case *pattern:
		return &node{Type: "string", Pattern: `\S`, Format: "regex"}
	case *licence:
		return &node{Type: "string", Pattern: `^[0-9A-Za-z][0-9A-Za-z.+-]*$`}
	case *span:
		return &node{Type: "string", AllOf: []*node{{Pattern: `^([0-9]{1,6}[wdhms])+$`}, {Pattern: `[1-9]`}}}
	case *glob:
		return &node{Type: "string", AllOf: globParts()}
	case *imageGlob:
		return imageGlobSchema()
	case *packageRule:
		const clause = `\s*(<=|>=|!=|=|<|>)?[0-9A-Za-z][0-9A-Za-z.+~:_-]*\s*`
		return &node{Type: "string", Pattern: `^pkg:[a-z][a-z0-9.+-]*(/[^/@?#\s]+)+(@` + clause + `(,` + clause + `)*)?$`}
	case *repository:
		return &node{Type: "string", Pattern: repositoryForm}
	case *tagPrefix:
		return &node{Type: "string", Pattern: tagPrefixForm}
	case *start, *end:
		const (
			day    = `[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])`
			moment = `([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.,][0-9]+)?`
			zone   = `(Z|[+-]([01][0-9]|2[0-4]):[0-5][0-9])`
		)
		return &node{Type: "string", Pattern: `^` + day + `(T` + moment + zone + `)?$`}
	}
	return nil
}

// globParts are what every glob is held to: no white space around it, and no
// third asterisk.
func globParts() []*node {
	return []*node{{Pattern: `^\S([\s\S]*\S)?$`}, {Not: &node{Pattern: `\*\*\*`}}}
}

func imageGlobSchema() *node {
	return &node{
		Type: "string",
		AllOf: append(globParts(),
			&node{Not: &node{Pattern: `://`}},
			&node{Pattern: `^[^ \t\n?\[\]{}!\\]+$`},
			// No upper case in a repository, which stands between the host and
			// the tag.
			&node{Not: &node{Pattern: `^[^/@]*/[^:@]*[A-Z]`}}),
		If:   &node{Pattern: `^[^@]*@[^*]*$`},
		Then: &node{Pattern: `^[^@]*@(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$`},
	}
}
