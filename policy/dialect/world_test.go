package dialect_test

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/dialect"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/manifests"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/registry"
	"github.com/syncgate/syncgate/verify/sigstore"
	"github.com/syncgate/syncgate/verify/verifytest"
)

func TestMain(m *testing.M) {
	if dialect.Serve() {
		return
	}
	os.Exit(m.Run())
}

// differential is one case of testdata: a policy of another tool as it is, an
// image with evidence, and the verdict that the tool's own documents and
// source prescribe.
type differential struct {
	Name string `yaml:"name"`
	// Policy and Object are YAML. $REGISTRY, $IMAGE, the name of the image
	// $NAME, and the keys of signers, quoted, are filled in. Without an object
	// it is a Pod in namespace prod that runs $IMAGE.
	// $TRUSTROOT and $OTHERROOT are TrustRoots called world and other: those of
	// the scene and of another Sigstore deployment. $NOCTLOGS is world without
	// certificate logs.
	Policy   string     `yaml:"policy"`
	Object   string     `yaml:"object"`
	Evidence []evidence `yaml:"evidence"`
	// Tagged writes the image with a tag instead of a digest.
	Tagged bool `yaml:"tagged"`
	// Want is the verdict, and Code one that a finding must have.
	Want string `yaml:"want"`
	Code string `yaml:"code"`
	// Stricter is why the verdict is not the tool's own. Oracle is what the
	// tool itself says: pass, fail, or why it was not asked.
	Stricter string `yaml:"stricter"`
	Oracle   string `yaml:"oracle"`
	// Why names the source of the expected verdict.
	Why string `yaml:"why"`
}

// evidence is something that is signed.
type evidence struct {
	Sign        string            `yaml:"sign"`
	Attest      string            `yaml:"attest"`
	Type        string            `yaml:"type"`
	Predicate   any               `yaml:"predicate"`
	Log         string            `yaml:"log"`
	Form        string            `yaml:"form"`
	Annotations map[string]string `yaml:"annotations"`
	Stamped     bool              `yaml:"stamped"`
	// Age is how long ago it was signed.
	Age time.Duration `yaml:"age"`
	// Repository and Prefix are where it is kept, if not beside the image.
	Repository string `yaml:"repository"`
	Prefix     string `yaml:"prefix"`
}

// scene is a registry, an authority and the signers of all cases.
type scene struct {
	*verifytest.World
	// other is another Sigstore deployment, whose only signer is "internal".
	other *verifytest.World
	// ca is a certificate authority outside of Sigstore; "holder" has a
	// certificate of it.
	ca      *verifytest.CA
	signers map[string]*verifytest.Signer
	root    *sigstore.TrustedRoot
	images  int
}

func newScene(t *testing.T) *scene {
	t.Helper()
	world, err := verifytest.NewWorld(verifytest.Options{})
	check(t, err)
	t.Cleanup(func() { world.Close() })
	root, err := sigstore.ParseTrustedRoot(world.TrustedRoot())
	check(t, err)
	other, err := verifytest.NewWorld(verifytest.Options{})
	check(t, err)
	t.Cleanup(func() { other.Close() })
	s := &scene{World: world, other: other, signers: map[string]*verifytest.Signer{}, root: root}
	for _, name := range []string{"alice", "bob"} {
		s.signers[name], err = world.Key(verifytest.ECDSAP256)
		check(t, err)
	}
	const issuer = "https://token.actions.githubusercontent.com"
	extensions := map[string]string{"githubWorkflowRepository": "acme/app", "githubWorkflowTrigger": "push"}
	s.signers["release"] = world.Keyless(issuer, "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1", extensions)
	s.signers["mallory"] = world.Keyless(issuer, "https://github.com/mallory/app/.github/workflows/release.yml@refs/tags/v1", nil)
	s.signers["internal"] = other.Keyless("https://login.acme.example", "ci@acme.example", nil)
	s.ca, err = world.CA(time.Time{})
	check(t, err)
	s.signers["holder"], err = s.ca.Holder(verifytest.Holding{Subjects: []string{"holder@acme.example"}})
	check(t, err)
	return s
}

// quoted is a text for YAML.
func quoted(t *testing.T, text []byte) string {
	t.Helper()
	out, err := json.Marshal(string(text))
	check(t, err)
	return string(out)
}

// part is a part of the scene's trusted root in PEM.
func (s *scene) part(t *testing.T, name string) []byte {
	t.Helper()
	var root map[string]json.RawMessage
	check(t, json.Unmarshal(s.TrustedRoot(), &root))
	var parts []struct {
		CertChain struct {
			Certificates []struct{ RawBytes []byte }
		}
		PublicKey struct{ RawBytes []byte }
	}
	check(t, json.Unmarshal(root[name], &parts))
	if key := parts[0].PublicKey.RawBytes; key != nil {
		return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: key})
	}
	var out []byte
	for _, c := range parts[0].CertChain.Certificates {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.RawBytes})...)
	}
	return out
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// cases reads the cases of one dialect.
func cases(t *testing.T, name string) []differential {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", name, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases of %s: %v", name, err)
	}
	var all []differential
	for _, file := range files {
		text, err := os.ReadFile(file)
		check(t, err)
		decoder := yaml.NewDecoder(strings.NewReader(string(text)))
		decoder.KnownFields(true)
		var list []differential
		if err := decoder.Decode(&list); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for i := range list {
			list[i].Name = strings.TrimSuffix(filepath.Base(file), ".yaml") + "/" + list[i].Name
		}
		all = append(all, list...)
	}
	return all
}

