package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/integrations/forge"
	"github.com/syncgate/syncgate/integrations/gitea"
	"github.com/syncgate/syncgate/integrations/github"
	"github.com/syncgate/syncgate/integrations/gitlab"
	"github.com/syncgate/syncgate/integrations/report"
	"github.com/syncgate/syncgate/verify"
)

// statusFlags say where the verdict is published.
type statusFlags struct {
	kind, name                 string
	comment                    bool
	api, project, commit, link string
	change                     int
}

func (f *statusFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.kind, "status", "", "set the status of the commit on this forge: auto for that of the CI job, or one of "+strings.Join(forge.Kinds(), ", "))
	flags.StringVar(&f.name, "status-name", "syncgate", "name of the status, one for each environment")
	flags.BoolVar(&f.comment, "comment", false, "with --status, also write the report as one comment of the pull request")
	flags.StringVar(&f.api, "status-api", "", "URL of the forge's API, where it is not that of the CI job")
	flags.StringVar(&f.project, "status-project", "", "repository on the forge: owner/name, or a project's number")
	flags.StringVar(&f.commit, "status-commit", "", "commit that the status is about")
	flags.StringVar(&f.link, "status-link", "", "URL that the status links to")
	flags.IntVar(&f.change, "status-change", 0, "number of the pull request, for --comment")
}

// statusName is fit for every forge, and for a comment of HTML.
var statusName = regexp.MustCompile(`\A[A-Za-z0-9]+(?:[ ._/-][A-Za-z0-9]+)*\z`)

// publication is what is published of one run. A nil one publishes nothing.
type publication struct {
	forge.Publisher
	target forge.Target
	name   string
	// limit is the size of a comment, or 0 for none.
	limit int
}

// begin finds out where to publish, and says there that a verdict is to come:
// the one of an earlier run must not stand for this.
func (f *statusFlags) begin(ctx context.Context) (*publication, error) {
	if f.kind == "" {
		if f.comment {
			return nil, errors.New("write comment: --comment needs --status, which says where")
		}
		return nil, nil
	}
	if !statusName.MatchString(f.name) || len(f.name) > 100 {
		return nil, fmt.Errorf("read --status-name %q: want at most 100 letters and digits, with single spaces, dots, slashes, _ or - between them", f.name)
	}
	target, err := f.target()
	if err != nil {
		return nil, err
	}
	p := &publication{target: target, name: f.name}
	transport := &forge.Transport{}
	limit := 0
	switch target.Forge {
	case "github":
		limit = github.CommentLimit
		p.Publisher, err = github.New(target, transport)
	case "gitlab":
		limit = gitlab.CommentLimit
		p.Publisher, err = gitlab.New(target, transport)
	default:
		limit = gitea.CommentLimit
		p.Publisher, err = gitea.New(target, transport)
	}
	if err != nil {
		return nil, err
	}
	if f.comment && target.Change > 0 {
		p.limit = limit
	}
	return p, p.set(ctx, forge.Status{State: forge.Pending, Description: "verifying every image"})
}

// target is that of the CI job, but for what flags say.
func (f *statusFlags) target() (forge.Target, error) {
	t, err := forge.Detect(f.kind, os.Getenv)
	if err != nil {
		return t, err
	}
	for _, given := range []struct {
		flag  string
		field *string
	}{{f.api, &t.API}, {f.project, &t.Project}, {f.link, &t.Link}} {
		if given.flag != "" {
			*given.field = given.flag
		}
	}
	if f.commit != "" {
		t.Commit, t.Merge = f.commit, ""
	}
	if f.change != 0 {
		t.Change = f.change
	}
	return t, t.Check()
}

// set sets the status. It has time of its own: that a run was cancelled, or took
// too long, must be told too.
func (p *publication) set(ctx context.Context, s forge.Status) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bounds.PublishTime)
	defer cancel()
	s.Name, s.Link = p.name, p.target.Link
	return p.Publish(ctx, s)
}

// none says that there is no report.
func (p *publication) none(ctx context.Context) error {
	if p == nil {
		return nil
	}
	return p.set(ctx, forge.Status{State: forge.Error, Description: "no report could be made; the log says why"})
}

// report publishes a report. The comment is first, because it cannot let
// anything be merged.
func (p *publication) report(ctx context.Context, r verify.Report) error {
	if p == nil {
		return nil
	}
	if err := p.target.Covers(r.Revision.Commit); err != nil {
		return errors.Join(err, p.none(ctx))
	}
	err := p.write(ctx, r)
	return errors.Join(err, p.set(ctx, forge.Of(r)))
}

// write writes the comment.
func (p *publication) write(ctx context.Context, r verify.Report) error {
	if p.limit == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bounds.PublishTime)
	defer cancel()
	marker := "<!-- syncgate:" + p.name + " -->\n"
	var text bytes.Buffer
	text.WriteString(marker)
	if err := report.Markdown(&text, r, report.Options{Version: version(), Limit: p.limit - len(marker)}); err != nil {
		return err
	}
	return p.Comment(ctx, strings.TrimSpace(marker), text.String())
}
