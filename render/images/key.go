package images

import (
	"strings"
	"unicode"
)

// keyKind says how much the name of a key, a flag or a variable promises that
// its value is an image.
type keyKind uint8

const (
	// keyOther promises nothing.
	keyOther keyKind = iota
	// keyMentions has the word image in it, as RELATED_IMAGE_WEB has.
	keyMentions
	// keyImages is a list of images.
	keyImages
	// keyImage ends in the word, as initImage and --acme-solver-image do.
	keyImage
	// keyExact is image itself.
	keyExact
)

// notContainers are words beside which image is no container image.
var notContainers = map[string]bool{
	"background": true, "logo": true, "icon": true, "cover": true, "thumbnail": true, "favicon": true,
	"disk": true, "os": true, "vm": true, "machine": true, "boot": true, "iso": true, "ami": true,
	"last": true, "backing": true, "source": true, "target": true, "output": true,
}

// aboutImages are words after image that name something else about it.
var aboutImages = map[string]bool{
	"tag": true, "tags": true, "version": true, "digest": true, "sha": true, "registry": true, "registries": true,
	"repository": true, "repositories": true, "pull": true, "policy": true, "policies": true, "secret": true,
	"secrets": true, "dir": true, "path": true, "size": true, "format": true, "gc": true, "host": true,
	"port": true, "service": true, "features": true, "feature": true, "type": true, "stream": true,
	"streams": true, "id": true, "prefix": true, "suffix": true, "server": true, "selector": true,
}

// kindOfKey reads a name in camelCase, snake_case, kebab-case or any of them
// with dots.
func kindOfKey(key string) keyKind {
	if !mentionsImage(key) {
		return keyOther
	}
	words := wordsOf(key)
	kind := keyOther
	if len(words) > 1 && words[0] == "related" && words[1] == "image" {
		return keyImage
	}
	for i, word := range words {
		if notContainers[word] {
			return keyOther
		}
		rest := words[i+1:]
		switch {
		case word == "images" && len(rest) == 0:
			kind = keyImages
		case word != "image" && word != "images":
		case len(rest) == 0 && len(words) == 1:
			kind = keyExact
		case len(rest) == 0 || len(rest) == 1 && endsReference(rest[0]):
			kind = keyImage
		case !aboutImages[rest[0]] && !aboutImages[rest[len(rest)-1]]:
			kind = keyMentions
		}
	}
	return kind
}

// endsReference tells whether a word after image still means the reference.
func endsReference(word string) bool {
	switch word {
	case "name", "ref", "reference", "url", "uri":
		return true
	}
	return false
}

// notRun tells whether a parameter of that name is no image that is run: a
// bundle of definitions.
func notRun(name string) bool { return name == "bundle" }

// mentionsImage is a quick look before the slow one.
func mentionsImage(text string) bool {
	return strings.Contains(text, "mage") || strings.Contains(text, "MAGE")
}

// wordsOf cuts a name into words in lower case.
func wordsOf(name string) []string {
	var words []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			words = append(words, strings.ToLower(string(word)))
			word = word[:0]
		}
	}
	lower := false
	for _, r := range name {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			end()
		case unicode.IsUpper(r) && lower:
			end()
			word = append(word, r)
		default:
			word = append(word, r)
		}
		lower = unicode.IsLower(r) || unicode.IsDigit(r)
	}
	end()
	return words
}
