package git

import (
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

func TestLocations(t *testing.T) {
	for source, want := range map[string]string{
		"https://git.example.org/acme/deploy.git":           "https git.example.org 0 /acme/deploy.git",
		"http://localhost:8080/x":                           "http localhost 8080 /x",
		"https://[::1]:8443/x":                              "https [::1] 8443 /x",
		"https://user:pass@git.example.org/x.git":           "https git.example.org 0 /x.git",
		"https://git.example.org/a%20b/_git/c":              "https git.example.org 0 /a b/_git/c",
		"ssh://git@git.example.org:2222/acme/x":             "ssh git@git.example.org 2222 /acme/x",
		"ssh://git.example.org/~ann/x":                      "ssh git.example.org 0 /~ann/x",
		"git@git.example.org:acme/x.git":                    "ssh git@git.example.org 0 acme/x.git",
		"git@[::1]:x":                                       "ssh git@[::1] 0 x",
		"org-123@vs-ssh.visualstudio.com:v3/acme/project/x": "ssh org-123@vs-ssh.visualstudio.com 0 v3/acme/project/x",
		"file:///srv/git/x.git":                             "dir /srv/git/x.git",
		"file://localhost/srv/x":                            "dir /srv/x",
		".":                                                 "dir .",
		"a/b@c:d":                                           "dir a/b@c:d",
		"./-x":                                              "dir ./-x",
		"C:x":                                               "dir C:x",
		"dir with spaces":                                   "dir dir with spaces",
		"/srv/git/x":                                        "dir /srv/git/x",
	} {
		found, err := parseLocation(source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		got := "dir " + found.dir
		if found.remote() {
			e := found.endpoint
			got = e.Protocol + " " + strings.TrimPrefix(e.User+"@"+e.Host, "@") + " " + strings.TrimSpace(strings.Join([]string{strconv.Itoa(e.Port), e.Path}, " "))
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", source, got, want)
		}
		if strings.Contains(found.name, "pass") {
			t.Errorf("%s: its name %s holds the password", source, found.name)
		}
	}
}

// Row "remote bases, --upload-pack-like URLs (GHSA-9v9p-x54c-58gc)" of the
// threats: no command or option reaches git.
func TestHostileURLs(t *testing.T) {
	for source, want := range map[string]string{
		"":                                      "it is empty",
		"--upload-pack=touch /tmp/x":            "looks like an option",
		"-x":                                    "write ./-x for a directory of that name",
		"ext::sh -c 'touch /tmp/x; TOKEN'":      `open source "ext::…": transport helpers run commands`,
		"fd::17":                                "transport helpers run commands",
		"ext::ssh://x":                          "is not read",
		"git::https://git.example.org/x":        "is not read",
		"git://git.example.org/x":               `scheme "git" is not read`,
		"ftp://git.example.org/x":               `scheme "ftp" is not read`,
		"javascript://x":                        "is not read",
		"https://-oProxyCommand=x/y":            "is not a host name",
		"ssh://-oProxyCommand=touch/x":          "is not a host name",
		"ssh://git@-oProxyCommand=x/y":          "is not a host name",
		"ssh://-x@git.example.org/y":            "its user looks like an option",
		"git@git.example.org:--upload-pack=x":   "its path looks like an option",
		"git@git.example.org:/-x":               "its path looks like an option",
		"ssh://git@git.example.org/--upload":    "its path looks like an option",
		"https://git.example.org":               "it names no repository",
		"https://git.example.org/":              "it names no repository",
		"https:///x":                            "is not a host name",
		"https://git.example.org/x\ny":          "control characters",
		"https://git.example.org/x%0ay":         "control characters",
		"https://git.example.org/x%00":          "control characters",
		"https://u%0d:p@git.example.org/x":      "control characters",
		"https://git.example.org/x?ref=main":    "name the revision with --revision",
		"https://git.example.org/x?":            "a query or fragment means nothing",
		"https://git.example.org/x#main":        "a query or fragment means nothing",
		"https://git.example.org:99999/x":       "is not a port",
		"https://git.example.org:0/x":           "is not a port",
		"https://user:p%zz@git.example.org/x":   "malformed URL; credentials in it need percent-encoding",
		"https://us er:S3CRET@git.example.org/": "malformed URL",
		"ssh://git:S3CRET@git.example.org/x":    "passwords are not used over ssh",
		"file://git.example.org/x":              "a file URL names no host",
		"file://":                               "it names no path",
		"\x00":                                  "control characters",
		"dir\r\nname":                           "control characters",
	} {
		found, err := parseLocation(source)
		if err == nil {
			t.Errorf("%q: accepted as %+v", source, found)
			continue
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %q, want %q", source, err, want)
		}
		if strings.Contains(err.Error(), "S3CRET") || strings.Contains(err.Error(), "TOKEN") || strings.ContainsFunc(err.Error(), unicode.IsControl) {
			t.Errorf("%q: error %q shows what it must not", source, err)
		}
	}
}

// FuzzLocation holds every source that is accepted to what no transport may
// be given, and every message to what none may show.
func FuzzLocation(f *testing.F) {
	for _, source := range []string{
		"https://user:pa55word@git.example.org:8443/x.git", "git@git.example.org:acme/x.git", "ssh://git@[::1]/x",
		"file:///srv/x", "ext::sh -c x", "--upload-pack=x", "./x", "https://git.example.org/%2d", "http://\x7f/",
	} {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		found, err := parseLocation(source)
		if err != nil {
			if u, parseErr := url.Parse(source); parseErr == nil && u.User != nil {
				if password, _ := u.User.Password(); len(password) > 8 && strings.Count(source, password) == 1 && strings.Contains(err.Error(), password) {
					t.Errorf("%q: error %q shows the password", source, err)
				}
			}
			return
		}
		if found.dir != "" {
			if strings.HasPrefix(found.dir, "-") {
				t.Errorf("%q: directory %q", source, found.dir)
			}
			return
		}
		e := found.endpoint
		if e.Protocol != "https" && e.Protocol != "http" && e.Protocol != "ssh" || e.Password != "" {
			t.Errorf("%q: endpoint %+v", source, e)
		}
		for _, part := range []string{e.Host, e.User, strings.TrimLeft(e.Path, "/")} {
			if strings.HasPrefix(part, "-") || strings.ContainsFunc(part, unicode.IsControl) {
				t.Errorf("%q: endpoint %+v", source, e)
			}
		}
	})
}

func FuzzRevision(f *testing.F) {
	for _, revision := range []string{"HEAD~1^2", "main", "v1.0^0", "~", "^99999999999999999999"} {
		f.Add(revision)
	}
	f.Fuzz(func(t *testing.T, revision string) {
		name, steps, err := splitSteps(revision)
		if err != nil || checkRevision(revision) != nil {
			return
		}
		total := 0
		for _, step := range steps {
			total += step.times
			if step.parent < 0 || step.times < 0 {
				t.Errorf("%q: step %+v", revision, step)
			}
		}
		if total > maxSteps || strings.ContainsAny(name, "~^") {
			t.Errorf("%q: name %q, %d steps", revision, name, total)
		}
	})
}
