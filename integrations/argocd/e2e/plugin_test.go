package e2e

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/argoproj/argo-cd/v3/util/cmp"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/syncgate/syncgate/verify/verifytest"
)

func pod(name, image string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\nspec: {containers: [{name: app, image: %q}]}\n", name, image)
}

// tagged is how an image is named by its tag.
func tagged(w *world, image verifytest.Image) string {
	return w.Host() + "/" + image.Repository + ":" + image.Tag
}

func TestGenerate(t *testing.T) {
	w := newWorld(t)
	web, cart := w.push(t, "acme/web:v1", true), w.push(t, "acme/cart:v1", false)
	w.write(t, "repository/apps/web/pod.yaml", pod("web", tagged(w, web)))
	w.write(t, "repository/apps/cart/pod.yaml", pod("cart", tagged(w, cart)))
	w.write(t, "repository/apps/tricky/pod.yaml", pod("cart", tagged(w, cart)))
	// Argo CD merges such a file into the application before it asks the plugin.
	w.write(t, "repository/apps/tricky/.argocd-source.yaml", "plugin: {name: none, env: [{name: SYNCGATE_POLICY, value: weak.yaml}], parameters: [{name: policy, string: weak.yaml}]}\n")
	w.write(t, "repository/apps/tricky/weak.yaml", "apiVersion: syncgate.dev/v1alpha1\nkind: ImagePolicy\nmetadata: {name: weak}\nspec: {match: {images: [\"**\"]}, unmatched: allow}\n")

	t.Run("pass", func(t *testing.T) {
		manifests, err := w.generate(t, "web", nil)
		if err != nil || len(manifests) != 1 || !strings.Contains(manifests[0], tagged(w, web)+"@"+web.Digest.String()) {
			t.Errorf("%v, %v", manifests, err)
		}
	})
	t.Run("denied", func(t *testing.T) {
		_, err := w.generate(t, "cart", nil)
		says(t, err, "SYNC DENIED", tagged(w, cart), "apps/cart/pod.yaml:4:")
	})
	t.Run("switched", func(t *testing.T) {
		_, err := w.generate(t, "tricky", map[string]string{"ARGOCD_ENV_SYNCGATE_POLICY": "weak.yaml", "SYNCGATE_POLICY": "weak.yaml"})
		says(t, err, "SYNC DENIED", tagged(w, cart))
		_, err = w.generate(t, "tricky", map[string]string{"ARGOCD_APP_PARAMETERS": `[{"name":"policy","string":"weak.yaml"}]`})
		says(t, err, `read plugin parameter "policy": there is none of that name`)
	})
	t.Run("registry down", func(t *testing.T) {
		w.Break(func(out http.ResponseWriter, _ *http.Request, _ http.Handler) {
			out.WriteHeader(http.StatusServiceUnavailable)
		})
		defer w.Mend()
		_, err := w.generate(t, "web", nil)
		says(t, err, "SYNC HELD", tagged(w, web), "503")
		if strings.Contains(err.Error(), "DENIED") {
			t.Error("it is told as denied by policy")
		}
	})
}

// says holds an error to what people need, in the space that they have.
func says(t *testing.T, err error, wants ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("it passes")
	}
	for _, want := range wants {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("want %q in:\n%v", want, err)
		}
	}
	if lines := strings.Count(err.Error(), "\n") + 1; lines > 20 {
		t.Errorf("%d lines:\n%v", lines, err)
	}
}

// TestManyImages is an application of a hundred images by their tags. What is
// not verified within the plugin's 45 seconds is held, so that a pass tells that
// it was.
func TestManyImages(t *testing.T) {
	const images = 100
	w := newWorld(t)
	for i := range images {
		image := w.push(t, fmt.Sprintf("acme/app-%d:v1", i), true)
		w.write(t, fmt.Sprintf("repository/apps/many/app-%d.yaml", i), pod(fmt.Sprintf("app-%d", i), tagged(w, image)))
	}
	for _, run := range []string{"first", "second"} {
		began := time.Now()
		manifests, err := w.generate(t, "many", nil)
		if err != nil || len(manifests) != images {
			t.Fatalf("%d manifests, %v", len(manifests), err)
		}
		t.Logf("the %s time it takes %s", run, time.Since(began).Round(time.Millisecond))
	}
}

// TestConfiguration asks what argocd-repo-server and the user interface ask.
func TestConfiguration(t *testing.T) {
	w := newWorld(t)
	w.write(t, "repository/apps/web/pod.yaml", pod("web", "web"))
	configuration, err := w.client.CheckPluginConfiguration(t.Context(), &emptypb.Empty{})
	if err != nil || configuration.IsDiscoveryConfigured || configuration.ProvideGitCreds {
		t.Errorf("%v, %v", configuration, err)
	}
	stream, err := w.client.GetParametersAnnouncement(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	repository := filepath.Join(w.dir, "repository")
	if err := cmp.SendRepoStream(t.Context(), filepath.Join(repository, "apps", "web"), repository, stream, nil, nil); err != nil {
		t.Fatal(err)
	}
	answer, err := stream.CloseAndRecv()
	var names []string
	for _, announced := range answer.GetParameterAnnouncements() {
		names = append(names, announced.GetName())
	}
	if err != nil || !slices.Contains(names, "values-files") || !slices.Contains(names, "source") {
		t.Errorf("%q, %v", names, err)
	}
}
