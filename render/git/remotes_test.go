package git_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/syncgate/syncgate/render/git"
)

// Applications name their own repository by its URL, so a checkout has to
// know how others call it, without the login that may be in there.
func TestRemotes(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{
		{"init", "-q"},
		{"remote", "add", "origin", "https://user:secret@git.example.com/acme/deploy.git"},
		{"remote", "add", "fork", "git@git.example.com:mallory/deploy"},
		{"remote", "add", "disk", "/somewhere/else"},
	} {
		if out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	below := filepath.Join(dir, "apps")
	if err := os.Mkdir(below, 0o755); err != nil {
		t.Fatal(err)
	}
	want := git.Remotes(dir)
	if len(want) != 2 || !slices.Contains(want, "https://git.example.com/acme/deploy.git") {
		t.Errorf("remotes %q, want those of origin without login and of fork", want)
	}
	if got := git.Remotes(below); !slices.Equal(got, want) {
		t.Errorf("remotes below the root are %q, want %q", got, want)
	}
	if got := git.Remotes(t.TempDir()); got != nil {
		t.Errorf("remotes %q of no repository", got)
	}
	if got := git.Remotes("https://user:secret@git.example.com/acme/deploy.git"); !slices.Equal(got, []string{"https://git.example.com/acme/deploy.git"}) {
		t.Errorf("remotes of a URL are %q", got)
	}
}
