package policy

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// Digest names content by its hash, as the OCI image specification writes it:
// "sha256:" and 64 lower-case hex digits. The zero value is no digest.
// Digests are comparable.
type Digest struct {
	algorithm, hex string
}

// ParseDigest reads "algorithm:hex". It takes sha256, sha384 and sha512 only, in
// lower case and of the right length: those that the OCI image specification
// registers, and the one between them, which Sigstore bundles may sign.
func ParseDigest(s string) (Digest, error) {
	algorithm, digits, ok := strings.Cut(s, ":")
	if !ok {
		return Digest{}, fmt.Errorf("parse digest %q: want algorithm:hex", s)
	}
	want := map[string]int{"sha256": 64, "sha384": 96, "sha512": 128}[algorithm]
	if want == 0 {
		return Digest{}, fmt.Errorf("parse digest %q: unknown algorithm %q, want sha256, sha384 or sha512", s, algorithm)
	}
	if _, err := hex.DecodeString(digits); err != nil || len(digits) != want || strings.ToLower(digits) != digits {
		return Digest{}, fmt.Errorf("parse digest %q: want %d lower-case hex digits", s, want)
	}
	return Digest{algorithm, digits}, nil
}

// Algorithm is "sha256", "sha384" or "sha512", and empty for the zero value.
func (d Digest) Algorithm() string { return d.algorithm }

// Hex is the digest's lower-case hex digits, without the algorithm.
func (d Digest) Hex() string { return d.hex }

// IsZero tells whether d is no digest.
func (d Digest) IsZero() bool { return d == Digest{} }

// String returns "algorithm:hex", and "" for the zero value.
func (d Digest) String() string {
	if d.IsZero() {
		return ""
	}
	return d.algorithm + ":" + d.hex
}

// MarshalText returns the digest as String does.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a digest as ParseDigest does; empty text is the zero
// value.
func (d *Digest) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Digest{}
		return nil
	}
	parsed, err := ParseDigest(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}
