package predicate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// unsupported wraps ErrUnsupported with what was found.
func unsupported(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUnsupported, fmt.Sprintf(format, args...))
}

// guard runs a parser. The libraries that do the parsing were written for
// documents of friends: a panic is an error here.
func guard[T any](what string, parse func() (*T, error)) (facts *T, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			facts, err = nil, fmt.Errorf("decode %s: malformed document: %v", what, reason)
		}
	}()
	facts, err = parse()
	if err != nil {
		return nil, err
	}
	return facts, nil
}

// open returns the JSON object of a predicate, its keys checked. A predicate
// may be the object, a string that holds it, or cosign's wrapper around
// either: {"Data": ..., "Timestamp": "..."}. Cosign has attested SPDX as a
// string, and CycloneDX in a wrapper.
func open(raw []byte, names ...string) ([]byte, error) {
	raw = bytes.TrimSpace(raw)
	if err := CheckKeys(raw, append(names, "Data", "Timestamp")...); err != nil {
		return nil, err
	}
	if wrapped(raw) {
		var wrapper struct{ Data, Timestamp json.RawMessage }
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&wrapper); err != nil {
			return nil, fmt.Errorf("decode cosign's wrapper: %w", err)
		}
		raw = bytes.TrimSpace(wrapper.Data)
	}
	if len(raw) > 0 && raw[0] == '"' {
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return nil, fmt.Errorf("decode JSON: %w", err)
		}
		raw = bytes.TrimSpace([]byte(text))
		if len(raw) == 0 || raw[0] != '{' {
			return nil, unsupported("the predicate is text that is not a JSON object")
		}
		if err := CheckKeys(raw, names...); err != nil {
			return nil, fmt.Errorf("the predicate is a string: %w", err)
		}
	}
	if len(raw) == 0 || raw[0] != '{' {
		return nil, errors.New("the predicate is not a JSON object")
	}
	return raw, nil
}

// wrapped reports whether the first key of an object is one of cosign's
// wrapper.
func wrapped(raw []byte) bool {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return false
	}
	key, err := decoder.Token()
	return err == nil && (key == "Data" || key == "Timestamp")
}

// decode reads a document into a library's type. Its errors name the field.
func decode(what string, raw []byte, into any) error {
	err := json.Unmarshal(raw, into)
	if err == nil {
		return nil
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		field := fieldPath(wrong.Field)
		return fmt.Errorf("decode %s: %s: want %s, found %s", what, field, kind(wrong.Type), wrong.Value)
	}
	var when *time.ParseError
	if errors.As(err, &when) {
		return fmt.Errorf("decode %s: timestamp: %q is not a time of RFC 3339", what, clip(strings.Trim(when.Value, `"`)))
	}
	return fmt.Errorf("decode %s: %s", what, clip(strings.TrimPrefix(err.Error(), "json: ")))
}

// fieldPath names a field as the document does: without the library types
// that this package's own types embed.
func fieldPath(path string) string {
	if path == "" {
		return "the document"
	}
	for _, embedded := range []string{
		"ProvenancePredicate.", "ProvenanceBuildDefinition.", "ProvenanceRunDetails.",
		"plainSPDX.", "plainSPDXPackage.", "BOM.", "Metadata.",
	} {
		path = strings.ReplaceAll("."+path, "."+embedded, ".")[1:]
	}
	return path
}

// kind names a Go type as JSON would.
func kind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return kind(t.Elem())
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "a boolean"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Struct, reflect.Map:
		return "an object"
	default:
		return "a number"
	}
}

// instant reads a time of RFC 3339. What is absent or empty is the zero time.
func instant(what, field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("decode %s: %s: %q is not a time of RFC 3339", what, field, clip(text))
	}
	return at, nil
}
