package dialect_test

import "testing"

func TestClusterImagePolicy(t *testing.T) { run(t, "clusterimagepolicy") }
