package forge

import (
	"strconv"
	"strings"
)

// bitbucketTarget is that of Bitbucket Pipelines. What a pipeline of a pull
// request checks out is a merge that it made itself and tells no id of: the
// commit is the head of the pull request.
func bitbucketTarget(env Environment, own bool) Target {
	t := Target{Forge: "bitbucket", API: "https://api.bitbucket.org/2.0", Token: env("BITBUCKET_TOKEN")}
	if !own {
		return t
	}
	t.Project, t.Commit, t.Ref = env("BITBUCKET_REPO_FULL_NAME"), env("BITBUCKET_COMMIT"), env("BITBUCKET_BRANCH")
	t.Change, _ = strconv.Atoi(env("BITBUCKET_PR_ID"))
	if number := env("BITBUCKET_BUILD_NUMBER"); number != "" {
		t.Link = "https://bitbucket.org/" + t.Project + "/pipelines/results/" + number
	}
	return t
}

// azureTarget is that of Azure Pipelines.
func azureTarget(env Environment, own bool) Target {
	t := Target{Forge: "azure", Token: first(env, "AZURE_DEVOPS_TOKEN", "SYSTEM_ACCESSTOKEN")}
	if !own {
		return t
	}
	t.API = strings.TrimSuffix(env("SYSTEM_COLLECTIONURI"), "/")
	if project, id := env("SYSTEM_TEAMPROJECT"), env("BUILD_REPOSITORY_ID"); project != "" && id != "" && env("BUILD_REPOSITORY_PROVIDER") == "TfsGit" {
		t.Project = project + "/" + id
		t.Commit = env("BUILD_SOURCEVERSION")
		t.Change, _ = strconv.Atoi(env("SYSTEM_PULLREQUEST_PULLREQUESTID"))
		// The pipeline of a pull request builds a merge that is in no branch.
		if head := env("SYSTEM_PULLREQUEST_SOURCECOMMITID"); head != "" {
			t.merged(head, env("BUILD_SOURCEBRANCH"))
		}
	}
	if build := env("BUILD_BUILDID"); build != "" && t.API != "" {
		t.Link = t.API + "/" + strings.ReplaceAll(env("SYSTEM_TEAMPROJECT"), " ", "%20") + "/_build/results?buildId=" + build
	}
	return t
}
