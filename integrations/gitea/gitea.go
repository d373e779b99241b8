// Package gitea publishes to Gitea and Forgejo: commit statuses and
// pull-request comments, as their REST API v1 has them.
package gitea

import (
	"context"
	"strings"

	"code.gitea.io/sdk/gitea"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/integrations/forge"
)

// The limits of Gitea and Forgejo.
const (
	descriptionLimit = 255
	// CommentLimit is the size of a comment that their databases take.
	CommentLimit = 65535
)

// Publisher publishes to one commit and pull request.
type Publisher struct {
	target      forge.Target
	owner, name string
	transport   *forge.Transport
}

var _ forge.Publisher = (*Publisher)(nil)

// New returns a publisher. It is an error if the target is none of Gitea's.
func New(target forge.Target, transport *forge.Transport) (*Publisher, error) {
	owner, name, err := forge.Split(target.Project)
	return &Publisher{target, owner, name, transport}, err
}

// client is one for a context, which the library keeps in it.
func (p *Publisher) client(ctx context.Context) (*gitea.Client, error) {
	return gitea.NewClient(strings.TrimSuffix(strings.TrimSuffix(p.target.API, "/"), "/api/v1"),
		// Asking for the version first would be a request for nothing.
		gitea.SetGiteaVersion(""), gitea.SetContext(ctx), gitea.SetToken(p.target.Token), gitea.SetHTTPClient(p.transport.Client()))
}

// Publish implements forge.Publisher.
func (p *Publisher) Publish(ctx context.Context, s forge.Status) error {
	client, err := p.client(ctx)
	if err != nil {
		return p.failed("set status", nil, err)
	}
	_, resp, err := client.CreateStatus(p.owner, p.name, p.target.Commit, gitea.CreateStatusOption{
		State: gitea.StatusState(s.State), Context: s.Name, Description: forge.Cut(s.Description, descriptionLimit), TargetURL: s.Link,
	})
	return p.failed("set status", resp, err)
}

// Comment implements forge.Publisher.
func (p *Publisher) Comment(ctx context.Context, marker, text string) error {
	client, err := p.client(ctx)
	if err != nil {
		return p.failed("comment", nil, err)
	}
	change := int64(p.target.Change)
	for page := range bounds.CommentPages {
		found, resp, err := client.ListIssueComments(p.owner, p.name, change, gitea.ListIssueCommentOptions{
			ListOptions: gitea.ListOptions{Page: page + 1, PageSize: 50},
		})
		if err != nil {
			return p.failed("list comments", resp, err)
		}
		for _, c := range found {
			if strings.HasPrefix(c.Body, marker) {
				_, resp, err := client.EditIssueComment(p.owner, p.name, c.ID, gitea.EditIssueCommentOption{Body: text})
				if err != nil && resp != nil && forge.NotOurs(resp.StatusCode) {
					continue
				}
				return p.failed("replace comment", resp, err)
			}
		}
		if resp.NextPage <= page+1 {
			break
		}
	}
	_, resp, err := client.CreateIssueComment(p.owner, p.name, change, gitea.CreateIssueCommentOption{Body: text})
	return p.failed("comment", resp, err)
}

// failed is the error of a request, or nil.
func (p *Publisher) failed(doing string, resp *gitea.Response, err error) error {
	if err == nil {
		return nil
	}
	status := 0
	if resp != nil && resp.Response != nil {
		status = resp.StatusCode
		err = forge.Said(status, err.Error())
	}
	return p.target.Failed(doing, status, err)
}
