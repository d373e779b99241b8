package dialect_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/policy/dialect"
)

// corpus is the directory of other tools' own policies.
func corpus(t *testing.T) string {
	t.Helper()
	root := os.Getenv("SYNCGATE_CORPUS")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "corpus")
	}
	root = filepath.Join(root, "policies")
	if _, err := os.Stat(root); err != nil {
		t.Skip("no corpus: set SYNCGATE_CORPUS")
	}
	return root
}

// TestCorpusClusterImagePolicies loads what policy-controller's own tests take
// for valid, and refuses what they take for invalid.
func TestCorpusClusterImagePolicies(t *testing.T) {
	root := filepath.Join(corpus(t), "policy-controller")
	for pattern, loads := range map[string]bool{
		"policy-controller/valid/*.yaml": true, "policy-controller/e2e/cip-*.yaml": true, "policy-controller/invalid/*.yaml": false,
	} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files %s: %v", pattern, err)
		}
		for _, file := range files {
			set, err := dialect.Load(os.DirFS(filepath.Dir(file)), filepath.Base(file))
			if loaded := err == nil && len(set.Policies) == 1; loaded != loads {
				t.Errorf("%s loads: %v, want %v: %v", file, loaded, loads, err)
			}
		}
	}
}

// static is a policy that asks for nothing, for documents that by themselves
// pass nothing.
const static = "apiVersion: policy.sigstore.dev/v1beta1\nkind: ClusterImagePolicy\nmetadata: {name: p}\nspec: {images: [{glob: \"**\"}], authorities: [{static: {action: fail}}]}\n"

// TestCorpusTrustRoots loads trust roots beside a policy, since by themselves
// they pass nothing.
func TestCorpusTrustRoots(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(corpus(t), "policy-controller", "trustroot", "*", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	dir := t.TempDir()
	for _, file := range files {
		text, err := os.ReadFile(file)
		check(t, err)
		check(t, os.WriteFile(filepath.Join(dir, "root.yaml"), append([]byte(static+"---\n"), text...), 0o600))
		if _, err := dialect.Load(os.DirFS(dir), "root.yaml"); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		check(t, os.WriteFile(filepath.Join(dir, "root.yaml"), []byte(static+"---\n"+strings.Replace(string(text), "spec:", "spec:\n  unheardOf: 1", 1)), 0o600))
		if _, err := dialect.Load(os.DirFS(dir), "root.yaml"); err == nil {
			t.Errorf("%s loads with a field that nobody knows", file)
		}
	}
}
