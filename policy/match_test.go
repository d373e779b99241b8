package policy

import (
	"strings"
	"testing"
)

func subjectNamed(reference string) Subject {
	name, digest, pinned := strings.Cut(reference, "@")
	repository, tag := cutTag(name)
	s := Subject{Reference: reference, Repository: normaliseName(repository), Tag: tag, Pinned: pinned, PlatformsKnown: true}
	if tag == "" && !pinned {
		s.Tag = "latest"
	}
	s.Digest = image
	if pinned {
		s.Digest, _ = ParseDigest(digest)
	}
	return s
}

// The row "docker.io, index.docker.io, bare names" of what must never happen.
func TestAllNamesOfAnImageMeetTheSameRule(t *testing.T) {
	names := []string{
		"nginx", "docker.io/nginx", "index.docker.io/nginx", "docker.io/library/nginx", "library/nginx",
		"index.docker.io/library/nginx:latest@" + image.String(), "nginx:latest", "nginx@" + image.String(), "DOCKER.IO/nginx", "docker.io:443/library/nginx",
		"registry-1.docker.io/library/nginx", "registry.hub.docker.com/library/nginx", "Registry-1.Docker.io:443/library/nginx:1.27",
	}
	for _, pattern := range []string{
		"nginx", "docker.io/nginx", "index.docker.io/nginx", "docker.io/library/nginx", "index.docker.io/library/nginx", "library/nginx",
		"docker.io/*", "ngin*", "docker.io/**", "index.docker.io/library/*", "**", "*", "**/nginx", "index.docker.io/**", "Docker.io/nginx", "index.docker.io:443/library/nginx",
		"registry-1.docker.io/library/nginx", "registry.hub.docker.com/**",
	} {
		for _, name := range names {
			if got := matchName(pattern, nameOf(subjectNamed(name)), demands); got != matchYes {
				t.Errorf("%s does not match %s", pattern, name)
			}
		}
	}
}

func TestMatchName(t *testing.T) {
	digest := image.String()
	other := digestOf("other").String()
	for _, row := range []struct {
		pattern, name string
		want          match
	}{
		{"ghcr.io/acme/**", "ghcr.io/acme/app:1.0", matchYes},
		{"ghcr.io/acme/**", "GHCR.IO/acme/app:1.0", matchYes},
		{"ghcr.io/acme/**", "ghcr.io:443/acme/app:1.0", matchYes},
		{"ghcr.io/acme/**", "ghcr.io./acme/app:1.0", matchYes},
		{"ghcr.io/acme/**", "ghcr.io:8443/acme/app", matchNo},
		{"ghcr.io/acme/**", "ghcr.io.evil.com/acme/app", matchNo},
		{"acme/app", "docker.io/acme/app", matchYes},
		{"acme/app", "ghcr.io/acme/app", matchNo},
		{"nginx", "ghcr.io/nginx", matchNo},
		{"nginx", "evil/nginx", matchNo},
		{"*/*", "acme/app", matchYes},
		{"localhost/app", "localhost/app", matchYes},
		{"localhost:5000/app", "localhost:5000/app:1", matchYes},
		{"localhost:5000/app:1", "localhost:5000/app:1", matchYes},
		{"localhost:5000/app:2", "localhost:5000/app:1", matchNo},
		{"ghcr.io/acme/app:1.*", "ghcr.io/acme/app:1.2", matchYes},
		{"ghcr.io/acme/app:1.*", "ghcr.io/acme/app:2.0", matchNo},
		{"ghcr.io/acme/app:*", "ghcr.io/acme/app@" + digest, matchNo},
		{"nginx:latest", "nginx", matchYes},
		{"ghcr.io/acme/app@" + digest, "ghcr.io/acme/app@" + digest, matchYes},
		{"ghcr.io/acme/app@" + digest, "ghcr.io/acme/app:1.0@" + digest, matchYes},
		{"ghcr.io/acme/app@" + other, "ghcr.io/acme/app@" + digest, matchNo},
		{"ghcr.io/acme/app@sha256:*", "ghcr.io/acme/app:1.0", matchYes},
	} {
		if got := matchName(row.pattern, nameOf(subjectNamed(row.name)), demands); got != row.want {
			t.Errorf("%s matches %s: %d, want %d", row.pattern, row.name, got, row.want)
		}
	}
	s := subjectNamed("ghcr.io/acme/app:1.0")
	s.Digest = Digest{}
	if got := matchName("ghcr.io/acme/app@"+digest, nameOf(s), demands); got != matchUnknown {
		t.Errorf("a digest matches an image whose digest is not known: %d", got)
	}
}

