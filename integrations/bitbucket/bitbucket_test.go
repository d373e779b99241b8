package bitbucket_test

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/integrations/bitbucket"
	"github.com/syncgate/syncgate/integrations/contract"
	"github.com/syncgate/syncgate/integrations/forge"
)

// requests are what Bitbucket Cloud's published description (its Swagger
// document of the API 2.0) says of the bodies that are sent to it.
//
//go:embed testdata/requests.json
var requests []byte

const commit = "/repositories/acme/deploy/commit/8f5a1b3c9d7e4f60123456789abcdef012345678"

func TestContract(t *testing.T) {
	contract.Forge{
		Project: "acme/deploy", Base: "/2.0", Auth: "Authorization", Scheme: "Bearer ", Requests: requests,
		New:        func(to forge.Target, by *forge.Transport) (forge.Publisher, error) { return bitbucket.New(to, by) },
		Statuses:   commit + "/statuses/build",
		Comments:   "/repositories/acme/deploy/pullrequests/7/comments",
		Edit:       "/repositories/acme/deploy/pullrequests/7/comments/",
		EditMethod: "PUT", Description: 255,
		States: map[forge.State]string{forge.Pending: "INPROGRESS", forge.Success: "SUCCESSFUL", forge.Failure: "FAILED", forge.Error: "FAILED"},
		Status: func(body []byte) (forge.Status, error) {
			var s struct{ Key, Name, State, Description, URL string }
			err := json.Unmarshal(body, &s)
			if len(s.Key) > 40 || s.Key == "" {
				err = fmt.Errorf("the key %q has not 1 to 40 characters", s.Key)
			}
			return forge.Status{State: forge.State(s.State), Name: s.Name, Description: s.Description, Link: s.URL}, err
		},
		Text: func(body []byte) string {
			var c struct{ Content struct{ Raw string } }
			_ = json.Unmarshal(body, &c)
			return c.Content.Raw
		},
		List: list,
		Review: &contract.Review{
			Below: "/2.0" + commit + "/reports/", Answer: "{}", Once: 100, Total: 1000, Read: read,
			Verdicts: map[forge.State]string{forge.Pending: "PENDING", forge.Success: "PASSED", forge.Failure: "FAILED", forge.Error: "FAILED"},
		},
	}.Run(t)
}

// list has pages whose next one is said to be elsewhere: a token is not for
// there.
func list(w http.ResponseWriter, comments []string, from, to int) {
	page := map[string]any{"values": []any{}}
	var values []any
	for i := from; i < to; i++ {
		values = append(values, map[string]any{"id": i + 1, "content": map[string]any{"raw": comments[i]}})
	}
	page["values"] = values
	if to < len(comments) {
		page["next"] = "https://elsewhere.example/steal"
	}
	_ = json.NewEncoder(w).Encode(page)
}

func read(_, path string, body []byte) (annotations []string, verdict string) {
	if !strings.HasSuffix(path, "/annotations") {
		var report struct{ Result string }
		_ = json.Unmarshal(body, &report)
		return nil, report.Result
	}
	var all []struct {
		Path, Severity string
		Line           int
	}
	_ = json.Unmarshal(body, &all)
	for _, a := range all {
		annotations = append(annotations, fmt.Sprintf("%s:%d %d", a.Path, a.Line, map[string]int{"LOW": 0, "MEDIUM": 1, "HIGH": 2}[a.Severity]))
	}
	return annotations, ""
}

// TestLongNames: a name longer than a key may be is told apart all the same.
func TestLongNames(t *testing.T) {
	long := strings.Repeat("a", 60)
	seen := map[string]bool{}
	contract.Forge{
		Project: "acme/deploy", Auth: "Authorization", Credential: "Basic bWU6YXBwLXBhc3N3b3Jk",
		New: func(to forge.Target, by *forge.Transport) (forge.Publisher, error) {
			to.Token = "me:app-password"
			return bitbucket.New(to, by)
		},
		Statuses: commit + "/statuses/build",
		Status: func(body []byte) (forge.Status, error) {
			var s struct{ Key string }
			err := json.Unmarshal(body, &s)
			if len(s.Key) > 40 {
				err = fmt.Errorf("key %s", s.Key)
			}
			seen[s.Key] = true
			return forge.Status{}, err
		},
	}.Publish(t, forge.Status{Name: long + "b"}, forge.Status{Name: long + "c"})
	if len(seen) != 2 {
		t.Errorf("keys %v", seen)
	}
}
