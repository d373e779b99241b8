package github_test

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/syncgate/syncgate/integrations/contract"
	"github.com/syncgate/syncgate/integrations/forge"
	"github.com/syncgate/syncgate/integrations/github"
)

// requests are what GitHub's published description (OpenAPI, version 2022-11-28) says of the
// bodies that are sent to it.
//
//go:embed testdata/requests.json
var requests []byte

func TestContract(t *testing.T) {
	contract.Forge{
		Project: "acme/deploy", Auth: "Authorization", Scheme: "Bearer ",
		Requests:   requests,
		New:        func(to forge.Target, by *forge.Transport) (forge.Publisher, error) { return github.New(to, by) },
		Statuses:   "/repos/acme/deploy/statuses/8f5a1b3c9d7e4f60123456789abcdef012345678",
		Comments:   "/repos/acme/deploy/issues/7/comments",
		Edit:       "/repos/acme/deploy/issues/comments/",
		EditMethod: "PATCH", Description: 140,
		Name:   "context",
		States: map[forge.State]string{forge.Pending: "pending", forge.Success: "success", forge.Failure: "failure", forge.Error: "error"},
		Review: &contract.Review{
			Below: "/repos/acme/deploy/check-runs", Answer: `{"id": 5}`, Once: 50, Total: 500, Read: read,
			Verdicts: map[forge.State]string{forge.Pending: "in_progress", forge.Success: "success", forge.Failure: "failure", forge.Error: "failure"},
		},
	}.Run(t)
}

func read(_, _ string, body []byte) (annotations []string, verdict string) {
	var run struct {
		Name, Status, Conclusion string
		Output                   struct {
			Annotations []struct {
				Path  string
				Line  int    `json:"start_line"`
				Level string `json:"annotation_level"`
			}
		}
	}
	_ = json.Unmarshal(body, &run)
	for _, a := range run.Output.Annotations {
		line := a.Line
		if len(annotations) == 0 && a.Level == "notice" && line == 1 {
			line = 0 // there is no line 0
		}
		annotations = append(annotations, fmt.Sprintf("%s:%d %d", a.Path, line, map[string]int{"notice": 0, "warning": 1, "failure": 2}[a.Level]))
	}
	if run.Status != "completed" {
		return annotations, run.Status
	}
	return annotations, run.Conclusion
}
