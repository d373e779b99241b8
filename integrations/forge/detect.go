package forge

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/syncgate/syncgate/bounds"
)

// Kinds are the forges that can be published to.
func Kinds() []string { return []string{"github", "gitlab", "gitea", "forgejo", "bitbucket", "azure"} }

// Environment looks up a variable of the environment.
type Environment func(name string) string

// Detect finds the target of the CI job whose environment env is: of GitHub
// Actions, GitLab CI, Gitea Actions, Forgejo Actions, Bitbucket Pipelines or
// Azure Pipelines. Kind is one of Kinds,
// or "auto" for the one that the job runs on. What of the target is not known
// is empty.
func Detect(kind string, env Environment) (Target, error) {
	runs := runsOn(env)
	if kind == "auto" {
		if kind = runs; kind == "" {
			return Target{}, errors.New("find forge: this is no job of GitHub Actions, GitLab CI, Gitea Actions, Forgejo Actions, Bitbucket Pipelines or Azure Pipelines; name it: one of " + strings.Join(Kinds(), ", "))
		}
		if provider := env("BUILD_REPOSITORY_PROVIDER"); kind == "azure" && provider != "TfsGit" {
			return Target{}, fmt.Errorf("find forge: this job of Azure Pipelines builds a repository that is not of Azure Repos (%q); name its forge: one of %s", provider, strings.Join(Kinds(), ", "))
		}
	}
	// Gitea and Forgejo set each other's variables.
	alike := func(kind string) bool { return kind == "gitea" || kind == "forgejo" }
	own := kind == runs || alike(kind) && alike(runs)
	switch kind {
	case "gitlab":
		return gitlabTarget(env, own), nil
	case "bitbucket":
		return bitbucketTarget(env, own), nil
	case "azure":
		return azureTarget(env, own), nil
	case "github", "gitea", "forgejo":
		return actionsTarget(kind, env, own)
	}
	return Target{}, fmt.Errorf("find forge %q: want auto or one of %s", kind, strings.Join(Kinds(), ", "))
}

// runsOn is the kind of forge that the job runs on, or empty.
func runsOn(env Environment) string {
	switch {
	case env("FORGEJO_ACTIONS") == "true":
		return "forgejo"
	case env("GITEA_ACTIONS") == "true":
		return "gitea"
	case env("GITHUB_ACTIONS") == "true":
		return "github"
	case env("GITLAB_CI") == "true":
		return "gitlab"
	case env("BITBUCKET_PIPELINE_UUID") != "":
		return "bitbucket"
	case env("TF_BUILD") == "True":
		return "azure"
	}
	return ""
}

func first(env Environment, names ...string) string {
	for _, name := range names {
		if value := env(name); value != "" {
			return value
		}
	}
	return ""
}

func gitlabTarget(env Environment, own bool) Target {
	t := Target{Forge: "gitlab", API: "https://gitlab.com/api/v4", Token: env("GITLAB_TOKEN")}
	if !own {
		return t
	}
	t.API, t.Project, t.Link = env("CI_API_V4_URL"), env("CI_PROJECT_ID"), env("CI_JOB_URL")
	t.Commit, t.Ref = env("CI_COMMIT_SHA"), env("CI_COMMIT_REF_NAME")
	// The pipeline of a merge result is for a commit that is in no branch.
	if source := env("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"); source != "" {
		t.Merge, t.Commit = t.Commit, source
	}
	t.Change, _ = strconv.Atoi(env("CI_MERGE_REQUEST_IID"))
	return t
}

func actionsTarget(kind string, env Environment, own bool) (Target, error) {
	t := Target{Forge: kind, Token: first(env, strings.ToUpper(kind)+"_TOKEN")}
	server := strings.TrimSuffix(env("GITHUB_SERVER_URL"), "/")
	if kind == "github" {
		t.API = "https://api.github.com"
	}
	if !own {
		return t, nil
	}
	if kind == "github" {
		t.API = first(env, "GITHUB_API_URL")
	} else {
		t.API = server + "/api/v1"
		t.Token = first(env, strings.ToUpper(kind)+"_TOKEN", "GITEA_TOKEN", "FORGEJO_TOKEN", "GITHUB_TOKEN")
	}
	t.Project, t.Commit, t.Ref = env("GITHUB_REPOSITORY"), env("GITHUB_SHA"), env("GITHUB_HEAD_REF")
	if run := env("GITHUB_RUN_ID"); server != "" && run != "" {
		t.Link = server + "/" + t.Project + "/actions/runs/" + run
	}
	return t, t.event(env("GITHUB_EVENT_PATH"), env("GITHUB_REF"))
}

// event reads what started a job: for a pull request the status belongs on the
// head. What is checked out may be a merge of it that nobody sees, and only the
// reference tells: where that is another, as for pull_request_target, GITHUB_SHA
// is of the target branch, and says nothing of the pull request.
func (t *Target) event(name, ref string) error {
	if name == "" {
		return nil
	}
	file, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("read event: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, bounds.EventBytes))
	var event struct {
		PullRequest *struct {
			Number int
			Head   struct{ SHA string }
		} `json:"pull_request"`
	}
	if err == nil {
		err = json.Unmarshal(text, &event)
	}
	if err != nil {
		return fmt.Errorf("read event %s: %w", name, err)
	}
	if pr := event.PullRequest; pr != nil && pr.Head.SHA != "" {
		t.Change = pr.Number
		t.merged(pr.Head.SHA, ref)
	}
	return nil
}

func tokenVariable(kind string) string {
	if kind == "azure" {
		return "AZURE_DEVOPS_TOKEN"
	}
	return strings.ToUpper(kind) + "_TOKEN"
}

// merged makes head the commit. The one that a job was started with is told of it
// too, if the reference says that it is the merge of the pull request.
func (t *Target) merged(head, ref string) {
	if head != t.Commit && ref == fmt.Sprintf("refs/pull/%d/merge", t.Change) {
		t.Merge = t.Commit
	}
	t.Commit = head
}

// Check tells what of a target is missing.
func (t Target) Check() error {
	for _, part := range []struct{ value, missing string }{
		{t.API, "the URL of its API (--status-api)"},
		{t.Project, "the repository (--status-project)"},
		{t.Commit, "the commit (--status-commit)"},
		{t.Token, "a token (set " + tokenVariable(t.Forge) + ")"},
	} {
		if part.value == "" {
			return fmt.Errorf("publish to %s: what is missing is %s", t.Forge, part.missing)
		}
	}
	if !strings.HasPrefix(t.API, "https://") && !strings.HasPrefix(t.API, "http://") {
		return fmt.Errorf("publish to %s: want an https:// URL of its API, not %q", t.Forge, t.API)
	}
	return nil
}

// Covers tells whether what was verified is what the status is about: its
// commit, or the merge that a CI system made of it. Files that are of no commit
// never are: whoever reads the status reads it of the commit.
func (t Target) Covers(verified string) error {
	switch verified {
	case "":
		return fmt.Errorf("publish to %s: files were verified as they are, which may be of no commit; verify one, such as --revision HEAD", t.Forge)
	case t.Commit, t.Merge:
		return nil
	}
	return fmt.Errorf("publish to %s: commit %s was verified, and the status would be about %s; verify that one, or name the other with --status-commit", t.Forge, verified, t.Commit)
}
