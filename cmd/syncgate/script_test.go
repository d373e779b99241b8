package main

import (
	"bytes"
	"crypto/elliptic"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gcrname "github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/sigstore/sigstore/pkg/cryptoutils"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/dialect"
	"github.com/syncgate/syncgate/render/git/gittest"
	"github.com/syncgate/syncgate/verify/verifytest"
)

func TestMain(m *testing.M) {
	if dialect.Serve() {
		return
	}
	testscript.Main(m, map[string]func(){"syncgate": main})
}

// TestScripts runs the real main on txtar scripts. Besides testscript's own
// commands they have those of world.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, ".cache"))
			env.Setenv("DOCKER_CONFIG", filepath.Join(env.WorkDir, ".docker"))
			env.Values[worldKey{}] = &scriptWorld{images: map[string]verifytest.Image{}, signers: map[string]*verifytest.Signer{}}
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"world":    func(ts *testscript.TestScript, _ bool, _ []string) { worldOf(ts).start(ts) },
			"down":     func(ts *testscript.TestScript, _ bool, _ []string) { ts.Check(worldOf(ts).Close()) },
			"push":     func(ts *testscript.TestScript, _ bool, args []string) { worldOf(ts).push(ts, args) },
			"sign":     func(ts *testscript.TestScript, _ bool, args []string) { worldOf(ts).sign(ts, args) },
			"artifact": func(ts *testscript.TestScript, _ bool, args []string) { worldOf(ts).artifact(ts, args) },
			"bundle":   func(ts *testscript.TestScript, _ bool, args []string) { worldOf(ts).bundle(ts, args) },
			"attest":   func(ts *testscript.TestScript, _ bool, args []string) { worldOf(ts).attest(ts, args) },
			"holder":   func(ts *testscript.TestScript, _ bool, args []string) { worldOf(ts).holder(ts, args) },
			"keypair":  func(ts *testscript.TestScript, _ bool, args []string) { makeKey(ts, args[0]) },
			"stranger": func(ts *testscript.TestScript, _ bool, args []string) { worldOf(ts).stranger(ts, args) },
			"break":    func(ts *testscript.TestScript, _ bool, args []string) { worldOf(ts).breakIt(ts, args) },
			"mend":     func(ts *testscript.TestScript, _ bool, _ []string) { worldOf(ts).Mend() },
			"commit":   func(ts *testscript.TestScript, _ bool, args []string) { worldOf(ts).commit(ts, args) },
			"fill":     func(ts *testscript.TestScript, _ bool, args []string) { fill(ts, args) },
			"exitcode": exitCode,
			"forge":    serveForge,
			"charts":   serveCharts,
		},
	})
}

type worldKey struct{}

// scriptWorld is the registry, the certificate authority and the signers of
// one script.
type scriptWorld struct {
	*verifytest.World
	images  map[string]verifytest.Image
	signers map[string]*verifytest.Signer
	// other is another Sigstore deployment, whose signers are strangers.
	other     *verifytest.World
	strangers map[string]*verifytest.Signer
}

func worldOf(ts *testscript.TestScript) *scriptWorld { return ts.Value(worldKey{}).(*scriptWorld) }

// start is "world": it starts the registry, sets $REGISTRY and $WORLD_TIME, and writes
// trusted_root.json, scanner.pub and psirt.pub.
func (w *scriptWorld) start(ts *testscript.TestScript) {
	world, err := verifytest.NewWorld(verifytest.Options{})
	ts.Check(err)
	w.World = world
	ts.Defer(func() { world.Close() })
	ts.Setenv("REGISTRY", world.Host())
	ts.Setenv("WORLD_TIME", world.Now().Format(time.RFC3339))
	ts.Check(os.WriteFile(ts.MkAbs("trusted_root.json"), world.TrustedRoot(), 0o644))
	for _, name := range []string{"scanner", "psirt"} {
		key, err := world.Key(verifytest.ECDSAP256)
		ts.Check(err)
		w.signers[name] = key
		ts.Check(os.WriteFile(ts.MkAbs(name+".pub"), key.PEM(), 0o644))
	}
	const repository = "https://github.com/acme/shop"
	const workflow = repository + "/.github/workflows/release.yml@refs/tags/v1"
	extensions := map[string]string{"sourceRepositoryURI": repository, "runnerEnvironment": "github-hosted"}
	w.signers["release"] = world.Keyless("https://token.actions.githubusercontent.com", workflow, extensions)
	w.signers["stranger"] = world.Keyless("https://token.actions.githubusercontent.com",
		"https://github.com/mallory/shop/.github/workflows/release.yml@refs/tags/v1", nil)
}

// push is "push NAME [PLATFORM...]": it pushes an image, an index if
// platforms are named, and sets $NAME to the reference with its digest and
// $NAME_TAG to that with its tag.
func (w *scriptWorld) push(ts *testscript.TestScript, args []string) {
	name := args[0]
	image, err := w.PushImage("acme/" + name + ":v1")
	if len(args) > 1 {
		image, err = w.PushIndex("acme/"+name+":v1", args[1:]...)
	}
	ts.Check(err)
	w.images[name] = image
	ts.Setenv(strings.ToUpper(name), image.Pinned())
	ts.Setenv(strings.ToUpper(name)+"_TAG", image.Reference())
	ts.Setenv(strings.ToUpper(name)+"_DIGEST", image.Digest.String())
}