// make makes evidence and pushes it.
func (s *scene) make(t *testing.T, image verifytest.Image, e evidence) {
	t.Helper()
	world, signer := s.World, s.signers[e.Sign+e.Attest]
	if e.Sign+e.Attest == "internal" {
		world = s.other
	}
	how := verifytest.How{Optional: e.Annotations, Stamped: e.Stamped, At: s.Now().Add(-e.Age)}
	if e.Form == "bundle" {
		how.Form = verifytest.FormBundle
	}
	if e.Log == "none" {
		how.Log = verifytest.LogNone
	}
	claim := verifytest.Claim{PredicateType: e.Type, Predicate: e.Predicate}
	var made verify.Bundle
	var err error
	switch {
	case e.Sign != "" && e.Form == "bundle":
		made, err = world.Bundle(image, signer, verifytest.Claim{PredicateType: verifytest.SignPredicate, Predicate: struct{}{}}, how)
	case e.Sign != "":
		made, err = world.SimpleSigning(image, signer, how)
	case e.Form == "bundle":
		made, err = world.Bundle(image, signer, claim, how)
	default:
		made, err = world.Envelope(image, signer, claim, how)
	}
	check(t, err)
	check(t, s.Push(image.KeptIn(policy.Source{Repository: e.Repository, TagPrefix: e.Prefix}), made))
}

// stage is a case with its image pushed and its texts filled in.
type stage struct {
	image          verifytest.Image
	policy, object string
}

func (s *scene) stage(t *testing.T, c differential) stage {
	t.Helper()
	s.images++
	image, err := s.PushImage(fmt.Sprintf("acme/app-%d:v1", s.images))
	check(t, err)
	for _, e := range c.Evidence {
		s.make(t, image, e)
	}
	reference := image.Pinned()
	if c.Tagged {
		reference = image.Reference()
	}
	fill := func(text string) string {
		return os.Expand(text, func(name string) string {
			switch name {
			case "REGISTRY":
				return s.Host()
			case "IMAGE":
				return reference
			case "NAME":
				return image.Name()
			case "BOTH":
				return quoted(t, append(s.signers["alice"].PEM(), s.signers["bob"].PEM()...))
			case "CA":
				return quoted(t, s.ca.PEM())
			case "OTHERJSON":
				return quoted(t, s.other.TrustedRoot())
			case "TSA":
				return quoted(t, s.part(t, "timestampAuthorities"))
			case "REKOR":
				return quoted(t, s.part(t, "tlogs"))
			case "TRUSTROOT":
				return string(trustRoot(t, "world", s.World.TrustedRoot()))
			case "NOCTLOGS":
				return string(trustRoot(t, "world", s.World.TrustedRoot(), "ctLogs"))
			case "OTHERROOT":
				return string(trustRoot(t, "other", s.other.TrustedRoot()))
			}
			if signer := s.signers[strings.ToLower(name)]; signer != nil {
				return quoted(t, signer.PEM())
			}
			return "$" + name
		})
	}
	object := c.Object
	if object == "" {
		object = "apiVersion: v1\nkind: Pod\nmetadata: {name: app, namespace: prod, labels: {app: shop}}\nspec: {containers: [{name: app, image: $IMAGE}]}\n"
	}
	return stage{image, fill(c.Policy), fill(object)}
}

// gate gives the verdict on a stage.
func (s *scene) gate(t *testing.T, at stage) verify.ImageResult {
	t.Helper()
	policies, err := dialect.Load(fstest.MapFS{"policy.yaml": {Data: []byte(at.policy)}}, "policy.yaml")
	check(t, err)
	client := registry.New(registry.Options{})
	defer client.Close()
	verifier, err := sigstore.ForPolicies(policies, sigstore.Roots{Own: []*sigstore.TrustedRoot{s.root}})
	check(t, err)
	tree := render.Tree{FS: fstest.MapFS{"object.yaml": {Data: []byte(at.object)}}, Revision: render.Revision{Repository: "test"}}
	units, problems := render.Discover(t.Context(), tree, render.DiscoverOptions{})
	rendering := render.Render(t.Context(), tree, units, map[render.SourceKind]render.Renderer{render.Manifests: manifests.New()})
	rendering.Problems = render.Merge(tree.Problems, problems, rendering.Problems)
	gate := verify.Gate{
		Resolver: client, Stores: client.Stores(),
		Verifier: verifier, Policies: policies, At: s.Now(),
	}
	report, err := gate.Check(t.Context(), tree.Revision, rendering)
	check(t, err)
	for _, f := range report.Findings {
		t.Logf("finding %s: %s", f.Code, f.Message)
	}
	if len(report.Images) != 1 {
		t.Fatalf("%d images, want one", len(report.Images))
	}
	return report.Images[0]
}

// run holds all cases of a dialect to the verdicts that they prescribe.
func run(t *testing.T, name string) {
	s := newScene(t)
	for _, c := range cases(t, name) {
		t.Run(c.Name, func(t *testing.T) {
			got := s.gate(t, s.stage(t, c))
			var codes []string
			for _, f := range got.Findings {
				codes = append(codes, fmt.Sprintf("%s (%s): %s", f.Code, f.Verdict, f.Message))
			}
			text := strings.Join(codes, "\n")
			if got.Verdict.String() != c.Want || !strings.Contains(text, c.Code) {
				t.Errorf("verdict %s, want %s with %q (%s):\n%s", got.Verdict, c.Want, c.Code, c.Why, text)
			}
			if c.Want == "" || c.Oracle == "" || (c.Oracle == "pass" || c.Oracle == "fail") && (c.Oracle == "pass") != (c.Want == policy.Pass.String()) && c.Stricter == "" {
				t.Errorf("the case says neither what the tool answers nor why syncgate is stricter: %+v", c)
			}
		})
	}
}
