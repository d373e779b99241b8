package registry

import (
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// bearerChallenge returns the first Bearer challenge with a realm among the
// WWW-Authenticate headers of an answer, and nil if there is none.
func bearerChallenge(header http.Header) *transport.Challenge {
	for _, value := range header.Values("WWW-Authenticate") {
		for _, c := range parseChallenges(value) {
			if strings.EqualFold(c.Scheme, "bearer") && c.Parameters["realm"] != "" {
				return &c
			}
		}
	}
	return nil
}

// parseChallenges reads the challenges of one WWW-Authenticate header as RFC
// 9110, section 11.6.1 writes them. It stops where it does not understand.
func parseChallenges(s string) []transport.Challenge {
	var found []transport.Challenge
	for {
		s = strings.TrimLeft(s, " \t,")
		word, rest := token(s)
		if word == "" {
			return found
		}
		value, after, ok := parameter(rest)
		switch {
		case ok && len(found) > 0:
			last := found[len(found)-1].Parameters
			if _, twice := last[strings.ToLower(word)]; !twice {
				last[strings.ToLower(word)] = value
			}
			s = after
		case ok:
			return found
		default:
			found = append(found, transport.Challenge{Scheme: word, Parameters: map[string]string{}})
			s = rest
		}
	}
}

// token reads a token (RFC 9110, section 5.6.2).
func token(s string) (word, rest string) {
	i := strings.IndexFunc(s, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
	})
	if i < 0 {
		i = len(s)
	}
	return s[:i], s[i:]
}

// parameter reads "=value", where value is a token or a quoted string.
func parameter(s string) (value, rest string, ok bool) {
	s, ok = strings.CutPrefix(strings.TrimLeft(s, " \t"), "=")
	if !ok {
		return "", s, false
	}
	s = strings.TrimLeft(s, " \t")
	if !strings.HasPrefix(s, `"`) {
		value, rest = token(s)
		return value, rest, true
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:], true
		case '\\':
			i++
			if i == len(s) {
				return "", "", true
			}
		}
		b.WriteByte(s[i])
	}
	return "", "", true
}
