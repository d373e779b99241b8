// Package contract is the one suite that the publishers of all forges pass, over
// real HTTP with a server that answers as the forge does.
package contract

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/syncgate/syncgate/integrations/forge"
)

// Forge is how a forge is spoken to.
type Forge struct {
	// Project is a repository that the server has.
	Project string
	// Base is what follows the server's address in the URL of its API.
	Base string
	// New makes the publisher under test.
	New func(forge.Target, *forge.Transport) (forge.Publisher, error)
	// Statuses and Comments are the paths at which a status is set, and the
	// comments of change 7 are listed and made; a comment is changed below Edit.
	Statuses, Comments, Edit string
	// EditMethod is that by which a comment is changed.
	EditMethod string
	// Auth is the header that carries the token, and Scheme what is before it.
	Auth, Scheme string
	// Name is the field of a request that names a status.
	Name string
	// States are the forge's names for what a status can say.
	States map[forge.State]string
	// Description is the number of characters that one may have.
	Description int
	// Credential is the whole of the header that carries the token, where that is
	// not Scheme and the token.
	Credential string
	// Also is the path at which a status is set a second time, and Answers are
	// those to requests that are not of comments.
	Also    string
	Answers map[string]string
	// Status reads a status of a request's body, and Text that of a comment,
	// where they are not called as Name has it, or body.
	Status func(body []byte) (forge.Status, error)
	Text   func(body []byte) string
	// List answers with comments from from to to of all that there are.
	List func(w http.ResponseWriter, comments []string, from, to int)
	// Requests are the bodies that the forge's published description allows: a
	// JSON Schema for each "METHOD path", in which * is any part of a path.
	Requests []byte
	// Review is how findings are written at their lines, or nil.
	Review *Review
}

const (
	commit = "8f5a1b3c9d7e4f60123456789abcdef012345678"
	token  = "secret-token-of-the-test"
	marker = "<!-- syncgate:shop -->"
)

// server is a forge.
type server struct {
	t *testing.T
	Forge
	*httptest.Server

	mu       sync.Mutex
	statuses []forge.Status
	comments []string
	// fails are answers that come before the right ones.
	fails []func(http.ResponseWriter)
	// foreign are the comments of others, which may not be changed.
	foreign map[int]bool
	asked   int
	waits   []time.Duration
	// reviewed are the bodies of requests for reviews, by method and path.
	reviewed []request
}

func (f Forge) start(t *testing.T) *server {
	s := &server{t: t, Forge: f}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) publisher() forge.Publisher {
	s.t.Helper()
	p, err := s.New(forge.Target{
		Forge: "the forge", API: s.URL + s.Base, Project: s.Project, Commit: commit, Change: 7, Token: token,
	}, &forge.Transport{
		Wait: func(ctx context.Context, d time.Duration) error {
			s.waits = append(s.waits, d)
			return ctx.Err()
		},
		Now: func() time.Time { return time.Unix(1000, 0) },
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// ServeHTTP answers as the forge does.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if got := r.Header.Get(s.Auth); got != cmp.Or(s.Credential, s.Scheme+token) {
		s.t.Errorf("%s %s: header %s is %q", r.Method, r.URL.Path, s.Auth, got)
	}
	if len(s.fails) > 0 {
		fail := s.fails[0]
		s.fails = s.fails[1:]
		fail(w)
		return
	}
	body, _ := io.ReadAll(r.Body)
	path := r.URL.EscapedPath()
	w.Header().Set("Content-Type", "application/json")
	s.described(r.Method+" "+strings.TrimPrefix(path, s.Base), body)
	switch text := s.text(body); {
	case s.Answers[r.Method+" "+path] != "":
		fmt.Fprint(w, s.Answers[r.Method+" "+path])
	case s.Review != nil && s.Review.is(r.Method, path):
		s.reviewed = append(s.reviewed, request{r.Method, path, body})
		if r.Method == http.MethodDelete {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, s.Review.Answer)
	case r.Method == http.MethodPost && (path == s.Base+s.Statuses || s.Also != "" && path == s.Base+s.Also):
		status, err := s.decode(body)
		if err != nil {
			s.t.Errorf("status %s: %v", body, err)
		}
		s.statuses = append(s.statuses, status)
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, "{}")
	case r.Method == http.MethodGet && path == s.Base+s.Comments:
		s.list(w, r)
	case r.Method == http.MethodPost && path == s.Base+s.Comments:
		s.comments = append(s.comments, text)
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, "{}")
	case r.Method == s.EditMethod && strings.HasPrefix(path, s.Base+s.Edit):
		var id int
		if _, err := fmt.Sscan(strings.TrimPrefix(path, s.Base+s.Edit), &id); err != nil || id > len(s.comments) {
			s.t.Errorf("%s %s: no such comment", r.Method, path)
			return
		}
		if s.foreign[id] {
			answer(http.StatusForbidden, "", "", `{"message":"it is not yours"}`)(w)
			return
		}
		s.comments[id-1] = text
		fmt.Fprint(w, "{}")
	default:
		s.t.Errorf("%s %s is not of the forge's interface", r.Method, path)
		w.WriteHeader(http.StatusNotFound)
	}
}

