package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/syncgate/syncgate/policy/predicate"
	"github.com/syncgate/syncgate/verify/verifytest"
)

// demoImages are the images of the demo and those who vouch for them.
type demoImages struct {
	host                    string
	byName                  map[string]verifytest.Image
	release, scanner, psirt *verifytest.Signer
}

// fill puts what is known now into a file of the demo.
func (d *demoImages) fill(text string) string {
	pairs := []string{"REGISTRY", d.host}
	for name, image := range d.byName {
		pairs = append(pairs, "DIGEST_"+strings.ToUpper(name), image.Digest.String())
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// publish pushes five images: one that is as it should be, one that nobody
// signed, one with a hole, one with a hole that does not matter, and one that
// was scanned two days ago.
func (d *demo) publish() (*demoImages, error) {
	images := &demoImages{host: d.world.Host(), byName: map[string]verifytest.Image{}}
	var errKeys [2]error
	images.scanner, errKeys[0] = d.world.Key(verifytest.ECDSAP256)
	images.psirt, errKeys[1] = d.world.Key(verifytest.ECDSAP256)
	if err := errors.Join(errKeys[:]...); err != nil {
		return nil, err
	}
	const repository = "https://github.com/acme/shop"
	images.release = d.world.Keyless("https://token.actions.githubusercontent.com",
		repository+"/.github/workflows/release.yml@refs/tags/v1.4.0",
		map[string]string{"sourceRepositoryURI": repository, "runnerEnvironment": "github-hosted"})
	for _, name := range []string{"web", "cart", "search", "api", "worker"} {
		image, err := d.world.PushImage("acme/" + name + ":1.4.0")
		if err != nil {
			return nil, err
		}
		images.byName[name] = image
	}
	now := d.world.Now()
	return images, errors.Join(
		d.vouch(images, "web", now), d.scan(images, "web", now),
		d.vouch(images, "search", now), d.scan(images, "search", now.Add(-49*time.Hour)),
		d.vouch(images, "api", now), d.scan(images, "api", now, "CVE-2026-31337"),
		d.vouch(images, "worker", now), d.scan(images, "worker", now, "CVE-2026-31337"),
		d.explain(images, "worker", "CVE-2026-31337"),
	)
}

// mend does what the report asked for.
func (d *demo) mend(images *demoImages) error {
	rebuilt, err := d.world.PushImage("acme/api:1.4.1")
	if err != nil {
		return err
	}
	images.byName["api"] = rebuilt
	now := d.world.Now()
	return errors.Join(
		d.vouch(images, "cart", now), d.scan(images, "cart", now),
		d.vouch(images, "api", now), d.scan(images, "api", now),
		d.scan(images, "search", now),
		d.commit("Deploy what is vouched for", images),
	)
}

// vouch signs an image and attests how it was built and what is in it.
func (d *demo) vouch(images *demoImages, name string, at time.Time) error {
	image, how := images.byName[name], verifytest.How{At: at}
	return errors.Join(
		d.world.Sign(image, images.release, how),
		d.world.Attest(image, images.release, verifytest.Claim{
			PredicateType: predicate.TypeSLSA1,
			Predicate: json.RawMessage(`{
  "buildDefinition": {
    "buildType": "https://actions.github.io/buildtypes/workflow/v1",
    "externalParameters": {"workflow": {"ref": "refs/tags/v1.4.0", "repository": "https://github.com/acme/shop", "path": ".github/workflows/release.yml"}},
    "resolvedDependencies": [{"uri": "git+https://github.com/acme/shop@refs/tags/v1.4.0", "digest": {"gitCommit": "8f5a1b3c9d7e4f60123456789abcdef012345678"}}]
  },
  "runDetails": {"builder": {"id": "https://github.com/actions/runner/github-hosted"}}
}`),
		}, how),
		d.world.Attest(image, images.release, verifytest.Claim{
			PredicateType: predicate.TypeCycloneDX,
			Predicate: json.RawMessage(fmt.Sprintf(`{
  "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
  "metadata": {"timestamp": %q, "component": {"type": "container", "name": "acme/%s", "version": "1.4.0"}},
  "components": [{"type": "library", "name": "golang.org/x/net", "version": "v0.44.0", "purl": "pkg:golang/golang.org/x/net@v0.44.0"}]
}`, at.Format(time.RFC3339), name)),
		}, how),
	)
}

// scan attests what a scanner found at a time.
func (d *demo) scan(images *demoImages, name string, at time.Time, found ...string) error {
	list := []string{}
	for _, id := range found {
		list = append(list, fmt.Sprintf(`{"VulnerabilityID": %q, "PkgName": "golang.org/x/net", "InstalledVersion": "v0.44.0", "FixedVersion": "0.45.0", "Severity": "HIGH", "PkgIdentifier": {"PURL": "pkg:golang/golang.org/x/net@v0.44.0"}}`, id))
	}
	when := at.Format(time.RFC3339)
	return d.world.Attest(images.byName[name], images.scanner, verifytest.Claim{
		PredicateType: predicate.TypeCosignVuln,
		Predicate: json.RawMessage(fmt.Sprintf(`{
  "invocation": {"uri": "https://ci.acme.example/scan/1", "event_id": "1", "builder.id": "scan"},
  "scanner": {"uri": "pkg:github/aquasecurity/trivy@0.68.0", "version": "0.68.0", "db": {"uri": "", "version": ""},
    "result": {"SchemaVersion": 2, "ArtifactName": "app", "Results": [{"Target": "app", "Class": "lang-pkgs", "Type": "gobinary", "Vulnerabilities": [%s]}]}},
  "metadata": {"scanStartedOn": %q, "scanFinishedOn": %q}
}`, strings.Join(list, ","), when, when)),
	}, verifytest.How{At: at})
}

// explain says in VEX why a vulnerability does not matter.
func (d *demo) explain(images *demoImages, name, id string) error {
	image := images.byName[name]
	when := d.world.Now().Format(time.RFC3339)
	return d.world.Attest(image, images.psirt, verifytest.Claim{
		PredicateType: predicate.TypeOpenVEX,
		Predicate: json.RawMessage(fmt.Sprintf(`{
  "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://acme.example/vex/2026-17",
  "author": "Acme PSIRT", "timestamp": %q, "version": 1,
  "statements": [{
    "vulnerability": {"name": %q},
    "products": [{"@id": "pkg:oci/%s@%s?repository_url=%s"}],
    "status": "not_affected", "justification": "vulnerable_code_not_in_execute_path"
  }]
}`, when, id, name, image.Digest, image.Name())),
	}, verifytest.How{})
}