// A tag beside a digest is decoration: whoever writes the manifest chooses
// it, so that it may add demands and lift none.
func TestTagBesideDigestLiftsNothing(t *testing.T) {
	name := nameOf(subjectNamed("ghcr.io/acme/app:debug@" + image.String()))
	if matchName("ghcr.io/acme/app:debug", name, demands) != matchYes {
		t.Error("it does not even add demands")
	}
	if matchName("ghcr.io/acme/app:debug", name, lifts) != matchNo {
		t.Error("it lifts demands")
	}
	if matchName("ghcr.io/acme/app:debug", nameOf(subjectNamed("ghcr.io/acme/app:debug")), lifts) != matchYes {
		t.Error("a tag alone lifts nothing")
	}
}

func TestPolicyMatches(t *testing.T) {
	acme := []string{"ghcr.io/acme/**"}
	for name, row := range map[string]struct {
		match  Match
		allow  bool
		change func(*Subject)
		want   match
	}{
		"image":                         {match: Match{Images: acme}, want: matchYes},
		"another image":                 {match: Match{Images: []string{"ghcr.io/other/**"}}, want: matchNo},
		"no images":                     {match: Match{}, want: matchUnknown},
		"excluded":                      {match: Match{Images: acme, Exclude: []string{"ghcr.io/acme/a*"}}, want: matchNo},
		"not excluded":                  {match: Match{Images: acme, Exclude: []string{"ghcr.io/acme/b*"}}, want: matchYes},
		"namespace":                     {match: Match{Images: acme, Namespaces: []string{"pr*"}}, want: matchYes},
		"another namespace":             {match: Match{Images: acme, Namespaces: []string{"test"}}, want: matchNo},
		"no namespace":                  {match: Match{Images: acme, Namespaces: []string{"prod"}}, change: func(s *Subject) { s.Uses[0].Namespace = "" }, want: matchUnknown},
		"kind":                          {match: Match{Images: acme, Kinds: []string{"Job", "Deployment"}}, want: matchYes},
		"another kind":                  {match: Match{Images: acme, Kinds: []string{"Deploy"}}, want: matchNo},
		"unit":                          {match: Match{Images: acme, Units: []string{"sho*"}}, want: matchYes},
		"another unit":                  {match: Match{Images: acme, Units: []string{"sho"}}, want: matchNo},
		"label":                         {match: Match{Images: acme, Labels: map[string]string{"tier": "front"}}, want: matchYes},
		"another label":                 {match: Match{Images: acme, Labels: map[string]string{"tier": "back"}}, want: matchNo},
		"one label of two":              {match: Match{Images: acme, Labels: map[string]string{"tier": "front", "x": ""}}, want: matchNo},
		"class":                         {match: Match{Images: acme, Classes: []string{"podspec"}}, want: matchYes},
		"another class":                 {match: Match{Images: acme, Classes: []string{"text"}}, want: matchNo},
		"nowhere":                       {match: Match{Images: acme, Kinds: []string{"Deployment"}}, change: func(s *Subject) { s.Uses = nil }, want: matchUnknown},
		"one use of two":                {match: Match{Images: acme, Namespaces: []string{"prod"}}, change: addUse("test"), want: matchYes},
		"one use of two, one unknown":   {match: Match{Images: acme, Namespaces: []string{"test"}}, change: addUse(""), want: matchUnknown},
		"one use of two, allowed":       {match: Match{Images: acme, Namespaces: []string{"prod"}}, allow: true, change: addUse("test"), want: matchNo},
		"both uses, allowed":            {match: Match{Images: acme, Namespaces: []string{"*"}}, allow: true, change: addUse("test"), want: matchYes},
		"one unknown, allowed":          {match: Match{Images: acme, Namespaces: []string{"*"}}, allow: true, change: addUse(""), want: matchUnknown},
		"excluded by unresolved digest": {match: Match{Images: acme, Exclude: []string{"ghcr.io/acme/app@" + image.String()}}, change: func(s *Subject) { s.Digest = Digest{} }, want: matchUnknown},
	} {
		p := Policy{Match: row.match, AllowUnmatched: row.allow}
		s := appSubject()
		if row.change != nil {
			row.change(&s)
		}
		got, because := p.matches(t.Context(), &s, nameOf(s))
		why := p.say(because)
		if got != row.want || got != matchYes && why == "" {
			t.Errorf("%s: %d (%s), want %d", name, got, why, row.want)
		}
	}
}

func addUse(namespace string) func(*Subject) {
	return func(s *Subject) {
		s.Uses = append(s.Uses, Use{Unit: "x", Kind: "Job", Namespace: namespace, Name: "j", Class: "podspec"})
	}
}
