package native_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/policy/document"
	"github.com/syncgate/syncgate/policy/native"
)

// docsBlocks are the YAML blocks of the documentation.
func docsBlocks(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, block := range regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, block[1])
	}
	if len(blocks) < 6 {
		t.Fatalf("%d blocks of YAML", len(blocks))
	}
	return blocks
}

// TestDocsLoad loads every YAML block of the documentation.
func TestDocsLoad(t *testing.T) {
	for _, block := range docsBlocks(t) {
		if _, err := native.Load(tree(t, map[string]string{"policy.yaml": block}), "policy.yaml"); err != nil {
			t.Errorf("%v\nin\n%s", err, block)
		}
	}
}

// TestDocsNameEveryField: the reference is complete.
func TestDocsNameEveryField(t *testing.T) {
	text, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range native.SchemaFields() {
		section, name, _ := strings.Cut(field, ".")
		if section != "extensions" && !regexp.MustCompile(`\b`+name+`\b`).Match(text) {
			t.Errorf("docs/policy.md does not name %s", field)
		}
	}
}

func TestExamplesLoad(t *testing.T) {
	set, err := native.Load(document.Disk{}, "../../examples/policies")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range set.Policies {
		for _, r := range p.Require {
			if len(r.Unsupported) > 0 {
				t.Errorf("example %s can never pass: %v", p.Name, r.Unsupported)
			}
		}
	}
}

// BenchmarkLoad reads the complete policy.
func BenchmarkLoad(b *testing.B) {
	files := os.DirFS("testdata")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := native.Load(files, "good/complete.yaml"); err != nil {
			b.Fatal(err)
		}
	}
}
