// Package netrc finds logins in the netrc file of ftp(1) and curl.
package netrc

import (
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Login is a user name and a password or token.
type Login struct {
	// User and Password are as written.
	User, Password string
	// Default tells that the entry is for all hosts, not for the one that was
	// asked for. A host that somebody else named must not be sent it.
	Default bool
}

// Lookup returns the login for a host in the file that NETRC names, else in
// ~/.netrc. It is false where there is none.
func Lookup(host string) (Login, bool) {
	name := os.Getenv("NETRC")
	if name == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return Login{}, false
		}
		name = filepath.Join(home, ".netrc")
	}
	file, err := os.Open(name)
	if err != nil {
		return Login{}, false
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, 1<<20))
	if err != nil {
		return Login{}, false
	}
	return parse(string(text), host)
}

// parse returns the first login for a host, or that of a default entry before
// it.
func parse(text, host string) (Login, bool) {
	var found Login
	matches := false
	has := func() bool { return matches && (found.User != "" || found.Password != "") }
	list := words(text)
	for i := 0; i < len(list); i++ {
		value := func() string {
			if i++; i < len(list) {
				return list[i]
			}
			return ""
		}
		switch list[i] {
		case "machine", "default":
			if has() {
				return found, true
			}
			found = Login{Default: list[i] == "default"}
			matches = found.Default || strings.EqualFold(value(), host)
		case "login":
			found.User = value()
		case "password":
			found.Password = value()
		case "account":
			value()
		}
	}
	if !has() {
		return Login{}, false
	}
	return found, true
}

// words splits a netrc file into words. Words may be quoted; macros,
// which end at an empty line, and comments are left out.
func words(text string) []string {
	var list []string
	macro := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			macro = false
		}
		if macro {
			continue
		}
		for rest := line; rest != "" && rest[0] != '#'; rest = strings.TrimLeft(rest, " \t") {
			var word string
			word, rest = nextWord(rest)
			if word == "macdef" {
				macro = true
				break
			}
			list = append(list, word)
		}
	}
	return list
}

// nextWord splits off the first word.
func nextWord(text string) (word, rest string) {
	if text[0] != '"' {
		end := strings.IndexAny(text, " \t")
		if end < 0 {
			return text, ""
		}
		return text[:end], text[end:]
	}
	var unquoted strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '"':
			return unquoted.String(), text[i+1:]
		case text[i] == '\\' && i+1 < len(text):
			i++
		}
		unquoted.WriteByte(text[i])
	}
	return unquoted.String(), ""
}
