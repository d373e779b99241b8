package predicate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/syncgate/syncgate/bounds"
)

// CheckKeys reports whether data is one JSON document that every reader reads
// alike. It is an error if data is not JSON or not UTF-8, if it nests deeper
// than bounds.JSONDepth, or if one object holds a key twice; escapes are
// resolved first.
//
// Go's decoder takes a key for a field's whatever its letter case, so that
// "Subject" would stand in for "subject". Keys that fold to one of the names
// given here are therefore duplicates of each other in any case. Other keys,
// such as labels and package names, may differ in case alone.
func CheckKeys(data []byte, names ...string) error {
	if !utf8.Valid(data) {
		return errors.New("decode JSON: not valid UTF-8")
	}
	if !jsontext.Value(data).IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) {
		var discard struct{}
		return fmt.Errorf("decode JSON: %w", json.Unmarshal(data, &discard))
	}
	check := keyChecker{data: data, folded: make(map[string]string, len(names))}
	for _, name := range names {
		check.folded[string(appendFolded(nil, []byte(name)))] = name
		check.lengths |= lengthBit(len(name))
	}
	return check.run()
}

// manyKeys is the number of keys of one object from which on they are kept in
// a map. Most objects hold a handful.
const manyKeys = 24

// keyChecker walks a document that is known to be valid JSON.
type keyChecker struct {
	data []byte
	// folded maps the folded form of a name to the name.
	folded map[string]string
	// lengths has a bit for each length that a name has: what no name is as
	// long as need not be folded, unless it is not ASCII, where folding
	// changes lengths.
	lengths uint64
	// open are the objects and arrays around the place that is looked at.
	open []container
	// keys are those of the open objects, outermost first.
	keys [][]byte
	// scratch is where keys are folded.
	scratch []byte
}

// container is an object or array that has begun and not ended.
type container struct {
	object bool
	// first is the index of the object's first key in keyChecker.keys.
	first int
	// seen holds the object's keys once there are many.
	seen map[string]struct{}
	// key is the object's current key, index the array's current element.
	key   []byte
	index int
}

func (c *keyChecker) run() error {
	key := false
	for i := 0; i < len(c.data); i++ {
		switch c.data[i] {
		case '{', '[':
			key = c.data[i] == '{'
			if len(c.open) >= bounds.JSONDepth {
				return fmt.Errorf("decode JSON: %s nests deeper than %d levels", c.path(), bounds.JSONDepth)
			}
			c.open = append(c.open, container{object: key, first: len(c.keys)})
		case '}', ']':
			c.keys = c.keys[:c.top().first]
			c.open = c.open[:len(c.open)-1]
		case ',':
			key = c.top().object
			c.top().index++
		case '"':
			end := stringEnd(c.data, i)
			if key {
				if err := c.add(c.data[i : end+1]); err != nil {
					return err
				}
			}
			key = false
			i = end
		}
	}
	return nil
}

func (c *keyChecker) top() *container { return &c.open[len(c.open)-1] }

// stringEnd returns the index of the quote that ends the string that starts
// at data[start].
func stringEnd(data []byte, start int) int {
	for i := start + 1; ; i++ {
		next := bytes.IndexByte(data[i:], '"')
		if next < 0 {
			return len(data) - 1
		}
		i += next
		escapes := 0
		for data[i-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return i
		}
	}
}

// add takes a key of the innermost object, quotes included.
func (c *keyChecker) add(quoted []byte) error {
	key := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(key, '\\') >= 0 {
		var text string
		if err := json.Unmarshal(quoted, &text); err != nil {
			return fmt.Errorf("decode JSON: key %s: %w", quoted, err)
		}
		key = []byte(text)
	}
	object := c.top()
	object.key = key
	identity := key
	if c.lengths&lengthBit(len(key)) != 0 || !ascii(key) {
		c.scratch = appendFolded(c.scratch[:0], key)
		if name, ok := c.folded[string(c.scratch)]; ok {
			identity = []byte(name)
		}
	}
	if c.has(object, identity) {
		return fmt.Errorf("decode JSON: %s has the key %s twice%s", c.parent(), quoteKey(identity), inOtherCase(key, identity))
	}
	c.keys = append(c.keys, identity)
	return nil
}

// lengthBit is the bit that stands for a length; great ones share one.
func lengthBit(length int) uint64 { return 1 << min(length, 63) }

func ascii(text []byte) bool {
	for _, c := range text {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// has reports whether the innermost object has the key already, and
// remembers it.
func (c *keyChecker) has(object *container, key []byte) bool {
	siblings := c.keys[object.first:]
	if len(siblings) < manyKeys {
		for _, sibling := range siblings {
			if bytes.Equal(sibling, key) {
				return true
			}
		}
		return false
	}
	if object.seen == nil {
		object.seen = make(map[string]struct{}, 2*manyKeys)
		for _, sibling := range siblings {
			object.seen[string(sibling)] = struct{}{}
		}
	}
	_, found := object.seen[string(key)]
	object.seen[string(key)] = struct{}{}
	return found
}

// path names the place that is looked at: "builds[2].id".
func (c *keyChecker) path() string { return joinPath(c.open) }

// parent names the innermost object.
func (c *keyChecker) parent() string { return joinPath(c.open[:len(c.open)-1]) }

func joinPath(open []container) string {
	var path []byte
	for _, in := range open {
		if !in.object {
			path = append(path, '[')
			path = strconv.AppendInt(path, int64(in.index), 10)
			path = append(path, ']')
			continue
		}
		if len(path) > 0 {
			path = append(path, '.')
		}
		path = append(path, in.key...)
	}
	if len(path) == 0 {
		return "the document"
	}
	return clip(string(path))
}

func quoteKey(key []byte) string { return strconv.Quote(clip(string(key))) }

func inOtherCase(key, identity []byte) string {
	if bytes.Equal(key, identity) {
		return ""
	}
	return " (the second time as " + quoteKey(key) + ")"
}

// clip shortens what a message quotes from a document.
func clip(text string) string {
	const most = 120
	if len(text) <= most {
		return text
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// appendFolded appends key with every letter replaced by the least that
// equals it under Unicode case folding, as encoding/json folds names.
func appendFolded(dst, key []byte) []byte {
	for i := 0; i < len(key); {
		if c := key[i]; c < utf8.RuneSelf {
			if 'a' <= c && c <= 'z' {
				c -= 'a' - 'A'
			}
			dst = append(dst, c)
			i++
			continue
		}
		r, size := utf8.DecodeRune(key[i:])
		dst = utf8.AppendRune(dst, foldRune(r))
		i += size
	}
	return dst
}

// foldRune returns the least rune that equals r under case folding.
func foldRune(r rune) rune {
	for {
		next := unicode.SimpleFold(r)
		if next <= r {
			return next
		}
		r = next
	}
}
