package azure_test

import (
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/integrations/azure"
	"github.com/syncgate/syncgate/integrations/contract"
	"github.com/syncgate/syncgate/integrations/forge"
)

// requests are what Azure DevOps' published description (git.json 7.1 of
// MicrosoftDocs/vsts-rest-api-specs) says of the bodies that are sent to it.
//
//go:embed testdata/requests.json
var requests []byte

const (
	repository = "/Web%20Shop/_apis/git/repositories/deploy"
	commit     = "8f5a1b3c9d7e4f60123456789abcdef012345678"
)

func TestContract(t *testing.T) {
	contract.Forge{
		Project: "Web Shop/deploy", Base: "/acme", Auth: "Authorization", Requests: requests,
		Credential: "Basic " + base64.StdEncoding.EncodeToString([]byte(":secret-token-of-the-test")),
		New:        func(to forge.Target, by *forge.Transport) (forge.Publisher, error) { return azure.New(to, by) },
		Statuses:   repository + "/commits/" + commit + "/statuses",
		Also:       repository + "/pullRequests/7/statuses",
		Answers: map[string]string{
			// The head of another iteration is another commit, and so may the newest be.
			"GET /acme" + repository + "/pullRequests/7/iterations": `{"value":[
				{"id":1,"sourceRefCommit":{"commitId":"0000"}}, {"id":2,"sourceRefCommit":{"commitId":"` + commit + `"}}, {"id":3,"sourceRefCommit":{"commitId":"1111"}}]}`,
		},
		Comments:   repository + "/pullRequests/7/threads",
		Edit:       repository + "/pullRequests/7/threads/",
		EditMethod: "PATCH", Description: 255,
		States: map[forge.State]string{forge.Pending: "pending", forge.Success: "succeeded", forge.Failure: "failed", forge.Error: "error"},
		Status: func(body []byte) (forge.Status, error) {
			var s struct {
				State, Description, TargetURL string
				Context                       struct{ Name, Genre string }
				IterationID                   *int
			}
			err := json.Unmarshal(body, &s)
			if s.IterationID != nil && *s.IterationID != 2 {
				err = fmt.Errorf("the status is about iteration %d", *s.IterationID)
			}
			return forge.Status{State: forge.State(s.State), Name: s.Context.Name, Description: s.Description, Link: s.TargetURL}, err
		},
		Text: func(body []byte) string {
			var c struct {
				Content  string
				Comments []struct{ Content string }
			}
			_ = json.Unmarshal(body, &c)
			if len(c.Comments) > 0 {
				return c.Comments[0].Content
			}
			return c.Content
		},
		List: func(w http.ResponseWriter, comments []string, _, _ int) {
			var threads []any
			for i, text := range comments {
				threads = append(threads, map[string]any{"id": i + 1, "comments": []any{map[string]any{"id": 1, "content": text}}})
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"value": threads})
		},
	}.Run(t)
}

// TestNotTheCommitsIteration: where a pull request has moved on, nothing is said
// of what it has become.
func TestNotTheCommitsIteration(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/pullRequests/7/statuses") {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		fmt.Fprint(w, `{"value":[{"id":3,"sourceRefCommit":{"commitId":"1111"}}]}`)
	}))
	defer server.Close()
	p, err := azure.New(forge.Target{API: server.URL, Project: "a/b", Commit: commit, Change: 7, Token: "t"}, &forge.Transport{})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Publish(t.Context(), forge.Status{State: forge.Success, Name: "a"}); err == nil || !strings.Contains(err.Error(), "no iteration with this commit") {
		t.Errorf("error %v", err)
	}
}

// TestSignInPage: what a token that has expired is answered with is no success.
func TestSignInPage(t *testing.T) {
	for status, contentType := range map[int]string{http.StatusNonAuthoritativeInfo: "text/html", http.StatusOK: "text/html"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			fmt.Fprint(w, "<html><title>Sign in</title>")
		}))
		defer server.Close()
		p, err := azure.New(forge.Target{API: server.URL, Project: "a/b", Commit: commit, Token: "t"}, &forge.Transport{})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Publish(t.Context(), forge.Status{State: forge.Success, Name: "a"}); err == nil {
			t.Errorf("%d with a page to sign in at is taken for success", status)
		}
	}
}
