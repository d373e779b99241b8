// Package document reads the YAML documents of policy files strictly into
// schema types, and tells of everything that is wrong with its place.
//
// It knows no language of policies: the packages that read one hold its schema
// types. A schema type embeds a Place, and tags say the rest:
//
//	yaml   the field's name
//	need   "yes": the field must be written
//	oneof  exactly one of the fields with this word must be written
//	enum   the words that a text may be
//	empty  "ok": an empty list or mapping is as good as none; "no": it is not,
//	       and messages do not suggest to leave the field out either
//	label  what an element of this list or map is called in messages
package document
