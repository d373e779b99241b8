package gitea_test

import (
	_ "embed"
	"testing"

	"github.com/syncgate/syncgate/integrations/contract"
	"github.com/syncgate/syncgate/integrations/forge"
	"github.com/syncgate/syncgate/integrations/gitea"
)

// requests are what Gitea's published description (Swagger, v1) says of the
// bodies that are sent to it.
//
//go:embed testdata/requests.json
var requests []byte

func TestContract(t *testing.T) {
	contract.Forge{
		Project: "acme/deploy", Base: "/api/v1", Auth: "Authorization", Scheme: "token ",
		Requests:   requests,
		New:        func(to forge.Target, by *forge.Transport) (forge.Publisher, error) { return gitea.New(to, by) },
		Statuses:   "/repos/acme/deploy/statuses/8f5a1b3c9d7e4f60123456789abcdef012345678",
		Comments:   "/repos/acme/deploy/issues/7/comments",
		Edit:       "/repos/acme/deploy/issues/comments/",
		EditMethod: "PATCH", Description: 255,
		Name:   "context",
		States: map[forge.State]string{forge.Pending: "pending", forge.Success: "success", forge.Failure: "failure", forge.Error: "error"},
	}.Run(t)
}
