package dialect_test

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

var testerPath = flag.String("policy-controller-tester", "", "policy-controller's tester, to hold the recorded answers to")

// TestTesterAnswers asks policy-controller's own tester, where there is one,
// about every case that records its answer.
func TestTesterAnswers(t *testing.T) {
	if *testerPath == "" {
		t.Skip("no -policy-controller-tester: the answers are those recorded")
	}
	s := newScene(t)
	for _, c := range cases(t, "clusterimagepolicy") {
		if c.Oracle != "pass" && c.Oracle != "fail" {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			at, dir := s.stage(t, c), t.TempDir()
			policies, root := trusting(t, at.policy)
			if root == nil {
				root = trustRoot(t, "world", s.TrustedRoot())
			}
			files := map[string][]byte{"policy.yaml": policies, "object.yaml": []byte(at.object), "root.yaml": root}
			for name, text := range files {
				check(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
			}
			reference := at.image.Pinned()
			if c.Tagged {
				reference = at.image.Reference()
			}
			cmd := exec.CommandContext(t.Context(), *testerPath, "-log-level", "error", "-policy", filepath.Join(dir, "policy.yaml"),
				"-resource", filepath.Join(dir, "object.yaml"), "-trustroot", filepath.Join(dir, "root.yaml"), "-image", reference)
			cmd.Env = append(os.Environ(), "HOME="+dir, "DOCKER_CONFIG="+dir)
			out, err := cmd.CombinedOutput()
			if got := map[bool]string{true: "pass", false: "fail"}[err == nil]; got != c.Oracle {
				t.Errorf("the tester says %s, recorded is %s:\n%s", got, c.Oracle, out)
			}
		})
	}
}

// trusting takes the TrustRoot out of policies. Where there is none, it names
// the scene's where a policy rests on the public one, which the tester would
// have to fetch.
func trusting(t *testing.T, text string) (policies, root []byte) {
	t.Helper()
	var out bytes.Buffer
	decoder, encoder := yaml.NewDecoder(strings.NewReader(text)), yaml.NewEncoder(&out)
	own := strings.Contains(text, `"kind":"TrustRoot"`)
	for {
		var doc map[string]any
		err := decoder.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return out.Bytes(), root
		}
		check(t, err)
		if doc["kind"] == "TrustRoot" {
			root, err = yaml.Marshal(doc)
			check(t, err)
			continue
		}
		if own {
			check(t, encoder.Encode(doc))
			continue
		}
		authorities, _ := doc["spec"].(map[string]any)["authorities"].([]any)
		for _, a := range authorities {
			authority := a.(map[string]any)
			log, _ := authority["ctlog"].(map[string]any)
			if keyless, ok := authority["keyless"].(map[string]any); ok {
				keyless["trustRootRef"] = "world"
				if log == nil {
					log = map[string]any{"url": "http://127.0.0.1:1"}
				}
			}
			if log["url"] != nil {
				log["trustRootRef"] = "world"
				authority["ctlog"] = log
			}
		}
		check(t, encoder.Encode(doc))
	}
}

// trustRoot is a trusted root in policy-controller's form, without some of its
// parts.
func trustRoot(t *testing.T, called string, trusted []byte, without ...string) []byte {
	t.Helper()
	var root struct {
		CertificateAuthorities, TimestampAuthorities []struct {
			CertChain struct {
				Certificates []struct{ RawBytes []byte }
			}
		}
		Tlogs, Ctlogs []struct{ PublicKey struct{ RawBytes []byte } }
	}
	check(t, json.Unmarshal(trusted, &root))
	chain := func(i int) []byte {
		var text []byte
		authority := root.CertificateAuthorities
		if i == 1 {
			authority = root.TimestampAuthorities
		}
		for _, c := range authority[0].CertChain.Certificates {
			text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.RawBytes})...)
		}
		return text
	}
	log := func(key []byte) map[string]any {
		return map[string]any{"baseURL": "http://127.0.0.1:1", "hashAlgorithm": "sha-256", "publicKey": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: key})}
	}
	name := map[string]any{"organization": "syncgate.test", "commonName": "world"}
	keys := map[string]any{
		"certificateAuthorities": []any{map[string]any{"subject": name, "uri": "http://127.0.0.1:1", "certChain": chain(0)}},
		"timestampAuthorities":   []any{map[string]any{"subject": name, "uri": "http://127.0.0.1:1", "certChain": chain(1)}},
		"tLogs":                  []any{log(root.Tlogs[0].PublicKey.RawBytes)},
		"ctLogs":                 []any{log(root.Ctlogs[0].PublicKey.RawBytes)},
	}
	for _, part := range without {
		delete(keys, part)
	}
	text, err := json.Marshal(map[string]any{
		"apiVersion": "policy.sigstore.dev/v1alpha1", "kind": "TrustRoot", "metadata": map[string]any{"name": called},
		"spec": map[string]any{"sigstoreKeys": keys},
	})
	check(t, err)
	return text
}
