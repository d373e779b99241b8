package policy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"testing"
	"time"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"github.com/secure-systems-lab/go-securesystemslib/signerverifier"

	"github.com/syncgate/syncgate/policy/predicate"
)

func newKey(t *testing.T) (*ecdsa.PrivateKey, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return key, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// signedLayout is a layout of a step "source" by one functionary, and a step
// "build" by two.
func signedLayout(t *testing.T, expires time.Time, inspections ...any) *predicate.Layout {
	t.Helper()
	owner, ownerPEM := newKey(t)
	var ids []string
	keys := map[string]any{}
	for range 3 {
		_, public := newKey(t)
		key, err := signerverifier.LoadKey(public)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, key.KeyID)
		keys[key.KeyID] = map[string]any{
			"keyid": key.KeyID, "keyid_hash_algorithms": []string{"sha256", "sha512"}, "keytype": "ecdsa",
			"scheme": "ecdsa-sha2-nistp256", "keyval": map[string]any{"private": "", "public": string(public)},
		}
	}
	step := func(name string, keys []string, materials, products [][]string) any {
		return map[string]any{"_type": "step", "name": name, "pubkeys": keys, "threshold": len(keys), "expected_command": []string{},
			"expected_materials": materials, "expected_products": products}
	}
	payload, err := json.Marshal(map[string]any{
		"_type": "layout", "expires": expires.UTC().Format("2006-01-02T15:04:05Z"), "readme": "", "inspect": inspections, "keys": keys,
		"steps": []any{
			step("source", ids[:1], [][]string{}, [][]string{{"CREATE", "app.tar"}, {"DISALLOW", "*"}}),
			step("build", ids[1:], [][]string{{"MATCH", "app.tar", "WITH", "PRODUCTS", "FROM", "source"}, {"DISALLOW", "*"}},
				[][]string{{"CREATE", "image"}, {"ALLOW", "app.tar"}, {"DISALLOW", "*"}}),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(dsse.PAE("application/vnd.in-toto+json", payload))
	sig, err := ecdsa.SignASN1(rand.Reader, owner, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	envelope, err := json.Marshal(map[string]any{
		"payloadType": "application/vnd.in-toto+json", "payload": base64.StdEncoding.EncodeToString(payload),
		"signatures": []any{map[string]any{"keyid": "", "sig": base64.StdEncoding.EncodeToString(sig)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	layout, err := predicate.ParseLayout(envelope, [][]byte{ownerPEM})
	if err != nil {
		t.Fatal(err)
	}
	return layout
}

const (
	made    = `{"_type": "link", "name": "source", "materials": {}, "products": {"app.tar": {"sha256": "aa"}}}`
	built1  = `{"_type": "link", "name": "build", "materials": {"app.tar": {"sha256": "aa"}}, "products": {"image": {"sha256": "bb"}}}`
	linkNew = `{"name": "source"}`
)

func link(d Digest, doc string, signer Signer) Evidence {
	return attest(d, predicate.TypeLink1, doc, signer)
}

func TestLayout(t *testing.T) {
	all := []Evidence{link(image, made, signedBy("alice")), link(image, built1, signedBy("bob")), link(image, built1, signedBy("carol"))}
	with := func(i int, e Evidence) []Evidence {
		out := append([]Evidence{}, all...)
		out[i] = e
		return out
	}
	later := signedBy("bob")
	later.SignedAt = later.SignedAt.Add(time.Minute)
	another := `{"_type": "link", "name": "build", "materials": {"app.tar": {"sha256": "aa"}}, "products": {"image": {"sha256": "cc"}}}`
	unlogged := signedBy("alice")
	unlogged.Logged = false
	for name, row := range map[string]struct {
		change   func(*LayoutRequirement)
		evidence []Evidence
		want     Verdict
		code     Code
	}{
		"all of it":              {nil, all, Pass, ""},
		"no links":               {nil, nil, Fail, CodeLinkMissing},
		"a step left out":        {nil, all[1:], Fail, CodeLinkMissing},
		"one of two":             {nil, all[:2], Fail, CodeLinkMissing},
		"the same one twice":     {nil, append(all[:2:2], link(image, built1, later)), Fail, CodeLinkMissing},
		"by another":             {nil, with(0, link(image, made, signedBy("mallory"))), Fail, CodeSignerMismatch},
		"by one of another step": {nil, with(0, link(image, made, signedBy("bob"))), Fail, CodeSignerMismatch},
		"of another image":       {nil, with(0, link(digestOf("other"), made, signedBy("alice"))), Fail, CodeLinkMissing},
		"not in a log":           {nil, with(0, link(image, made, unlogged)), Fail, CodeLogEntryMissing},
		"not in a log, relaxed":  {func(r *LayoutRequirement) { r.Functionaries[0][0].IgnoreTransparencyLog = true }, with(0, link(image, made, unlogged)), Pass, ""},
		"they do not agree":      {nil, with(2, link(image, another, signedBy("carol"))), Fail, CodeLinkMismatch},
		"another material":       {nil, with(0, link(image, `{"_type": "link", "name": "source", "materials": {}, "products": {"app.tar": {"sha256": "dd"}}}`, signedBy("alice"))), Fail, CodeLayoutRule},
		"malformed":              {nil, with(0, link(image, `{}`, signedBy("alice"))), Fail, CodePredicateMalformed},
		"expired":                {func(r *LayoutRequirement) { r.Layout.Expires = noon }, all, Fail, CodeLayoutExpired},
		"inspections":            {func(r *LayoutRequirement) { r.Layout.Inspections = []string{"untar"} }, all, Unknown, CodeUnsupportedField},
	} {
		t.Run(name, func(t *testing.T) {
			r := LayoutRequirement{
				Layout: signedLayout(t, noon.Add(time.Hour)), Source: "p.yaml:1",
				Functionaries: [][]SignerRule{{keyRule("alice")}, {keyRule("bob"), keyRule("carol")}},
			}
			if row.change != nil {
				row.change(&r)
			}
			expect(t, evaluate(t, requiring(Requirement{Layout: &r}), inputOf(row.evidence...)), row.want, row.code)
		})
	}
}

// Links of in-toto's newer form: their products are the statement's subjects.
func TestLayoutOfNewLinks(t *testing.T) {
	e := attest(image, predicate.TypeLink03, linkNew, signedBy("alice"))
	e.Statement.Subject = json.RawMessage(`[{"name": "app.tar", "digest": {"sha256": "aa"}}]`)
	r := LayoutRequirement{
		Layout: signedLayout(t, noon.Add(time.Hour)), Source: "p.yaml:1",
		Functionaries: [][]SignerRule{{keyRule("alice")}, {keyRule("bob"), keyRule("carol")}},
	}
	in := inputOf(e, link(image, built1, signedBy("bob")), link(image, built1, signedBy("carol")))
	expect(t, evaluate(t, requiring(Requirement{Layout: &r}), in), Pass, "")
}
