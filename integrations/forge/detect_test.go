package forge_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/syncgate/syncgate/integrations/forge"
)

// TestWhatAStatusIsAbout: only the head of a pull request, and the merge of it
// that a CI system made, are told of it.
func TestWhatAStatusIsAbout(t *testing.T) {
	event := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(event, []byte(`{"pull_request": {"number": 7, "head": {"sha": "head"}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	github := map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_API_URL": "https://api.github.com", "GITHUB_REPOSITORY": "acme/deploy", "GITHUB_TOKEN": "t", "GITHUB_EVENT_PATH": event}
	azure := map[string]string{"TF_BUILD": "True", "BUILD_REPOSITORY_PROVIDER": "TfsGit", "SYSTEM_COLLECTIONURI": "https://dev.azure.com/acme/", "SYSTEM_TEAMPROJECT": "p", "BUILD_REPOSITORY_ID": "r",
		"SYSTEM_ACCESSTOKEN": "t", "SYSTEM_PULLREQUEST_PULLREQUESTID": "7", "SYSTEM_PULLREQUEST_SOURCECOMMITID": "head"}
	gitlab := map[string]string{"GITLAB_CI": "true", "CI_API_V4_URL": "https://gitlab.com/api/v4", "CI_PROJECT_ID": "1", "GITLAB_TOKEN": "t"}
	bitbucket := map[string]string{"BITBUCKET_PIPELINE_UUID": "{1}", "BITBUCKET_REPO_FULL_NAME": "acme/deploy", "BITBUCKET_TOKEN": "t", "BITBUCKET_PR_ID": "7"}
	for name, row := range map[string]struct {
		base, more map[string]string
		covers     map[string]bool
	}{
		"pull request":          {github, map[string]string{"GITHUB_SHA": "merge", "GITHUB_REF": "refs/pull/7/merge"}, map[string]bool{"head": true, "merge": true}},
		"pull_request_target":   {github, map[string]string{"GITHUB_SHA": "base", "GITHUB_REF": "refs/heads/main"}, map[string]bool{"head": true, "base": false}},
		"another pull request":  {github, map[string]string{"GITHUB_SHA": "other", "GITHUB_REF": "refs/pull/8/merge"}, map[string]bool{"head": true, "other": false}},
		"push":                  {github, map[string]string{"GITHUB_SHA": "tip", "GITHUB_EVENT_PATH": ""}, map[string]bool{"tip": true, "": false, "other": false}},
		"Azure":                 {azure, map[string]string{"BUILD_SOURCEVERSION": "merge", "BUILD_SOURCEBRANCH": "refs/pull/7/merge"}, map[string]bool{"head": true, "merge": true}},
		"Azure, of a branch":    {azure, map[string]string{"BUILD_SOURCEVERSION": "base", "BUILD_SOURCEBRANCH": "refs/heads/main"}, map[string]bool{"head": true, "base": false}},
		"GitLab":                {gitlab, map[string]string{"CI_COMMIT_SHA": "tip"}, map[string]bool{"tip": true, "other": false}},
		"GitLab, merged result": {gitlab, map[string]string{"CI_COMMIT_SHA": "merge", "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": "head"}, map[string]bool{"head": true, "merge": true}},
		"Bitbucket":             {bitbucket, map[string]string{"BITBUCKET_COMMIT": "head"}, map[string]bool{"head": true, "merge": false}},
	} {
		t.Run(name, func(t *testing.T) {
			target, err := forge.Detect("auto", func(name string) string {
				if value, ok := row.more[name]; ok {
					return value
				}
				return row.base[name]
			})
			if err == nil {
				err = target.Check()
			}
			if err != nil {
				t.Fatal(err)
			}
			for commit, want := range row.covers {
				if err := target.Covers(commit); (err == nil) != want {
					t.Errorf("%q is told of the head: %v, want %v", commit, err == nil, want)
				}
			}
		})
	}
}
