package github_test

import (
	"testing"

	"github.com/syncgate/syncgate/integrations/contract"
	"github.com/syncgate/syncgate/integrations/forge"
	"github.com/syncgate/syncgate/integrations/github"
)

func TestContract(t *testing.T) {
	contract.Forge{
		Project: "acme/deploy", Auth: "Authorization", Scheme: "Bearer ",
		New:        func(to forge.Target, by *forge.Transport) (forge.Publisher, error) { return github.New(to, by) },
		Statuses:   "/repos/acme/deploy/statuses/8f5a1b3c9d7e4f60123456789abcdef012345678",
		Comments:   "/repos/acme/deploy/issues/7/comments",
		Edit:       "/repos/acme/deploy/issues/comments/",
		EditMethod: "PATCH", Description: 140,
		Name:   "context",
		States: map[forge.State]string{forge.Pending: "pending", forge.Success: "success", forge.Failure: "failure", forge.Error: "error"},
	}.Run(t)
}
