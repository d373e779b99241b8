package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/integrations/azure"
	"github.com/syncgate/syncgate/integrations/bitbucket"
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
	comment, annotate          bool
	api, project, commit, link string
	change                     int
}

func (f *statusFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.kind, "status", "", "set the status of the commit on this forge: auto for that of the CI job, or one of "+strings.Join(forge.Kinds(), ", "))
	flags.StringVar(&f.name, "status-name", "syncgate", "name of the status, one for each environment")
	flags.BoolVar(&f.comment, "comment", false, "with --status, also write the report as one comment of the pull request")
	flags.BoolVar(&f.annotate, "annotate", false, "with --status, also write findings at the lines that they are about, where the forge and the token can: as a check run on GitHub, as a report on Bitbucket")
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
	// limit is the size of a comment, or 0 for none, and style how it is written.
	limit int
	style report.Style
	// annotator writes findings at their lines, or is nil, and notes tells where
	// it could not.
	annotator forge.Annotator
	notes     io.Writer
}

// begin finds out where to publish, and says there that a verdict is to come:
// the one of an earlier run must not stand for this.
func (f *statusFlags) begin(ctx context.Context, notes io.Writer) (*publication, error) {
	if f.kind == "" {
		if f.comment || f.annotate {
			return nil, errors.New("publish report: --comment and --annotate need --status, which says where")
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
	p := &publication{target: target, name: f.name, notes: notes}
	limit, err := p.connect()
	if err != nil {
		return nil, err
	}
	if f.comment && target.Change > 0 {
		p.limit = limit
	}
	pending := forge.Status{State: forge.Pending, Description: "verifying every image"}
	if err := p.set(ctx, pending); err != nil || !f.annotate {
		return p, err
	}
	var able bool
	if p.annotator, able = p.Publisher.(forge.Annotator); !able {
		fmt.Fprintf(notes, "syncgate: %s takes no annotations with a token; the status is set without. -o sarif, -o gitlab and -o github write files that others take\n", target.Forge)
	}
	p.review(ctx, forge.Review{Status: pending})
	return p, nil
}

// connect makes the publisher, and tells how large a comment may be.
func (p *publication) connect() (limit int, err error) {
	transport := &forge.Transport{}
	switch p.target.Forge {
	case "github":
		p.Publisher, err = github.New(p.target, transport)
		return github.CommentLimit, err
	case "gitlab":
		p.Publisher, err = gitlab.New(p.target, transport)
		return gitlab.CommentLimit, err
	case "bitbucket":
		p.style = report.NoHTML
		p.Publisher, err = bitbucket.New(p.target, transport)
		return bitbucket.CommentLimit, err
	case "azure":
		p.Publisher, err = azure.New(p.target, transport)
		return azure.CommentLimit, err
	}
	p.Publisher, err = gitea.New(p.target, transport)
	return gitea.CommentLimit, err
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
	s := forge.Status{State: forge.Error, Description: "no report could be made; the log says why"}
	p.review(ctx, forge.Review{Status: s, Summary: s.Description})
	return p.set(ctx, s)
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
	if p.annotator != nil {
		summary, failed := report.Bytes(report.Markdown, r, report.Options{Version: version(), Limit: github.SummaryLimit})
		err = errors.Join(err, failed)
		p.review(ctx, forge.Review{Status: forge.Of(r), Summary: string(summary), Annotations: report.Annotations(r)})
	}
	return errors.Join(err, p.set(ctx, forge.Of(r)))
}

// review writes findings at their lines. Where that cannot be done the status
// says all that counts, so it is only noted, and not tried again.
func (p *publication) review(ctx context.Context, r forge.Review) {
	if p.annotator == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bounds.PublishTime)
	defer cancel()
	r.Name, r.Link = p.name, p.target.Link
	if err := p.annotator.Annotate(ctx, r); err != nil {
		p.annotator = nil
		fmt.Fprintf(p.notes, "syncgate: the status is set without annotations: %v\n", err)
	}
}

// write writes the comment.
func (p *publication) write(ctx context.Context, r verify.Report) error {
	if p.limit == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bounds.PublishTime)
	defer cancel()
	marker := "<!-- syncgate:" + p.name + " -->"
	if p.style&report.NoHTML != 0 {
		marker = "[//]: # (syncgate:" + p.name + ")" // a link that nothing refers to is not shown
	}
	text, err := report.Bytes(report.Markdown, r, report.Options{Version: version(), Style: p.style, Limit: p.limit - len(marker) - 2})
	if err != nil {
		return err
	}
	return p.Comment(ctx, marker, marker+"\n\n"+string(text))
}
