package sigstore_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/sigstore"
	"github.com/syncgate/syncgate/verify/verifytest"
)

const (
	tokenIssuer   = "https://token.example"
	signerSubject = "https://git.example/acme/app/release.yml@refs/heads/main"
	predicateType = "https://example.com/predicate/v1"
)

// scene is a world with an image, somebody with an identity and somebody with
// a key.
type scene struct {
	*verifytest.World
	t       testing.TB
	image   verifytest.Image
	keyless *verifytest.Signer
	keyed   *verifytest.Signer
	claim   verifytest.Claim
}

func newScene(t testing.TB, options verifytest.Options) *scene {
	t.Helper()
	if options.Now.IsZero() {
		options.Now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	}
	world, err := verifytest.NewWorld(options)
	must(t, err)
	t.Cleanup(func() {
		if err := world.Close(); err != nil {
			t.Error(err)
		}
	})
	image, err := world.PushImage("acme/app:1")
	must(t, err)
	keyed, err := world.Key(verifytest.ECDSAP256)
	must(t, err)
	return &scene{
		World: world, t: t, image: image, keyed: keyed,
		keyless: world.Keyless(tokenIssuer, signerSubject, map[string]string{"sourceRepositoryURI": "https://git.example/acme/app"}),
		claim:   verifytest.Claim{PredicateType: predicateType, Predicate: map[string]any{"result": "good"}},
	}
}

// made is evidence in one of the forms.
func (s *scene) made(form policy.Format, signer *verifytest.Signer, how verifytest.How) verify.Bundle {
	s.t.Helper()
	var b verify.Bundle
	var err error
	switch form {
	case policy.FormatSimpleSigning:
		b, err = s.SimpleSigning(s.image, signer, how)
	case policy.FormatDSSE:
		b, err = s.Envelope(s.image, signer, s.claim, how)
	default:
		b, err = s.Bundle(s.image, signer, s.claim, how)
	}
	must(s.t, err)
	b.Location = "here"
	return b
}

// verifier trusts the world, its root edited, and keys.
func (s *scene) verifier(edit func(root map[string]any), keys ...policy.Key) *sigstore.Verifier {
	s.t.Helper()
	data := s.TrustedRoot()
	if edit != nil {
		data = editJSON(s.t, data, edit)
	}
	root, err := sigstore.ParseTrustedRoot(data)
	must(s.t, err)
	v, err := sigstore.New(root, keys)
	must(s.t, err)
	return v
}

// trusting is the usual verifier: the world and the key are trusted.
func (s *scene) trusting() *sigstore.Verifier { return s.verifier(nil, s.keyed.Public()) }

func (s *scene) verify(v *sigstore.Verifier, b verify.Bundle) (policy.Evidence, error) {
	return v.Verify(context.Background(), s.image.Digest, b)
}

// expect fails the test if a bundle is not rejected with a code.
func (s *scene) expect(v *sigstore.Verifier, b verify.Bundle, want policy.Code) {
	s.t.Helper()
	got, err := s.verify(v, b)
	if err == nil {
		s.t.Fatalf("%s is accepted as %+v, want %s", b.Format, got, want)
	}
	var rejected *verify.Rejected
	if !errors.As(err, &rejected) {
		s.t.Fatalf("%s: not a rejection: %v", b.Format, err)
	}
	if rejected.Code != want {
		s.t.Errorf("%s: %s: %s, want %s", b.Format, rejected.Code, rejected.Reason, want)
	}
	if rejected.Reason == "" || rejected.Location != "here" || rejected.Format != b.Format {
		s.t.Errorf("%s: incomplete rejection: %+v", b.Format, rejected.Rejection)
	}
}

// accept fails the test if a bundle is not accepted.
func (s *scene) accept(v *sigstore.Verifier, b verify.Bundle) policy.Evidence {
	s.t.Helper()
	got, err := s.verify(v, b)
	if err != nil {
		s.t.Fatalf("%s: %v", b.Format, err)
	}
	return got
}

// editJSON changes a JSON object.
func editJSON(t testing.TB, data []byte, edit func(map[string]any)) []byte {
	t.Helper()
	var object map[string]any
	must(t, json.Unmarshal(data, &object))
	edit(object)
	out, err := json.Marshal(object)
	must(t, err)
	return out
}

// edited is a bundle with its payload changed as JSON.
func (s *scene) edited(b verify.Bundle, edit func(map[string]any)) verify.Bundle {
	s.t.Helper()
	b.Payload = editJSON(s.t, b.Payload, edit)
	return b
}

// annotated is a bundle with an annotation changed; an empty value takes it
// away.
func annotated(b verify.Bundle, name, value string) verify.Bundle {
	changed := map[string]string{}
	for k, v := range b.Annotations {
		changed[k] = v
	}
	changed[name] = value
	if value == "" {
		delete(changed, name)
	}
	b.Annotations = changed
	return b
}

// at walks down objects and lists.
func at(value any, path ...any) any {
	for _, step := range path {
		switch key := step.(type) {
		case string:
			value = value.(map[string]any)[key]
		case int:
			value = value.([]any)[key]
		}
	}
	return value
}

// every is each format of evidence.
func every() []policy.Format {
	return []policy.Format{policy.FormatSimpleSigning, policy.FormatDSSE, policy.FormatBundle}
}
