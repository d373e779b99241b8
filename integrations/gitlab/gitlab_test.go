package gitlab_test

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/syncgate/syncgate/integrations/contract"
	"github.com/syncgate/syncgate/integrations/forge"
	"github.com/syncgate/syncgate/integrations/gitlab"
)

// requests are what GitLab's published description of its REST API v4 says of the
// bodies that are sent to it.
//
//go:embed testdata/requests.json
var requests []byte

func TestContract(t *testing.T) {
	contract.Forge{
		Project: "acme/deploy", Base: "/api/v4", Auth: "Private-Token",
		Requests:   requests,
		New:        func(to forge.Target, by *forge.Transport) (forge.Publisher, error) { return gitlab.New(to, by) },
		Statuses:   "/projects/acme%2Fdeploy/statuses/8f5a1b3c9d7e4f60123456789abcdef012345678",
		Comments:   "/projects/acme%2Fdeploy/merge_requests/7/notes",
		Edit:       "/projects/acme%2Fdeploy/merge_requests/7/notes/",
		EditMethod: "PUT", Description: 255,
		Name:   "name",
		States: map[forge.State]string{forge.Pending: "running", forge.Success: "success", forge.Failure: "failed", forge.Error: "failed"},
	}.Run(t)
}

// GitLab refuses a state that a status has: that is no error, but another state
// is not what was asked for.
func TestSameStateAgain(t *testing.T) {
	for is, fine := range map[string]bool{"running": true, "failed": false} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if r.Method == http.MethodPost {
				w.WriteHeader(http.StatusBadRequest)
				fmt.Fprint(w, `{"message":"Cannot transition status via :run from :running (Reason(s): Status cannot transition via \"run\")"}`)
				return
			}
			fmt.Fprintf(w, `[{"id":1,"status":"success"},{"id":2,"status":%q}]`, is)
		}))
		defer server.Close()
		p, err := gitlab.New(forge.Target{API: server.URL + "/api/v4", Project: "1", Commit: "abc", Token: "t"}, &forge.Transport{})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Publish(context.Background(), forge.Status{State: forge.Pending, Name: "a"}); (err == nil) != fine {
			t.Errorf("where it is %s: %v", is, err)
		}
	}
}
