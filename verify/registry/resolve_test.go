package registry_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

func TestATagIsResolvedByOneRequest(t *testing.T) {
	w := newWorld(t)
	want := w.image("acme/app", "1.2")
	c := client(t, options())
	for range 2 { // and once a run
		s, err := c.Resolve(t.Context(), w.host+"/acme/app:1.2", verify.Want{})
		if err != nil {
			t.Fatal(err)
		}
		if s.Digest != want || s.Tag != "1.2" || s.Pinned || s.Repository != w.host+"/acme/app" || !s.PlatformsKnown {
			t.Errorf("got %+v", s)
		}
	}
	if got := w.requests(); len(got) != 1 || got[0] != "GET /v2/acme/app/manifests/1.2" {
		t.Errorf("got %q", got)
	}
}

func TestADigestIsResolvedByNoRequest(t *testing.T) {
	w := newWorld(t)
	d := w.image("acme/app", "1.2")
	c := client(t, options())
	s, err := c.Resolve(t.Context(), w.host+"/acme/app:1.2@"+d.String(), verify.Want{})
	if err != nil || s.Digest != d || !s.Pinned || s.Tag != "1.2" {
		t.Fatal(s, err)
	}
	if s, err = c.Resolve(t.Context(), w.host+"/acme/app@"+d.String(), verify.Want{}); err != nil || s.Tag != "" {
		t.Fatal(s, err)
	}
	if len(w.asked) != 0 {
		t.Errorf("asked %q", w.asked)
	}
	if _, err = c.Resolve(t.Context(), w.host+"/acme/app@"+d.String(), verify.Want{Existence: true}); err != nil {
		t.Fatal(err)
	}
	w.wantRequests(1)
}

func TestADigestThatDoesNotExistIsNotFoundWhereItIsAskedFor(t *testing.T) {
	w := newWorld(t)
	w.image("acme/app", "1.2")
	gone := "sha256:" + strings.Repeat("0", 64)
	_, err := client(t, options()).Resolve(t.Context(), w.host+"/acme/app@"+gone, verify.Want{Existence: true})
	if f := oneFault(t, err); f.Code != verify.CodeImageNotFound || f.Verdict != policy.Fail || f.Retryable {
		t.Errorf("got %+v", f)
	}
}

func TestPlatformsOfAnIndex(t *testing.T) {
	for _, mediaType := range []string{ociIndex, dockerList} {
		w := newWorld(t)
		one, two, note := w.image("acme/app", "one"), w.image("acme/app", "two"), w.image("acme/app", "note")
		child := func(d policy.Digest, os, architecture, variant string) object {
			return object{"mediaType": ociManifest, "digest": d.String(), "size": 1,
				"platform": object{"os": os, "architecture": architecture, "variant": variant}}
		}
		attestation := child(note, "unknown", "unknown", "")
		attestation["annotations"] = object{"vnd.docker.reference.type": "attestation-manifest"}
		// Marked as an attestation, but a runtime on linux/s390x would run it.
		disguised := child(note, "linux", "s390x", "")
		disguised["annotations"] = object{"vnd.docker.reference.type": "attestation-manifest"}
		d := w.manifest("acme/app", "1", mediaType, object{"schemaVersion": 2, "mediaType": mediaType, "manifests": []object{
			child(one, "linux", "amd64", ""), child(two, "linux", "arm", "v7"), attestation, disguised,
		}})
		for _, ref := range []string{":1", "@" + d.String()} {
			s, err := client(t, options()).Resolve(t.Context(), w.host+"/acme/app"+ref, verify.Want{Platforms: true})
			if err != nil {
				t.Fatal(err)
			}
			want := []policy.Platform{{Name: "linux/amd64", Digest: one}, {Name: "linux/arm/v7", Digest: two}, {Name: "linux/s390x", Digest: note}}
			if fmt.Sprint(s.Platforms) != fmt.Sprint(want) || !s.PlatformsKnown || s.Digest != d {
				t.Errorf("%s %s: got %+v", mediaType, ref, s)
			}
		}
	}
}

