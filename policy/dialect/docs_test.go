package dialect_test

import (
	"os"
	"regexp"
	"testing"
	"testing/fstest"

	"github.com/syncgate/syncgate/policy/dialect"
)

// TestDocsLoad loads every policy of the documentation.
func TestDocsLoad(t *testing.T) {
	text, err := os.ReadFile("../../docs/dialects.md")
	check(t, err)
	blocks := regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$").FindAllSubmatch(text, -1)
	if len(blocks) == 0 {
		t.Fatal("no policies")
	}
	for _, block := range blocks {
		if _, err := dialect.Load(fstest.MapFS{"policy.yaml": {Data: block[1]}}, "policy.yaml"); err != nil {
			t.Errorf("%v\nin\n%s", err, block[1])
		}
	}
}
