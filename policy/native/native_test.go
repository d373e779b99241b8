package native_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/policy/native"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestBad loads every policy of testdata/bad and compares what is said of it
// with the text beside it: the messages are part of the product.
func TestBad(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(strings.TrimSuffix(name, ".yaml"), func(t *testing.T) {
			set, err := native.Load(os.DirFS("testdata"), "bad/"+name)
			if err == nil {
				t.Fatalf("%s loads", name)
			}
			if len(set.Policies)+len(set.Exceptions) > 0 {
				t.Error("a set is returned together with an error")
			}
			var problems native.Problems
			if !errors.As(err, &problems) {
				t.Errorf("error is %T, want native.Problems", err)
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".txt", err.Error()+"\n")
		})
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
