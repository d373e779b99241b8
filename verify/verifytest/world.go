package verifytest

import (
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/syncgate/syncgate/policy"
)

// validity is how long before and after the world's time its authorities are
// valid.
const validity = 10 * 365 * 24 * time.Hour

// Options says how a world is made. The zero value is the usual world.
type Options struct {
	// Now is the world's time. It is the wall clock's if it is zero.
	Now time.Time
	// CAExpires is when the issuing certificate authority expires. It is
	// years after Now if it is zero.
	CAExpires time.Time
}

// World is a registry and a Sigstore deployment. Its methods may be called
// from several goroutines.
type World struct {
	registry *registryServer
	now      time.Time
	fulcio   *authority
	tsa      *authority
	stamper  *x509.Certificate
	stampKey *SigningKey
	ct       *SigningKey
	rekor    *rekorLog

	mu       sync.Mutex
	attached map[attachment][]layer
}

// attachment names a manifest that holds signatures or attestations of an
// image.
type attachment struct {
	repository string
	tag        string
}

// NewWorld makes a world and starts its registry. Close ends it.
func NewWorld(options Options) (*World, error) {
	now := options.Now
	if now.IsZero() {
		now = time.Now()
	}
	w := &World{now: now.UTC().Truncate(time.Second), attached: map[attachment][]layer{}}
	expires := options.CAExpires
	if expires.IsZero() {
		expires = w.now.Add(validity)
	}
	var err error
	if w.fulcio, err = newAuthority("syncgate test", w.now, expires, x509.ExtKeyUsageCodeSigning); err != nil {
		return nil, fmt.Errorf("make certificate authority: %w", err)
	}
	if w.tsa, err = newAuthority("syncgate test timestamps", w.now, w.now.Add(validity), x509.ExtKeyUsageTimeStamping); err != nil {
		return nil, fmt.Errorf("make timestamp authority: %w", err)
	}
	if w.stampKey, err = NewSigningKey(ECDSAP256); err != nil {
		return nil, err
	}
	if w.stamper, err = w.tsa.issueStamper(w.stampKey); err != nil {
		return nil, fmt.Errorf("issue timestamp certificate: %w", err)
	}
	if w.ct, err = NewSigningKey(ECDSAP256); err != nil {
		return nil, err
	}
	if w.rekor, err = newLog(); err != nil {
		return nil, fmt.Errorf("make transparency log: %w", err)
	}
	if w.registry, err = startRegistry(); err != nil {
		return nil, fmt.Errorf("start registry: %w", err)
	}
	return w, nil
}

// Close ends the registry.
func (w *World) Close() error { return w.registry.close() }

// Now is the world's time.
func (w *World) Now() time.Time { return w.now }

// Host is the registry's "127.0.0.1:port". It is reached over plain HTTP.
func (w *World) Host() string { return w.registry.host }

// Handler is the registry, behind its faults, for tests that serve it
// themselves.
func (w *World) Handler() http.Handler { return w.registry.server.Handler }

// digestOf is the SHA-256 of data.
func digestOf(data []byte) policy.Digest {
	d, err := policy.ParseDigest(fmt.Sprintf("sha256:%x", sha256.Sum256(data)))
	if err != nil {
		// The text is of the one form that ParseDigest takes.
		panic(err)
	}
	return d
}