func TestAnIndexThatCannotBeReadIsUnknownOnlyWherePlatformsAreWanted(t *testing.T) {
	nested := object{"mediaType": ociIndex, "digest": "sha256:" + strings.Repeat("1", 64), "size": 1}
	var many []object
	for i := range bounds.Platforms + 1 {
		many = append(many, object{"mediaType": dockerManifest, "digest": sum([]byte{byte(i), byte(i >> 8)}), "size": 1})
	}
	for name, c := range map[string]struct {
		children []object
		code     policy.Code
	}{
		"nested":                         {[]object{nested}, verify.CodeRegistryProtocol},
		"no image":                       {nil, verify.CodeRegistryProtocol},
		"bad digest":                     {[]object{{"mediaType": ociManifest, "digest": "sha256:zz"}}, verify.CodeRegistryProtocol},
		"too many (GHSA-cq38-jh5f-37mq)": {many, verify.CodeLimitExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			serve(w, "/manifests/1", ociIndex, object{"schemaVersion": 2, "manifests": c.children})
			client := client(t, options())
			if s, err := client.Resolve(t.Context(), w.host+"/acme/app:1", verify.Want{}); err != nil || s.PlatformsKnown {
				t.Errorf("got %+v, %v", s, err)
			}
			s, err := client.Resolve(t.Context(), w.host+"/acme/app:1", verify.Want{Platforms: true})
			if f := oneFault(t, err); f.Code != c.code || f.Verdict != policy.Unknown || s.PlatformsKnown {
				t.Errorf("got %+v, %+v", s, f)
			}
		})
	}
}

// A child that is skipped is a platform that runs without evidence.
func TestAnIndexWithAChildOfAnotherMediaTypeIsUnknown(t *testing.T) {
	for _, mediaType := range []string{
		"", "application/vnd.weird", ociManifest + "; charset=utf-8", strings.ToUpper(ociManifest), "application/vnd.docker.distribution.manifest.v1+prettyjws",
	} {
		for _, annotations := range []map[string]string{nil, {"vnd.docker.reference.type": "attestation-manifest"}} {
			w := newWorld(t)
			child := func(mediaType string, digit string) object {
				return object{"mediaType": mediaType, "digest": "sha256:" + strings.Repeat(digit, 64), "size": 1,
					"platform": object{"os": "linux", "architecture": "amd64"}, "annotations": annotations}
			}
			serve(w, "/manifests/1", ociIndex, object{"schemaVersion": 2, "manifests": []object{child(mediaType, "1"), child(ociManifest, "2")}})
			s, err := client(t, options()).Resolve(t.Context(), w.host+"/acme/app:1", verify.Want{Platforms: true})
			if err == nil {
				t.Fatalf("%q: got platforms %+v", mediaType, s.Platforms)
			}
			if f := oneFault(t, err); f.Code != verify.CodeRegistryProtocol || f.Verdict != policy.Unknown || !strings.Contains(f.Message, strings.Repeat("1", 64)) {
				t.Errorf("%q: got %+v", mediaType, f)
			}
		}
	}
}

// serve answers for paths that end in suffix.
func serve(w *world, suffix, contentType string, m object) {
	w.meddle = func(out http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, suffix) {
			return false
		}
		out.Header().Set("Content-Type", contentType)
		_, _ = out.Write(marshal(w.t, m))
		return true
	}
}

