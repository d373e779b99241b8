package policy

import "strings"

// sourceURI is where source code is: a repository and a ref, normalised so
// that two spellings of one place compare alike.
type sourceURI struct{ repository, ref string }

// parseSource reads a source's URI: "git+https://host/path@ref", BuildKit's
// "https://host/path.git#ref:dir", or without either. Scheme and host are put
// in lower case, "git+" before another scheme, ".git" and a trailing slash
// are dropped. The scheme itself stays: http is not https, however it is
// spelt.
func parseSource(uri string) sourceURI {
	scheme, rest, found := strings.Cut(uri, "://")
	if !found {
		return sourceURI{repository: uri}
	}
	host, path, _ := strings.Cut(rest, "/")
	var s sourceURI
	if base, ref, ok := strings.Cut(path, "@"); ok {
		path, s.ref = base, ref
	} else if base, fragment, ok := strings.Cut(path, "#"); ok {
		path = base
		s.ref, _, _ = strings.Cut(fragment, ":")
	}
	path = strings.TrimSuffix(strings.TrimSuffix(path, "/"), ".git")
	scheme = strings.TrimPrefix(strings.ToLower(scheme), "git+")
	s.repository = scheme + "://" + strings.ToLower(host) + "/" + path
	return s
}

// plain tells whether a URI can be compared with a glob by its text: it has
// no segment that leads up again, and nothing that is escaped.
func plain(uri string) bool {
	if strings.ContainsAny(uri, "\\%") || strings.ContainsFunc(uri, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return false
	}
	for segment := range strings.SplitSeq(uri, "/") {
		if segment == "." || segment == ".." {
			return false
		}
	}
	return true
}

// matchSource tells whether a glob is about a source. A glob that names a ref
// asks for that too.
func matchSource(pattern, uri string) bool {
	if !plain(uri) {
		return false
	}
	want, have := parseSource(pattern), parseSource(uri)
	return matchGlob(want.repository, have.repository) && (want.ref == "" || matchGlob(want.ref, have.ref))
}

// matchURI compares a glob with a URI that is no source: scheme and host in
// lower case, the rest as it is.
func matchURI(pattern, uri string) bool {
	return plain(uri) && matchGlob(lowerHost(pattern), lowerHost(uri))
}

func lowerHost(uri string) string {
	scheme, rest, found := strings.Cut(uri, "://")
	if !found {
		return uri
	}
	host, path, slash := strings.Cut(rest, "/")
	lowScheme, lowHost := strings.ToLower(scheme), strings.ToLower(host)
	if lowScheme == scheme && lowHost == host {
		return uri
	}
	uri = lowScheme + "://" + lowHost
	if slash {
		uri += "/" + path
	}
	return uri
}

func matchAny(patterns []string, text string, matches func(pattern, text string) bool) bool {
	for _, pattern := range patterns {
		if matches(pattern, text) {
			return true
		}
	}
	return false
}