// holder is "holder NAME SUBJECT": it makes a certificate authority outside of
// Sigstore, writes its certificates to NAME-ca.pem, and makes a signer who
// holds a certificate of its.
func (w *scriptWorld) holder(ts *testscript.TestScript, args []string) {
	ca, err := w.CA(time.Time{})
	ts.Check(err)
	w.signers[args[0]], err = ca.Holder(verifytest.Holding{Subjects: []string{args[1]}})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+"-ca.pem"), ca.PEM(), 0o644))
}

// stranger is "stranger NAME ISSUER SUBJECT": it makes a keyless signer of
// another Sigstore deployment, whose trusted root it writes to
// other_root.json.
func (w *scriptWorld) stranger(ts *testscript.TestScript, args []string) {
	if w.other == nil {
		world, err := verifytest.NewWorld(verifytest.Options{})
		ts.Check(err)
		ts.Defer(func() { world.Close() })
		w.other, w.strangers = world, map[string]*verifytest.Signer{}
		ts.Check(os.WriteFile(ts.MkAbs("other_root.json"), world.TrustedRoot(), 0o644))
	}
	w.strangers[args[0]] = w.other.Keyless(args[1], args[2], nil)
}

// sign is "sign NAME SIGNER [OPTION...]". An option is as for attest, or
// repository=NAME or prefix=TEXT, which keep the signature elsewhere.
func (w *scriptWorld) sign(ts *testscript.TestScript, args []string) {
	image, options := w.images[args[0]], []string{}
	var kept policy.Source
	for _, option := range args[2:] {
		switch key, value, _ := strings.Cut(option, "="); key {
		case "repository":
			kept.Repository = value
		case "prefix":
			kept.TagPrefix = value
		default:
			options = append(options, option)
		}
	}
	image = image.KeptIn(kept)
	if signer := w.strangers[args[1]]; signer != nil {
		made, err := w.other.SimpleSigning(image, signer, w.how(ts, options))
		ts.Check(err)
		ts.Check(w.Push(image, made))
		return
	}
	ts.Check(w.Sign(image, w.signers[args[1]], w.how(ts, options)))
}

// artifact is "artifact NAME FILE...": it pushes the files as one artifact, a
// layer each, as oras does, and sets the same variables as push.
func (w *scriptWorld) artifact(ts *testscript.TestScript, args []string) {
	name := args[0]
	image, err := w.PushImage("acme/" + name + ":v0")
	ts.Check(err)
	var made v1.Image = mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	for _, file := range args[1:] {
		made, err = mutate.Append(made, mutate.Addendum{
			Layer:       static.NewLayer([]byte(ts.ReadFile(file)), "application/vnd.acme.policy+yaml"),
			Annotations: map[string]string{"org.opencontainers.image.title": filepath.Base(file)},
		})
		ts.Check(err)
	}
	digest, err := made.Digest()
	ts.Check(err)
	ref, err := gcrname.ParseReference(w.Host() + "/acme/" + name + ":v1")
	ts.Check(err)
	ts.Check(remote.Write(ref, made))
	image.Tag = "v1"
	image.Digest, err = policy.ParseDigest(digest.String())
	ts.Check(err)
	w.images[name] = image
	ts.Setenv(strings.ToUpper(name), image.Pinned())
	ts.Setenv(strings.ToUpper(name)+"_TAG", w.Host()+"/acme/"+name+":v1")
}

// bundle is "bundle NAME SIGNER TYPE FILE OUT [OPTION...]": attest, into a file.
func (w *scriptWorld) bundle(ts *testscript.TestScript, args []string) {
	made, err := w.Bundle(w.images[args[0]], w.signers[args[1]],
		verifytest.Claim{PredicateType: args[2], Predicate: json.RawMessage(ts.ReadFile(args[3]))}, w.how(ts, args[5:]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[4]), made.Payload, 0o644))
}

// attest is "attest NAME SIGNER TYPE FILE [OPTION...]"; $NOW, $NAME and the
// like in FILE are filled in. An option is age=49h, form=bundle, log=none or stamped.
func (w *scriptWorld) attest(ts *testscript.TestScript, args []string) {
	how := w.how(ts, args[4:])
	at := how.At
	if at.IsZero() {
		at = w.Now()
	}
	text := os.Expand(ts.ReadFile(args[3]), func(name string) string {
		if name == "NOW" {
			return at.Format(time.RFC3339)
		}
		return ts.Getenv(name)
	})
	ts.Check(w.Attest(w.images[args[0]], w.signers[args[1]],
		verifytest.Claim{PredicateType: args[2], Predicate: json.RawMessage(text)}, how))
}

// breakIt is "break FAULT PATH": requests with PATH in theirs meet a fault of
// verifytest.
func (w *scriptWorld) breakIt(ts *testscript.TestScript, args []string) {
	fault := verifytest.Faults()[args[0]]
	if fault == nil {
		ts.Fatalf("unknown fault %s", args[0])
	}
	w.Break(verifytest.On(args[1], fault))
}