// THREATS: CVE-2022-47633, CVE-2023-47630, CVE-2023-33959, cosign 542.
func TestThreat_CVE_2022_47633_CVE_2023_33959_ARegistryWhoseAnswersDifferFails(t *testing.T) {
	w := newWorld(t)
	good := w.image("acme/app", "1")
	w.image("acme/app", "evil")
	evil := w.content("acme/app", "evil")
	t.Run("body with another digest than announced", func(t *testing.T) {
		w.meddle = func(out http.ResponseWriter, r *http.Request) bool {
			if !strings.Contains(r.URL.Path, "/manifests/") {
				return false
			}
			out.Header().Set("Content-Type", ociManifest)
			out.Header().Set("Docker-Content-Digest", good.String())
			_, _ = out.Write(evil)
			return true
		}
		for _, ref := range []string{":1", "@" + good.String()} {
			_, err := client(t, options()).Resolve(t.Context(), w.host+"/acme/app"+ref, verify.Want{Existence: true})
			if f := oneFault(t, err); f.Code != verify.CodeDigestMismatch || f.Verdict != policy.Fail {
				t.Errorf("%s: got %+v", ref, f)
			}
		}
	})
	t.Run("body with another digest than asked for, which it announces", func(t *testing.T) {
		w.meddle = func(out http.ResponseWriter, r *http.Request) bool {
			r.URL.Path = strings.Replace(r.URL.Path, good.String(), "evil", 1)
			return false
		}
		_, err := client(t, options()).Resolve(t.Context(), w.host+"/acme/app@"+good.String(), verify.Want{Existence: true})
		if f := oneFault(t, err); f.Code != verify.CodeDigestMismatch || f.Verdict != policy.Fail {
			t.Errorf("got %+v", f)
		}
	})
	t.Run("HEAD says otherwise than GET, and is never asked", func(t *testing.T) {
		w.meddle = func(out http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodHead {
				out.Header().Set("Docker-Content-Digest", sum(evil))
				return true
			}
			return false
		}
		s, err := client(t, options()).Resolve(t.Context(), w.host+"/acme/app:1", verify.Want{})
		if err != nil || s.Digest != good {
			t.Errorf("got %v, %v", s.Digest, err)
		}
		if n := w.count("HEAD"); n != 0 {
			t.Errorf("asked HEAD %d times", n)
		}
	})
}

// THREATS: CVE-2022-47633: a tag that moves during a run is resolved once.
func TestThreat_Cosign542_ATagThatMovesIsResolvedOnce(t *testing.T) {
	w := newWorld(t)
	w.image("acme/app", "other")
	first := w.image("acme/app", "1")
	c := client(t, options())
	if _, err := c.Resolve(t.Context(), w.host+"/acme/app:1", verify.Want{}); err != nil {
		t.Fatal(err)
	}
	w.put("PUT", "/v2/acme/app/manifests/1", ociManifest, w.content("acme/app", "other"))
	s, err := c.Resolve(t.Context(), w.host+"/acme/app:1", verify.Want{Platforms: true})
	if err != nil || s.Digest != first {
		t.Errorf("got %v, %v, want %v", s.Digest, err, first)
	}
}

func TestSchema1IsToldAsSuch(t *testing.T) {
	for contentType, m := range map[string]object{
		"application/vnd.docker.distribution.manifest.v1+prettyjws": {"schemaVersion": 1},
		dockerManifest: {"schemaVersion": 1, "fsLayers": []object{{}}},
	} {
		w := newWorld(t)
		serve(w, "/manifests/1", contentType, m)
		_, err := client(t, options()).Resolve(t.Context(), w.host+"/acme/app:1", verify.Want{})
		if f := oneFault(t, err); f.Verdict != policy.Unknown || !strings.Contains(f.Message, "schema 1") {
			t.Errorf("got %+v", f)
		}
	}
}

// CVE-2021-41190: what is read as an image here must not be an index there.
func TestAManifestThatCanBeReadInTwoWaysIsUnknown(t *testing.T) {
	both := imageManifest()
	both["manifests"] = []object{{"mediaType": ociManifest}}
	lying := imageManifest()
	lying["mediaType"] = ociIndex
	for name, m := range map[string]object{"both": both, "another media type": lying, "neither": {"schemaVersion": 2}} {
		w := newWorld(t)
		serve(w, "/manifests/1", ociManifest, m)
		_, err := client(t, options()).Resolve(t.Context(), w.host+"/acme/app:1", verify.Want{})
		if f := oneFault(t, err); f.Code != verify.CodeRegistryProtocol || f.Verdict != policy.Unknown {
			t.Errorf("%s: got %+v", name, f)
		}
	}
}

func TestReferencesThatDoNotParse(t *testing.T) {
	for _, ref := range []string{
		"", " ", "UPPER/case", "a/../b", "acme//app", "/acme", "acme/app:", "acme/app:-x", "acme/app@sha256:12", "acme/app@sha384:" + strings.Repeat("a", 96),
		"https://ghcr.io/acme/app", "ghcr.io/acme/app@sha256:" + strings.Repeat("A", 64), "user:pass@ghcr.io/acme/app", "ghcr.io/acme/app:1@sha256:" + strings.Repeat("a", 64) + "@x",
	} {
		_, err := client(t, options()).Resolve(t.Context(), ref, verify.Want{})
		if f := oneFault(t, err); f.Code != verify.CodeImageMalformed || f.Verdict != policy.Fail || !strings.Contains(f.Message, ref) {
			t.Errorf("%q: got %+v", ref, f)
		}
	}
}