// decode reads a status from a request's body. But for its name the fields are
// called the same everywhere.
func (f Forge) decode(body []byte) (forge.Status, error) {
	if f.Status != nil {
		return f.Status(body)
	}
	var fields map[string]string
	err := json.Unmarshal(body, &fields)
	return forge.Status{
		State: forge.State(fields["state"]), Name: fields[f.Name], Description: fields["description"], Link: fields["target_url"],
	}, err
}

func (f Forge) text(body []byte) string {
	if f.Text != nil {
		return f.Text(body)
	}
	var change struct{ Body string }
	_ = json.Unmarshal(body, &change)
	return change.Body
}

// list lists comments, two on a page.
func (s *server) list(w http.ResponseWriter, r *http.Request) {
	page := 1
	_, _ = fmt.Sscan(r.URL.Query().Get("page"), &page)
	page = max(page, 1)
	from := min(2*(page-1), len(s.comments))
	to := min(from+2, len(s.comments))
	if s.List != nil {
		s.List(w, s.comments, from, to)
		return
	}
	list := []any{}
	for i, text := range s.comments[from:to] {
		list = append(list, map[string]any{"id": from + i + 1, "body": text})
	}
	if to < len(s.comments) {
		w.Header().Set("X-Next-Page", fmt.Sprint(page+1))
		next := fmt.Sprintf("<%s%s?page=%d>", s.URL, r.URL.Path, page+1)
		w.Header().Set("Link", next+`; rel="next", `+next+`; rel="last"`)
	}
	_ = json.NewEncoder(w).Encode(list)
}