func (w *scriptWorld) how(ts *testscript.TestScript, options []string) verifytest.How {
	var how verifytest.How
	for _, option := range options {
		switch key, value, _ := strings.Cut(option, "="); key {
		case "age":
			age, err := time.ParseDuration(value)
			ts.Check(err)
			how.At = w.Now().Add(-age)
		case "stamped":
			how.Stamped = true
		case "form":
			how.Form = map[string]verifytest.Form{"bundle": verifytest.FormBundle, "tag": verifytest.FormTag}[value]
		case "log":
			how.Log = map[string]verifytest.LogEntry{"none": verifytest.LogNone, "intoto": verifytest.LogIntoto}[value]
		default:
			ts.Fatalf("unknown option %s", option)
		}
	}
	return how
}

// commit is "commit DIR [MESSAGE]": it commits all files below DIR and sets
// $COMMIT.
func (w *scriptWorld) commit(ts *testscript.TestScript, args []string) {
	dir := ts.MkAbs(args[0])
	files := map[string][]byte{}
	ts.Check(filepath.WalkDir(dir, func(name string, entry os.DirEntry, err error) error {
		if entry != nil && entry.IsDir() && entry.Name() == ".git" {
			return filepath.SkipDir
		}
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		relative, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(relative)], err = os.ReadFile(name)
		return err
	}))
	commit, err := gittest.Commit(dir, strings.Join(append([]string{"change"}, args[1:]...), " "),
		time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), files)
	ts.Check(err)
	ts.Setenv("COMMIT", commit)
	ts.Check(os.WriteFile(committed(ts), []byte(commit), 0o600))
}

// committed is the file with the last commit, for servers: variables are the
// script's alone.
func committed(ts *testscript.TestScript) string { return filepath.Join(ts.Getenv("TMPDIR"), "commit") }

// makeKey is "keypair NAME": it writes NAME.key and NAME.pub, and NAME.enc.key,
// which is encrypted as cosign does it, with the password "secret".
func makeKey(ts *testscript.TestScript, name string) {
	private, public, err := cryptoutils.GeneratePEMEncodedECDSAKeyPair(elliptic.P256(), nil)
	ts.Check(err)
	key, err := cryptoutils.UnmarshalPEMToPrivateKey(private, nil)
	ts.Check(err)
	der, err := cryptoutils.MarshalPrivateKeyToEncryptedDER(key, cryptoutils.StaticPasswordFunc([]byte("secret")))
	ts.Check(err)
	for file, text := range map[string][]byte{
		".key": private, ".pub": public, ".enc.key": cryptoutils.PEMEncode(cryptoutils.EncryptedSigstorePrivateKeyPEMType, der),
	} {
		ts.Check(os.WriteFile(ts.MkAbs(name+file), text, 0o600))
	}
}

// fill is "fill FILE...": it replaces $VARIABLES that the world has set.
func fill(ts *testscript.TestScript, files []string) {
	for _, file := range files {
		text := os.Expand(ts.ReadFile(file), func(name string) string {
			if value := ts.Getenv(name); value != "" {
				return value
			}
			return "$" + name
		})
		ts.Check(os.WriteFile(ts.MkAbs(file), []byte(text), 0o644))
	}
}

// serveForge is "forge [refusing PATH]": it starts a forge that takes what it is
// sent, but for requests with PATH in theirs, and writes it into forge.log, a line
// a request, and sets $FORGE to its address.
func serveForge(ts *testscript.TestScript, _ bool, args []string) {
	log, err := os.OpenFile(filepath.Join(ts.Getenv("WORK"), "forge.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	ts.Check(err)
	head := committed(ts)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(log, "%s %s %s\n", r.Method, r.URL.Path, bytes.TrimSpace(body))
		w.Header().Set("Content-Type", "application/json")
		answer := `{"id": 5}`
		switch {
		case len(args) > 1 && strings.Contains(r.URL.Path, args[1]):
			w.WriteHeader(http.StatusForbidden)
			answer = `{"message": "Resource not accessible by integration"}`
		case strings.HasSuffix(r.URL.Path, "/iterations"):
			commit, _ := os.ReadFile(head)
			answer = fmt.Sprintf(`{"value": [{"id": 4, "sourceRefCommit": {"commitId": %q}}]}`, commit)
		case strings.HasPrefix(r.URL.Path, "/2.0/"), strings.HasPrefix(r.URL.Path, "/acme/"):
		case r.Method == http.MethodGet:
			answer = "[]"
		}
		fmt.Fprint(w, answer)
	}))
	ts.Defer(func() { server.Close(); log.Close() })
	ts.Setenv("FORGE", server.URL)
}

// exitCode is "exitcode N COMMAND...": it runs the command and wants that
// exit code. What was printed can be compared as after exec.
func exitCode(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	if err != nil {
		code = -1
		if exit, ok := err.(interface{ ExitCode() int }); ok {
			code = exit.ExitCode()
		}
	}
	if fmt.Sprint(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}
