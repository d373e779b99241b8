// Package azure publishes to Azure DevOps: statuses of commits and of
// pull-request iterations, and pull-request threads, as its Git REST API 7.1 has
// them.
package azure

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/syncgate/syncgate/integrations/forge"
)

// The limits of Azure DevOps.
const (
	descriptionLimit = 255
	// CommentLimit is the size of a comment.
	CommentLimit = 150_000
	version      = "?api-version=7.1"
	// genre tells whose statuses they are.
	genre = "syncgate"
)

// Publisher publishes to one commit and pull request.
type Publisher struct {
	target     forge.Target
	repository string
	rest       forge.REST
}

var _ forge.Publisher = (*Publisher)(nil)

// New returns a publisher. The target's project is "project/repository", and
// its API is the URL of the organization.
func New(target forge.Target, transport *forge.Transport) (*Publisher, error) {
	project, name, err := forge.Split(target.Project)
	if err != nil {
		return nil, err
	}
	return &Publisher{
		target: target, repository: "/" + url.PathEscape(project) + "/_apis/git/repositories/" + url.PathEscape(name),
		rest: forge.REST{
			// Personal tokens and those of jobs are both taken as passwords.
			Base: target.API, Client: transport.Client(), Authorization: "Basic " + base64.StdEncoding.EncodeToString([]byte(":"+target.Token)),
		},
	}, nil
}

func states(s forge.State) string {
	switch s {
	case forge.Pending:
		return "pending"
	case forge.Success:
		return "succeeded"
	case forge.Failure:
		return "failed"
	}
	return "error"
}

// Publish implements forge.Publisher. Branch policies look at the status of the
// pull request, which is set for the iteration that the commit is the head of: so
// it says nothing of a later one.
func (p *Publisher) Publish(ctx context.Context, s forge.Status) error {
	status := map[string]any{
		"state": states(s.State), "description": forge.Cut(s.Description, descriptionLimit),
		"context": map[string]string{"name": s.Name, "genre": genre},
	}
	if s.Link != "" {
		status["targetUrl"] = s.Link
	}
	err := p.do(ctx, "set status", "POST "+p.repository+"/commits/"+url.PathEscape(p.target.Commit)+"/statuses"+version, status, nil)
	if err != nil || p.target.Change == 0 {
		return err
	}
	if status["iterationId"], err = p.iteration(ctx); err != nil {
		return err
	}
	return p.do(ctx, "set status of the pull request", "POST "+p.change("/statuses"), status, nil)
}

func (p *Publisher) change(what string) string {
	return fmt.Sprintf("%s/pullRequests/%d%s%s", p.repository, p.target.Change, what, version)
}

// iteration is the newest one that the commit is the head of.
func (p *Publisher) iteration(ctx context.Context) (int, error) {
	var list struct {
		Value []struct {
			ID              int
			SourceRefCommit struct{ CommitID string }
		}
	}
	if err := p.do(ctx, "list iterations", "GET "+p.change("/iterations"), nil, &list); err != nil {
		return 0, err
	}
	newest := 0
	for _, i := range list.Value {
		if strings.EqualFold(i.SourceRefCommit.CommitID, p.target.Commit) {
			newest = max(newest, i.ID)
		}
	}
	if newest == 0 {
		return 0, p.target.Failed("set status of the pull request", http.StatusConflict, fmt.Errorf("pull request %d has no iteration with this commit as its head", p.target.Change))
	}
	return newest, nil
}

// Comment implements forge.Publisher.
func (p *Publisher) Comment(ctx context.Context, marker, text string) error {
	var list struct {
		Value []struct {
			ID        int
			IsDeleted bool
			Comments  []struct {
				ID        int
				Content   string
				IsDeleted bool
			}
		}
	}
	if err := p.do(ctx, "list comments", "GET "+p.change("/threads"), nil, &list); err != nil {
		return err
	}
	for _, thread := range list.Value {
		for _, c := range thread.Comments {
			if strings.HasPrefix(c.Content, marker) && !c.IsDeleted && !thread.IsDeleted {
				status, err := p.rest.Do(ctx, "PATCH "+p.change(fmt.Sprintf("/threads/%d/comments/%d", thread.ID, c.ID)), map[string]any{"content": text}, nil)
				switch {
				case err == nil:
					return nil
				case !forge.NotOurs(status):
					return p.target.Failed("replace comment", status, err)
				}
			}
		}
	}
	// A thread that is closed does not keep a pull request from being completed.
	return p.do(ctx, "comment", "POST "+p.change("/threads"), map[string]any{
		"comments": []any{map[string]any{"parentCommentId": 0, "content": text, "commentType": "text"}}, "status": "closed",
	}, nil)
}

func (p *Publisher) do(ctx context.Context, doing, request string, in, out any) error {
	if status, err := p.rest.Do(ctx, request, in, out); err != nil {
		return p.target.Failed(doing, status, err)
	}
	return nil
}
