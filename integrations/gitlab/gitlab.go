// Package gitlab publishes to GitLab: commit statuses and notes of merge
// requests, as its REST API v4 has them.
package gitlab

import (
	"context"
	"errors"
	"net/http"
	"strings"

	gitlab "gitlab.com/gitlab-org/api/client-go"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/integrations/forge"
)

// The limits of GitLab.
const (
	textLimit = 255
	// CommentLimit is the size of a note.
	CommentLimit = 1_000_000
)

// Publisher publishes to one commit and merge request.
type Publisher struct {
	target forge.Target
	client *gitlab.Client
}

var _ forge.Publisher = (*Publisher)(nil)

// New returns a publisher.
func New(target forge.Target, transport *forge.Transport) (*Publisher, error) {
	client, err := gitlab.NewClient(target.Token,
		gitlab.WithBaseURL(target.API), gitlab.WithHTTPClient(transport.Client()), gitlab.WithoutRetries())
	return &Publisher{target, client}, err
}

// states are GitLab's names. It has none for what could not be checked.
func states(s forge.State) gitlab.BuildStateValue {
	switch s {
	case forge.Pending:
		return gitlab.Running
	case forge.Success:
		return gitlab.Success
	}
	return gitlab.Failed
}

// Publish implements forge.Publisher. GitLab refuses to set the state that a
// status has already; that is no error here.
func (p *Publisher) Publish(ctx context.Context, s forge.Status) error {
	name := forge.Cut(s.Name, textLimit)
	set := &gitlab.SetCommitStatusOptions{
		State: states(s.State), Name: &name, Description: gitlab.Ptr(forge.Cut(s.Description, textLimit)),
	}
	if s.Link != "" {
		set.TargetURL = &s.Link
	}
	if p.target.Ref != "" {
		set.Ref = &p.target.Ref
	}
	_, resp, err := p.client.Commits.SetCommitStatus(p.target.Project, p.target.Commit, set, gitlab.WithContext(ctx))
	if err != nil && resp != nil && resp.StatusCode == http.StatusBadRequest && strings.Contains(err.Error(), "Cannot transition status") {
		if is, found := p.newest(ctx, name); found == nil && is == string(set.State) {
			return nil
		}
	}
	return p.failed("set status", resp, err)
}

// newest is the state that a status has.
func (p *Publisher) newest(ctx context.Context, name string) (string, error) {
	options := &gitlab.GetCommitStatusesOptions{Name: &name}
	if p.target.Ref != "" {
		options.Ref = &p.target.Ref
	}
	found, _, err := p.client.Commits.GetCommitStatuses(p.target.Project, p.target.Commit, options, gitlab.WithContext(ctx))
	if err != nil || len(found) == 0 {
		return "", err
	}
	newest := found[0]
	for _, s := range found {
		if s.ID > newest.ID {
			newest = s
		}
	}
	return newest.Status, nil
}

// Comment implements forge.Publisher.
func (p *Publisher) Comment(ctx context.Context, marker, text string) error {
	list := &gitlab.ListMergeRequestNotesOptions{ListOptions: gitlab.ListOptions{PerPage: 100}}
	change := int64(p.target.Change)
	for range bounds.CommentPages {
		found, resp, err := p.client.Notes.ListMergeRequestNotes(p.target.Project, change, list, gitlab.WithContext(ctx))
		if err != nil {
			return p.failed("list comments", resp, err)
		}
		for _, note := range found {
			if strings.HasPrefix(note.Body, marker) && !note.System {
				_, resp, err := p.client.Notes.UpdateMergeRequestNote(p.target.Project, change, note.ID,
					&gitlab.UpdateMergeRequestNoteOptions{Body: &text}, gitlab.WithContext(ctx))
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
	_, resp, err := p.client.Notes.CreateMergeRequestNote(p.target.Project, change,
		&gitlab.CreateMergeRequestNoteOptions{Body: &text}, gitlab.WithContext(ctx))
	return p.failed("comment", resp, err)
}

// failed is the error of a request, or nil.
func (p *Publisher) failed(doing string, resp *gitlab.Response, err error) error {
	if err == nil {
		return nil
	}
	status := 0
	if resp != nil && resp.Response != nil {
		status = resp.StatusCode
	}
	var said *gitlab.ErrorResponse
	if errors.As(err, &said) {
		err = forge.Said(status, said.Message)
	}
	return p.target.Failed(doing, status, err)
}
