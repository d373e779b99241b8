// Package github publishes to GitHub, or GitHub Enterprise: commit statuses and
// pull-request comments, as its REST API of version 2022-11-28 has them.
package github

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/google/go-github/v82/github"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/integrations/forge"
)

// The limits of GitHub.
const (
	descriptionLimit = 140
	// CommentLimit is the size of a comment.
	CommentLimit = 65536
	// SummaryLimit is the size of the summary of a check run.
	SummaryLimit     = 65535
	annotationsOnce  = 50
	annotationTitle  = 255
	annotationBytes  = 16 << 10
	annotationsTotal = 500
)

// Publisher publishes to one commit and pull request.
type Publisher struct {
	target      forge.Target
	owner, name string
	client      *github.Client
	// run is the check run of this publisher, once there is one.
	run int64
}

var _ forge.Annotator = (*Publisher)(nil)

// New returns a publisher. It is an error if the target is none of GitHub's.
func New(target forge.Target, transport *forge.Transport) (*Publisher, error) {
	owner, name, err := forge.Split(target.Project)
	if err != nil {
		return nil, err
	}
	client := github.NewClient(transport.Client()).WithAuthToken(target.Token)
	// The transport tries again, and knows how long to wait.
	client.DisableRateLimitCheck = true
	if client.BaseURL, err = url.Parse(strings.TrimSuffix(target.API, "/") + "/"); err != nil {
		return nil, err
	}
	return &Publisher{target: target, owner: owner, name: name, client: client}, nil
}

// Publish implements forge.Publisher.
func (p *Publisher) Publish(ctx context.Context, s forge.Status) error {
	status := github.RepoStatus{
		State: github.Ptr(string(s.State)), Context: github.Ptr(s.Name), Description: github.Ptr(forge.Cut(s.Description, descriptionLimit)),
	}
	if s.Link != "" {
		status.TargetURL = github.Ptr(s.Link)
	}
	_, resp, err := p.client.Repositories.CreateStatus(ctx, p.owner, p.name, p.target.Commit, status)
	return p.failed("set status", resp, err)
}

// Annotate implements forge.Annotator with a check run, which only tokens of
// GitHub Apps and of Actions may write. Its name is not that of the status, which
// it does not stand for: where both have one name GitHub asks for both.
func (p *Publisher) Annotate(ctx context.Context, r forge.Review) error {
	name := r.Name + " report"
	if p.run == 0 {
		options := github.CreateCheckRunOptions{Name: name, HeadSHA: p.target.Commit, Status: github.Ptr("in_progress")}
		if r.Link != "" {
			options.DetailsURL = &r.Link
		}
		run, resp, err := p.client.Checks.CreateCheckRun(ctx, p.owner, p.name, options)
		if err != nil {
			return p.failed("write check run", resp, err)
		}
		p.run = run.GetID()
	}
	if r.State == forge.Pending {
		return nil
	}
	conclusion := "failure"
	if r.State == forge.Success {
		conclusion = "success"
	}
	list := r.Annotations[:min(len(r.Annotations), annotationsTotal)]
	for first := true; first || len(list) > 0; first = false {
		n := min(len(list), annotationsOnce)
		_, resp, err := p.client.Checks.UpdateCheckRun(ctx, p.owner, p.name, p.run, github.UpdateCheckRunOptions{
			Name: name, Status: github.Ptr("completed"), Conclusion: &conclusion,
			Output: &github.CheckRunOutput{Title: github.Ptr(forge.Cut(r.Description, annotationTitle)), Summary: &r.Summary, Annotations: annotations(list[:n])},
		})
		if err != nil {
			return p.failed("write check run", resp, err)
		}
		list = list[n:]
	}
	return nil
}

func annotations(list []forge.Annotation) []*github.CheckRunAnnotation {
	var all []*github.CheckRunAnnotation
	for _, a := range list {
		level := map[forge.Level]string{forge.Fault: "failure", forge.Warning: "warning", forge.Notice: "notice"}[a.Level]
		line := max(a.Line, 1)
		all = append(all, &github.CheckRunAnnotation{
			Path: &a.Path, StartLine: &line, EndLine: &line, AnnotationLevel: &level,
			Title: github.Ptr(forge.Cut(a.Title, annotationTitle)), Message: github.Ptr(forge.Cut(a.Text, annotationBytes)),
		})
	}
	return all
}

// Comment implements forge.Publisher.
func (p *Publisher) Comment(ctx context.Context, marker, text string) error {
	list := &github.IssueListCommentsOptions{ListOptions: github.ListOptions{PerPage: 100}}
	comment := &github.IssueComment{Body: github.Ptr(text)}
	for range bounds.CommentPages {
		found, resp, err := p.client.Issues.ListComments(ctx, p.owner, p.name, p.target.Change, list)
		if err != nil {
			return p.failed("list comments", resp, err)
		}
		for _, c := range found {
			if strings.HasPrefix(c.GetBody(), marker) {
				_, resp, err := p.client.Issues.EditComment(ctx, p.owner, p.name, c.GetID(), comment)
				if err != nil && resp != nil && forge.NotOurs(resp.StatusCode) {
					continue
				}
				return p.failed("replace comment", resp, err)
			}
		}
		if list.Page = resp.NextPage; list.Page == 0 {
			break
		}
	}
	_, resp, err := p.client.Issues.CreateComment(ctx, p.owner, p.name, p.target.Change, comment)
	return p.failed("comment", resp, err)
}

// failed is the error of a request, or nil.
func (p *Publisher) failed(doing string, resp *github.Response, err error) error {
	if err == nil {
		return nil
	}
	status := 0
	if resp != nil && resp.Response != nil {
		status = resp.StatusCode
	}
	var said *github.ErrorResponse
	if errors.As(err, &said) {
		text := said.Message
		for _, e := range said.Errors {
			text += ": " + e.Message
		}
		err = forge.Said(status, text)
	}
	return p.target.Failed(doing, status, err)
}
