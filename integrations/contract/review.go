package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/syncgate/syncgate/integrations/forge"
)

// Review is how a forge takes findings at lines.
type Review struct {
	// Below is what the paths of its requests begin with, and Answer what each is
	// answered with.
	Below, Answer string
	// Read takes the annotations out of a request's body, as "path:line level",
	// and what the request says of the verdict, if it says anything.
	Read func(method, path string, body []byte) (annotations []string, verdict string)
	// Once and Total are how many annotations a request and a review may have.
	Once, Total int
	// Verdicts are the forge's names for what a review can say.
	Verdicts map[forge.State]string
}

func (r *Review) is(method, path string) bool {
	return method != http.MethodGet && strings.HasPrefix(path, r.Below)
}

// request is one that came.
type request struct {
	method, path string
	body         []byte
}

// described holds the body of a request to what the forge publishes of itself.
func (s *server) described(asked string, body []byte) {
	if len(s.Requests) == 0 || strings.HasPrefix(asked, "GET ") || strings.HasPrefix(asked, "DELETE ") {
		return
	}
	var all map[string]any
	if err := json.Unmarshal(s.Requests, &all); err != nil {
		s.t.Fatal(err)
	}
	for described, schema := range all {
		if !same(described, asked) {
			continue
		}
		c := jsonschema.NewCompiler()
		err := c.AddResource("https://schema.test/request.json", schema)
		if err != nil {
			s.t.Fatal(err)
		}
		compiled, err := c.Compile("https://schema.test/request.json")
		if err != nil {
			s.t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
		if err == nil {
			err = compiled.Validate(value)
		}
		if err != nil {
			s.t.Errorf("%s: %v", asked, err)
		}
		return
	}
	s.t.Errorf("%s is not described", asked)
}

// same compares a request with the description of one, part by part.
func same(described, asked string) bool {
	a, b := strings.Split(described, "/"), strings.Split(asked, "/")
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] && a[i] != "*" {
			return false
		}
	}
	return true
}

func (f Forge) testReviews(t *testing.T) {
	for _, state := range []forge.State{forge.Success, forge.Failure, forge.Error} {
		t.Run(string(state), func(t *testing.T) {
			s := f.start(t)
			p := s.publisher().(forge.Annotator)
			status := forge.Status{State: forge.Pending, Name: "syncgate/shop", Description: "verifying", Link: "https://ci.example/1"}
			if err := p.Annotate(t.Context(), forge.Review{Status: status}); err != nil {
				t.Fatal(err)
			}
			if _, verdicts := s.read(t); len(verdicts) != 1 || verdicts[0] != f.Review.Verdicts[forge.Pending] {
				t.Errorf("it begins with %q", verdicts)
			}
			s.reviewed = nil
			review := forge.Review{Status: status, Summary: "## all"}
			review.State = state
			var want []string
			for i := range f.Review.Total + 7 {
				a := forge.Annotation{ID: fmt.Sprint("id", i), Path: "deploy/a b.yaml", Line: i, Title: strings.Repeat("ü", 1000), Text: strings.Repeat("x", 20_000), Level: forge.Level(i % 3)}
				review.Annotations = append(review.Annotations, a)
				if i < f.Review.Total {
					want = append(want, fmt.Sprintf("%s:%d %d", a.Path, a.Line, a.Level))
				}
			}
			if err := p.Annotate(t.Context(), review); err != nil {
				t.Fatal(err)
			}
			got, verdicts := s.read(t)
			if strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("%d annotations, want %d:\n%.300s", len(got), len(want), strings.Join(got, "\n"))
			}
			for _, v := range verdicts {
				if v != f.Review.Verdicts[state] {
					t.Errorf("%s is told as %s", state, v)
				}
			}
			if len(verdicts) == 0 {
				t.Error("no verdict is told")
			}
		})
	}
	t.Run("refused", func(t *testing.T) {
		s := f.start(t)
		for range 10 {
			s.fails = append(s.fails, answer(403, "", "", `{"message":"Resource not accessible by integration"}`))
		}
		err := s.publisher().(forge.Annotator).Annotate(t.Context(), forge.Review{Status: forge.Status{State: forge.Pending, Name: "a"}})
		if err == nil || strings.Contains(err.Error(), token) || !strings.Contains(err.Error(), "see that the token") {
			t.Errorf("error %v", err)
		}
	})
}

// read takes annotations and verdicts out of what came.
func (s *server) read(t *testing.T) (annotations, verdicts []string) {
	t.Helper()
	for _, r := range s.reviewed {
		found, verdict := s.Review.Read(r.method, r.path, r.body)
		if len(found) > s.Review.Once {
			t.Errorf("%d annotations in one request, want at most %d", len(found), s.Review.Once)
		}
		annotations = append(annotations, found...)
		if verdict != "" {
			verdicts = append(verdicts, verdict)
		}
	}
	return annotations, verdicts
}
