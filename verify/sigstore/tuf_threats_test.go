package sigstore_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/sigstore"
	"github.com/syncgate/syncgate/verify/verifytest"
)

// GHSA-fphv-w9fq-2525 (go-tuf): a role whose threshold is none is no role:
// nothing that it says without a signature is trusted.
func TestThreatGHSAfphvThresholdIsAtLeastOne(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	for _, threshold := range []int{0, -1} {
		for _, role := range []string{metadata.ROOT, metadata.TARGETS, metadata.SNAPSHOT, metadata.TIMESTAMP} {
			repository := newRepositoryWith(t, s.TrustedRoot(), never(), func(root *metadata.RootType, _ *metadata.TargetsType) {
				root.Roles[role].Threshold = threshold
			})
			err := with(s, repository.trustedRoot(t.TempDir(), sigstore.Online))
			if fault := new(verify.Fault); !errors.As(err, &fault) || fault.Verdict != policy.Unknown {
				t.Errorf("%s with a threshold of %d: %v", role, threshold, err)
			}
		}
	}
}

// GHSA-jqc5-w2xx-5vq4 and CVE-2024-47534 (go-tuf): names make no paths, and
// what a repository does not list under a name is not taken for it.
func TestThreatGHSAjqc5CVE202447534NamesMakeNoPaths(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	for _, name := range []string{"../../../evil.json", "/evil.json", "a/../../../evil.json", "..", "other.json"} {
		t.Run(name, func(t *testing.T) {
			s.t = t
			repository := newRepositoryWith(t, s.TrustedRoot(), never(), func(_ *metadata.RootType, targets *metadata.TargetsType) {
				if name != "other.json" {
					targets.Targets[name] = targets.Targets["trusted_root.json"]
				}
			})
			outside := t.TempDir()
			dir := filepath.Join(outside, "a", "b", "cache")
			root := sigstore.FromRepository(
				sigstore.Repository{URL: repository.url, Root: repository.root, Target: name},
				sigstore.Access{CacheDir: dir, Network: sigstore.Online})
			if err := with(s, root); err == nil && name == "other.json" {
				t.Error("what is not listed is trusted")
			}
			must(t, filepath.WalkDir(outside, func(path string, entry fs.DirEntry, err error) error {
				if err == nil && !entry.IsDir() && !strings.HasPrefix(path, dir) {
					t.Errorf("it wrote %s", path)
				}
				return err
			}))
		})
	}
}