// answer is a failing answer.
func answer(status int, header, value, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		if header != "" {
			w.Header().Set(header, value)
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// Run runs the suite.
func (f Forge) Run(t *testing.T) {
	t.Run("statuses", f.testStatuses)
	t.Run("comments", f.testComments)
	t.Run("foreign comments", f.testForeign)
	t.Run("faults", f.testFaults)
	t.Run("refusals", f.testRefusals)
	if f.Review != nil {
		t.Run("reviews", f.testReviews)
	}
}

// Publish publishes statuses, each of which the server has to take.
func (f Forge) Publish(t *testing.T, statuses ...forge.Status) {
	t.Helper()
	p := f.start(t).publisher()
	for _, s := range statuses {
		if err := p.Publish(t.Context(), s); err != nil {
			t.Error(err)
		}
	}
}

// times is how many requests one status takes.
func (f Forge) times() int {
	if f.Also != "" {
		return 2
	}
	return 1
}

func (f Forge) testStatuses(t *testing.T) {
	s := f.start(t)
	p := s.publisher()
	long := strings.Repeat("ü", 1000)
	for _, state := range []forge.State{forge.Pending, forge.Success, forge.Failure, forge.Error} {
		status := forge.Status{State: state, Name: "syncgate/shop", Description: long, Link: "https://ci.example/1"}
		if err := p.Publish(t.Context(), status); err != nil {
			t.Fatal(err)
		}
		got := s.statuses[len(s.statuses)-1]
		if string(got.State) != f.States[state] || got.Name != status.Name || got.Link != status.Link {
			t.Errorf("%s is set as %+v", state, got)
		}
		if n := utf8.RuneCountInString(got.Description); n > f.Description || n < 100 {
			t.Errorf("the description has %d characters, of %d", n, f.Description)
		}
		if state != forge.Success && f.States[state] == f.States[forge.Success] {
			t.Errorf("%s is told as success", state)
		}
	}
	if want := 4*f.times() + 4*len(f.Answers); s.asked != want {
		t.Errorf("%d requests for 4 statuses, want %d", s.asked, want)
	}
}

func (f Forge) testComments(t *testing.T) {
	s := f.start(t)
	s.comments = []string{"first", "second", "third " + marker}
	p := s.publisher()
	for _, text := range []string{marker + "\nold", marker + "\nnew"} {
		if err := p.Comment(t.Context(), marker, text); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"first", "second", "third " + marker, marker + "\nnew"}; !slices.Equal(s.comments, want) {
		t.Errorf("comments %q, want %q", s.comments, want)
	}
}

// testForeign: a comment that somebody else wrote as ours is left alone, and
// keeps ours from nothing.
func (f Forge) testForeign(t *testing.T) {
	s := f.start(t)
	s.comments, s.foreign = []string{marker + "\nall is well", "other", marker + "\nours"}, map[int]bool{1: true}
	if err := s.publisher().Comment(t.Context(), marker, marker+"\nnew"); err != nil {
		t.Fatal(err)
	}
	s.comments[2], s.foreign[3] = marker+"\nnew", true
	if err := s.publisher().Comment(t.Context(), marker, marker+"\nlast"); err != nil {
		t.Fatal(err)
	}
	if want := []string{marker + "\nall is well", "other", marker + "\nnew", marker + "\nlast"}; !slices.Equal(s.comments, want) {
		t.Errorf("comments %q, want %q", s.comments, want)
	}
}

func (f Forge) testFaults(t *testing.T) {
	for name, row := range map[string]struct {
		fails []func(http.ResponseWriter)
		waits []time.Duration
	}{
		"limited":    {[]func(http.ResponseWriter){answer(429, "Retry-After", "7", "slow down")}, []time.Duration{7 * time.Second}},
		"unwell":     {[]func(http.ResponseWriter){answer(502, "", "", "<html>"), answer(503, "", "", "")}, []time.Duration{time.Second, 2 * time.Second}},
		"second one": {[]func(http.ResponseWriter){answer(403, "Retry-After", "3", `{"message":"secondary rate limit"}`)}, []time.Duration{3 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			s := f.start(t)
			s.fails = row.fails
			if err := s.publisher().Publish(t.Context(), forge.Status{State: forge.Success, Name: "a"}); err != nil {
				t.Error(err)
			}
			if len(s.statuses) != f.times() || !slices.Equal(s.waits, row.waits) {
				t.Errorf("%d statuses after waiting %v, want one after %v", len(s.statuses), s.waits, row.waits)
			}
		})
	}
}

func (f Forge) testRefusals(t *testing.T) {
	for name, row := range map[string]struct {
		fail func(http.ResponseWriter)
		says string
	}{
		"no token":     {answer(401, "", "", `{"message":"Bad credentials"}`), "see that the token is valid"},
		"an echo":      {answer(401, "", "", `{"message":"no such token: `+token+`"}`), "see that the token is valid"},
		"no right":     {answer(403, "", "", `{"message":"Resource not accessible by integration"}`), "may write statuses"},
		"no commit":    {answer(404, "", "", `{"message":"Not Found"}`), "see that the repository and the commit exist"},
		"a web page":   {answer(422, "Content-Type", "text/html", "<html>\x1b[2J"+strings.Repeat("x", 5000)), "422"},
		"a long while": {answer(429, "Retry-After", "86400", "{}"), "429"},
		"elsewhere":    {answer(302, "Location", "https://elsewhere.example/", ""), ""},
		"always down":  {answer(500, "", "", "{}"), "500"},
	} {
		t.Run(name, func(t *testing.T) {
			for what, act := range map[string]func(forge.Publisher) error{
				"Publish": func(p forge.Publisher) error {
					return p.Publish(t.Context(), forge.Status{State: forge.Success, Name: "a"})
				},
				"Comment": func(p forge.Publisher) error { return p.Comment(t.Context(), marker, marker) },
			} {
				s := f.start(t)
				for range 10 {
					s.fails = append(s.fails, row.fail)
				}
				err := act(s.publisher())
				if err == nil {
					t.Fatalf("%s: no error", what)
				}
				text := err.Error()
				if !strings.Contains(text, row.says) || !strings.Contains(text, s.Project) || !strings.Contains(text, commit) || !strings.Contains(text, "the forge") {
					t.Errorf("%s: error %q, want one that names repository, commit and forge, and says %q", what, text, row.says)
				}
				if strings.Contains(text, token) || strings.ContainsAny(text, "\x1b\n") || len(text) > 1000 {
					t.Errorf("%s: error %q", what, text)
				}
				if len(s.statuses)+len(s.comments) > 0 {
					t.Errorf("%s: something was published", what)
				}
			}
		})
	}
}
