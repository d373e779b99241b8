package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/argoproj/argo-cd/v3/cmd/argocd-cmp-server/commands"
)

// asServer makes this test program argocd-cmp-server.
const asServer = "SYNCGATE_TEST_CMP_SERVER"

// programs is the directory with the built syncgate.
var programs string

func TestMain(m *testing.M) {
	if os.Getenv(asServer) != "" {
		if err := commands.NewCommand().Execute(); err != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(build(m))
}

// build builds the program as it is shipped, and runs the tests.
func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "syncgate-cmp-")
	if err == nil {
		programs = dir
		defer os.RemoveAll(dir)
		command := exec.Command("go", "build", "-o", filepath.Join(dir, "syncgate"), "./cmd/syncgate")
		command.Dir = filepath.Join("..", "..", "..")
		command.Stderr = os.Stderr
		err = command.Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "build syncgate:", err)
		return 1
	}
	return m.Run()
}