// THREATS: docker.io, index.docker.io, bare names.
func TestThreat_DockerIO_BareNamesAreOneRepository(t *testing.T) {
	d := "sha256:" + strings.Repeat("a", 64)
	for _, ref := range []string{"nginx@" + d, "library/nginx@" + d, "docker.io/nginx@" + d, "docker.io/library/nginx@" + d, "index.docker.io/library/nginx:latest@" + d} {
		s, err := client(t, options()).Resolve(t.Context(), ref, verify.Want{})
		if err != nil || s.Repository != "index.docker.io/library/nginx" {
			t.Errorf("%s: got %q, %v", ref, s.Repository, err)
		}
	}
	w := newWorld(t)
	want := w.image("library/nginx", "latest")
	o := options()
	o.Base = routed{"index.docker.io": w}
	c := client(t, o)
	for _, ref := range []string{"nginx", "docker.io/nginx", "index.docker.io/library/nginx:latest"} {
		if s, err := c.Resolve(t.Context(), ref, verify.Want{}); err != nil || s.Digest != want || s.Tag != "latest" {
			t.Errorf("%s: got %+v, %v", ref, s, err)
		}
	}
	w.wantRequests(1)
}

// THREATS: conforma PR 3136, kyverno 17117.
func TestThreat_Kyverno17117_ATransientFailureIsNeverCached(t *testing.T) {
	w := newWorld(t)
	want := w.image("acme/app", "1")
	broken := true
	w.meddle = func(out http.ResponseWriter, r *http.Request) bool {
		if broken {
			out.WriteHeader(http.StatusServiceUnavailable)
		}
		return broken
	}
	c := client(t, options())
	_, err := c.Resolve(t.Context(), w.host+"/acme/app:1", verify.Want{})
	if f := oneFault(t, err); f.Code != verify.CodeRegistryUnavailable || !f.Retryable {
		t.Fatalf("got %+v", f)
	}
	broken = false
	if s, err := c.Resolve(t.Context(), w.host+"/acme/app:1", verify.Want{}); err != nil || s.Digest != want {
		t.Errorf("got %v, %v", s.Digest, err)
	}
}

func TestManyWhoAskAtOnceCostOneRequest(t *testing.T) {
	w := newWorld(t)
	w.image("acme/app", "1")
	c := client(t, options())
	var group sync.WaitGroup
	for range 32 {
		group.Go(func() {
			if _, err := c.Resolve(t.Context(), w.host+"/acme/app:1", verify.Want{}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := w.count("GET /v2/ "); len(w.asked) != 2 {
		t.Errorf("asked %q (%d)", w.asked, n)
	}
}

// Who waits for another one's request must not inherit its deadline.
func TestAWaiterDoesNotInheritADeadline(t *testing.T) {
	w := newWorld(t)
	want := w.image("acme/app", "1")
	ctx, cancel := context.WithCancel(t.Context())
	entered := make(chan struct{})
	var once sync.Once
	w.meddle = func(out http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.Path, "/manifests/") {
			first := false
			once.Do(func() { first = true })
			if first {
				close(entered)
				<-r.Context().Done()
				return true
			}
		}
		return false
	}
	c := client(t, options())
	var group sync.WaitGroup
	group.Go(func() {
		_, err := c.Resolve(ctx, w.host+"/acme/app:1", verify.Want{})
		var f *verify.Fault
		if !errors.As(err, &f) || f.Code != verify.CodeRegistryTimeout || f.Verdict != policy.Unknown {
			t.Errorf("got %v", err)
		}
	})
	<-entered
	group.Go(func() {
		if s, err := c.Resolve(t.Context(), w.host+"/acme/app:1", verify.Want{}); err != nil || s.Digest != want {
			t.Errorf("got %v, %v", s.Digest, err)
		}
	})
	cancel()
	group.Wait()
}
