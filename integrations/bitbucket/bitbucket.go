// Package bitbucket publishes to Bitbucket Cloud: build statuses, reports with
// annotations, and pull-request comments, as its REST API 2.0 has them.
package bitbucket

import (
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/integrations/forge"
)

// The limits of Bitbucket Cloud.
const (
	keyLimit         = 40
	descriptionLimit = 255
	summaryLimit     = 450
	detailsLimit     = 2000
	annotationsOnce  = 100
	// annotationLimit is how many a report may have.
	annotationLimit = 1000
	// CommentLimit is the size of a comment.
	CommentLimit = 32768
)

// Publisher publishes to one commit and pull request.
type Publisher struct {
	target     forge.Target
	repository string
	rest       forge.REST
}

var _ forge.Annotator = (*Publisher)(nil)

// New returns a publisher. It is an error if the target is none of Bitbucket's.
// A token of the form "user:token" is that of a person, and any other one that
// of a repository, project or workspace.
func New(target forge.Target, transport *forge.Transport) (*Publisher, error) {
	workspace, name, err := forge.Split(target.Project)
	if err != nil {
		return nil, err
	}
	authorization := "Bearer " + target.Token
	if strings.Contains(target.Token, ":") {
		authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(target.Token))
	}
	return &Publisher{
		target: target, repository: "/repositories/" + url.PathEscape(workspace) + "/" + url.PathEscape(name),
		rest: forge.REST{Base: target.API, Client: transport.Client(), Authorization: authorization},
	}, nil
}

func states(s forge.State) string {
	switch s {
	case forge.Pending:
		return "INPROGRESS"
	case forge.Success:
		return "SUCCESSFUL"
	}
	return "FAILED"
}

// key is what Bitbucket knows a status or report by.
func key(name string) string {
	if len(name) <= keyLimit {
		return name
	}
	sum := sha1.Sum([]byte(name))
	return hex.EncodeToString(sum[:])
}

func (p *Publisher) commit() string {
	return p.repository + "/commit/" + url.PathEscape(p.target.Commit)
}

// link is where the verdict is told, or else the commit: a status has to have
// one.
func (p *Publisher) link(s forge.Status) string {
	if s.Link != "" {
		return s.Link
	}
	return "https://bitbucket.org/" + p.target.Project + "/commits/" + p.target.Commit
}

// Publish implements forge.Publisher.
func (p *Publisher) Publish(ctx context.Context, s forge.Status) error {
	status := map[string]any{
		"key": key(s.Name), "name": s.Name, "state": states(s.State), "description": forge.Cut(s.Description, descriptionLimit), "url": p.link(s),
	}
	if p.target.Ref != "" {
		status["refname"] = p.target.Ref
	}
	return p.do(ctx, "set status", "POST "+p.commit()+"/statuses/build", status, nil)
}

// Comment implements forge.Publisher.
func (p *Publisher) Comment(ctx context.Context, marker, text string) error {
	comments := fmt.Sprintf("%s/pullrequests/%d/comments", p.repository, p.target.Change)
	body := map[string]any{"content": map[string]string{"raw": text}}
	for page := range bounds.CommentPages {
		var found struct {
			Next   string
			Values []struct {
				ID      int
				Deleted bool
				Content struct{ Raw string }
			}
		}
		if err := p.do(ctx, "list comments", fmt.Sprintf("GET %s?pagelen=100&page=%d", comments, page+1), nil, &found); err != nil {
			return err
		}
		for _, c := range found.Values {
			if strings.HasPrefix(c.Content.Raw, marker) && !c.Deleted {
				status, err := p.rest.Do(ctx, fmt.Sprintf("PUT %s/%d", comments, c.ID), body, nil)
				switch {
				case err == nil:
					return nil
				case !forge.NotOurs(status):
					return p.target.Failed("replace comment", status, err)
				}
			}
		}
		// Where the next page is said to be may be anywhere.
		if found.Next == "" {
			break
		}
	}
	return p.do(ctx, "comment", "POST "+comments, body, nil)
}

// Annotate implements forge.Annotator. A report that is there already goes with
// its annotations.
func (p *Publisher) Annotate(ctx context.Context, r forge.Review) error {
	report := p.commit() + "/reports/" + url.PathEscape(key(r.Name))
	result := map[forge.State]string{forge.Pending: "PENDING", forge.Success: "PASSED"}[r.State]
	if result == "" {
		result = "FAILED"
	}
	if r.State == forge.Pending {
		if status, err := p.rest.Do(ctx, "DELETE "+report, nil, nil); err != nil && status != http.StatusNotFound {
			return p.target.Failed("clear report", status, err)
		}
	}
	err := p.do(ctx, "write report", "PUT "+report, map[string]any{
		"title": forge.Cut(r.Name, summaryLimit), "details": forge.Cut(r.Description, detailsLimit), "external_id": key(r.Name),
		"reporter": "syncgate", "report_type": "SECURITY", "result": result, "link": p.link(r.Status),
	}, nil)
	list := r.Annotations[:min(len(r.Annotations), annotationLimit)]
	for len(list) > 0 && err == nil {
		n := min(len(list), annotationsOnce)
		err = p.do(ctx, "annotate", "POST "+report+"/annotations", annotations(list[:n]), nil)
		list = list[n:]
	}
	return err
}

func annotations(list []forge.Annotation) []map[string]any {
	var all []map[string]any
	for _, a := range list {
		severity, result := "LOW", "IGNORED"
		switch a.Level {
		case forge.Fault:
			severity, result = "HIGH", "FAILED"
		case forge.Warning:
			severity, result = "MEDIUM", "SKIPPED"
		}
		one := map[string]any{
			"external_id": a.ID, "annotation_type": "VULNERABILITY", "path": a.Path, "severity": severity, "result": result,
			"summary": forge.Cut(a.Title, summaryLimit), "details": forge.Cut(a.Text, detailsLimit),
		}
		if a.Line > 0 {
			one["line"] = a.Line
		}
		all = append(all, one)
	}
	return all
}

func (p *Publisher) do(ctx context.Context, doing, request string, in, out any) error {
	if status, err := p.rest.Do(ctx, request, in, out); err != nil {
		return p.target.Failed(doing, status, err)
	}
	return nil
}
