package sops_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"filippo.io/age"
	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render/sops"
)

// The files of testdata were encrypted with sops 3.13.3 for the key in
// key.txt, which was made for these tests alone.

func read(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func keys(t testing.TB) sops.Keys {
	t.Helper()
	k, err := sops.ParseKeys(read(t, "key.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func document(t testing.TB, text string) *yaml.Node {
	t.Helper()
	var n yaml.Node
	if err := yaml.Unmarshal([]byte(text), &n); err != nil {
		t.Fatal(err)
	}
	return &n
}

func TestObject(t *testing.T) {
	for name, want := range map[string][]string{
		"secret.sops.yaml": {"TAG: v1.2.3", "REGISTRY: registry.acme.example", "first\n", "second\n"},
		"deploy.sops.yaml": {"replicas: 2\n", "image: ghcr.io/acme/hidden:v1"},
	} {
		opened, err := keys(t).Object(document(t, read(t, name)))
		if err != nil {
			t.Fatal(err)
		}
		text, _ := yaml.Marshal(opened)
		for _, part := range want {
			if !strings.Contains(string(text), part) {
				t.Errorf("%s: want %q in\n%s", name, part, text)
			}
		}
		if strings.Contains(string(text), "sops:") || strings.Contains(string(text), "ENC[") {
			t.Errorf("%s: something is left of SOPS:\n%s", name, text)
		}
	}
}

func TestFile(t *testing.T) {
	for name, want := range map[string]string{
		"values.sops.yaml": "image:\n    repository: ghcr.io/acme/web\n    tag: v7\n    replicas: 3\n    debug: true\n    list:\n        - a\n        - b\n",
		"values.sops.json": "{\n\t\"image\": {\n\t\t\"n\": 4,\n\t\t\"tag\": \"v8\"\n\t}\n}",
		"note.sops.txt":    "plain text, not yaml: [\n",
	} {
		plain, ok, err := keys(t).File([]byte(read(t, name)))
		if err != nil || !ok || string(plain) != want {
			t.Errorf("%s: got %q, %v, %v", name, plain, ok, err)
		}
	}
	if plain, ok, err := keys(t).File([]byte("a: b\n")); ok || err != nil || string(plain) != "a: b\n" {
		t.Errorf("a file in clear: got %q, %v, %v", plain, ok, err)
	}
}

func entries(t testing.TB) map[string]string {
	t.Helper()
	out := map[string]string{}
	for line := range strings.Lines(read(t, "vars.sops.env")) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		out[name] = value
	}
	return out
}

func TestValues(t *testing.T) {
	plain, ok, err := keys(t).Values(entries(t))
	if err != nil || !ok || len(plain) != 2 || plain["TAG"] != "v4.5.6" || plain["REGISTRY"] != "registry.acme.example" {
		t.Errorf("got %v, %v, %v", plain, ok, err)
	}
}

// TestWithoutTheKey: nothing is opened without the right key, and no error
// tells a secret.
func TestWithoutTheKey(t *testing.T) {
	stranger, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	other, err := sops.ParseKeys(stranger.String())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []sops.Keys{{}, other} {
		if _, err := k.Object(document(t, read(t, "secret.sops.yaml"))); !errors.Is(err, sops.ErrNoKey) {
			t.Errorf("got %v", err)
		}
		if _, ok, err := k.Values(entries(t)); !ok || !errors.Is(err, sops.ErrNoKey) {
			t.Errorf("got %v, %v", ok, err)
		}
		if _, ok, err := k.File([]byte(read(t, "values.sops.yaml"))); !ok || !errors.Is(err, sops.ErrNoKey) {
			t.Errorf("got %v, %v", ok, err)
		}
	}
	if _, err := sops.ParseKeys("AGE-SECRET-KEY-1NOTAKEY"); err == nil || strings.Contains(err.Error(), "NOTAKEY") {
		t.Errorf("got %v", err)
	}
}

// TestMovedValues: a value that was moved to another key does not open.
func TestMovedValues(t *testing.T) {
	text := strings.Replace(read(t, "secret.sops.yaml"), "    REGISTRY: ENC", "    OTHER: ENC", 1)
	if _, err := keys(t).Object(document(t, text)); err == nil || !strings.Contains(err.Error(), "stringData.OTHER was changed or moved") {
		t.Errorf("got %v", err)
	}
	moved := entries(t)
	moved["TAG"], moved["REGISTRY"] = moved["REGISTRY"], moved["TAG"]
	if _, _, err := keys(t).Values(moved); err == nil {
		t.Error("values that changed places open")
	}
}

func FuzzFile(f *testing.F) {
	for _, name := range []string{"secret.sops.yaml", "values.sops.json", "note.sops.txt"} {
		f.Add([]byte(read(f, name)))
	}
	k := keys(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, ok, err := k.File(text); !ok && err != nil {
			t.Error("a file that is not encrypted has an error")
		}
	})
}
