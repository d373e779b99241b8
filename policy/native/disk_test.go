package native_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/syncgate/syncgate/policy/document"
	"github.com/syncgate/syncgate/policy/native"
)

// A policy on disk may name a key where an operator mounts it; the same
// policy in a tree must not read this machine's files.
func TestAbsoluteKeyFile(t *testing.T) {
	key, err := filepath.Abs("../../examples/policies/scanner.pub")
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Appendf(nil, `apiVersion: syncgate.dev/v1alpha1
kind: ImagePolicy
metadata: {name: p}
spec:
  match: {images: ["**"]}
  signers: {scanner: {key: {file: %q}}}
  require: [{signature: {signers: [scanner]}}]
`, filepath.ToSlash(key))
	file := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := native.Load(document.Disk{}, file); err != nil {
		t.Error(err)
	}
	if _, err := native.Load(fstest.MapFS{"policy.yaml": {Data: text}}, "policy.yaml"); err == nil {
		t.Error("a policy in a tree names an absolute key file, and loads")
	}
}
