// Package gittest makes small Git repositories, for tests and the demo.
package gittest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// Commit writes files, by their slash-separated names, to the repository in
// dir, commits them on the branch main, and returns the commit id. It makes
// the repository if there is none.
func Commit(dir, message string, at time.Time, files map[string][]byte) (string, error) {
	repository, err := git.PlainOpen(dir)
	if errors.Is(err, git.ErrRepositoryNotExists) {
		repository, err = git.PlainInitWithOptions(dir, &git.PlainInitOptions{
			InitOptions: git.InitOptions{DefaultBranch: plumbing.NewBranchReferenceName("main")},
		})
	}
	if err != nil {
		return "", fmt.Errorf("open repository %s: %w", dir, err)
	}
	work, err := repository.Worktree()
	if err != nil {
		return "", fmt.Errorf("open work tree of %s: %w", dir, err)
	}
	for name, data := range files {
		if err := write(filepath.Join(dir, filepath.FromSlash(name)), data); err != nil {
			return "", err
		}
		if _, err := work.Add(name); err != nil {
			return "", fmt.Errorf("add %s: %w", name, err)
		}
	}
	who := &object.Signature{Name: "Acme", Email: "platform@acme.example", When: at}
	commit, err := work.Commit(message, &git.CommitOptions{Author: who, Committer: who, AllowEmptyCommits: true})
	if err != nil {
		return "", fmt.Errorf("commit in %s: %w", dir, err)
	}
	return commit.String(), nil
}

func write(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return fmt.Errorf("make repository: %w", err)
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		return fmt.Errorf("make repository: %w", err)
	}
	return nil
}
