package predicate

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"
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
		var wrapper struct{ Data, Timestamp jsontext.Value }
		if err := decode("cosign's wrapper", raw, &wrapper, json.RejectUnknownMembers(true)); err != nil {
			return nil, err
		}
		raw = bytes.TrimSpace(wrapper.Data)
	}
	if len(raw) > 0 && raw[0] == '"' {
		var text string
		if err := unmarshal(raw, &text); err != nil {
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
	decoder := jsontext.NewDecoder(bytes.NewReader(raw))
	if start, err := decoder.ReadToken(); err != nil || start.Kind() != jsontext.KindBeginObject {
		return false
	}
	key, err := decoder.ReadToken()
	return err == nil && key.Kind() == jsontext.KindString && (key.String() == "Data" || key.String() == "Timestamp")
}

// unmarshal decodes as encoding/json does, whose types the libraries are
// written for, but for its errors, which say less, and its time, which is
// thrice as long.
func unmarshal(raw []byte, into any, options ...json.Options) error {
	legacy := []json.Options{jsonv1.DefaultOptionsV1(), jsonv1.ReportErrorsWithLegacySemantics(false)}
	return json.Unmarshal(raw, into, append(legacy, options...)...)
}

// decode reads a document into a type. Its errors name the field.
func decode(what string, raw []byte, into any, options ...json.Options) error {
	err := unmarshal(raw, into, options...)
	if err == nil {
		return nil
	}
	var when *time.ParseError
	if errors.As(err, &when) {
		return fmt.Errorf("decode %s: timestamp: %q is not a time of RFC 3339", what, clip(strings.Trim(when.Value, `"`)))
	}
	var wrong *json.SemanticError
	if !errors.As(err, &wrong) {
		return fmt.Errorf("decode %s: %s", what, clip(err.Error()))
	}
	if wrong.Err == nil && wrong.GoType != nil {
		return fmt.Errorf("decode %s: %s: want %s, found %s", what, fieldPath(wrong.JSONPointer), kind(wrong.GoType), jsonKind(wrong.JSONKind))
	}
	return fmt.Errorf("decode %s: %s: %v", what, fieldPath(wrong.JSONPointer), clip(strings.TrimPrefix(fmt.Sprint(wrong.Err), "json: ")))
}

// fieldPath writes a JSON pointer as people do: packages[2].name.
func fieldPath(pointer jsontext.Pointer) string {
	var path strings.Builder
	for token := range pointer.Tokens() {
		if _, err := strconv.ParseUint(token, 10, 32); err == nil {
			path.WriteString("[" + token + "]")
			continue
		}
		if path.Len() > 0 {
			path.WriteByte('.')
		}
		path.WriteString(token)
	}
	if path.Len() == 0 {
		return "the document"
	}
	return clip(path.String())
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

// jsonKind names what was found.
func jsonKind(k jsontext.Kind) string {
	switch k {
	case jsontext.KindTrue, jsontext.KindFalse:
		return "a boolean"
	case jsontext.KindString:
		return "a string"
	case jsontext.KindNumber:
		return "a number"
	case jsontext.KindBeginObject:
		return "an object"
	case jsontext.KindBeginArray:
		return "an array"
	}
	return "null"
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
