package git

import (
	"io"
	"os"
	"path/filepath"
	"strings"
)

// netrcLogin returns the login for a host in the file that NETRC names, else
// in ~/.netrc.
func netrcLogin(host string) *login {
	name := os.Getenv("NETRC")
	if name == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil
		}
		name = filepath.Join(home, ".netrc")
	}
	file, err := os.Open(name)
	if err != nil {
		return nil
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, 1<<20))
	if err != nil {
		return nil
	}
	return parseNetrc(string(text), host)
}

// parseNetrc returns the first login for a host, or that of a default entry
// before it, as the netrc file of ftp(1) and curl has it.
func parseNetrc(text, host string) *login {
	var found login
	matches := false
	words := netrcWords(text)
	for i := 0; i < len(words); i++ {
		value := func() string {
			if i++; i < len(words) {
				return words[i]
			}
			return ""
		}
		switch words[i] {
		case "machine", "default":
			if matches && found != (login{}) {
				return &found
			}
			found = login{}
			matches = words[i] == "default" || strings.EqualFold(value(), host)
		case "login":
			found.user = value()
		case "password":
			found.password = value()
		case "account":
			value()
		}
	}
	if !matches || found == (login{}) {
		return nil
	}
	return &found
}

// netrcWords splits a netrc file into words. Words may be quoted; macros,
// which end at an empty line, and comments are left out.
func netrcWords(text string) []string {
	var words []string
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
			word, rest = netrcWord(rest)
			if word == "macdef" {
				macro = true
				break
			}
			words = append(words, word)
		}
	}
	return words
}

// netrcWord splits off the first word.
func netrcWord(text string) (word, rest string) {
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
