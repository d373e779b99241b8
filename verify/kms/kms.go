// Package kms gets the public keys that policies name by their place in a
// key-management service: awskms://, azurekms://, gcpkms:// and hashivault://,
// as cosign writes them, with the credentials that the tools of these services
// use.
//
// The providers are sigstore's. They bring their vendors' libraries along;
// what is built with the tag nokms has none of them, and keys in services are
// unknown to it.
package kms

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sigstore/sigstore/pkg/signature/kms"
	"github.com/sigstore/sigstore/pkg/signature/options"
	"golang.org/x/sync/errgroup"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/native"
)

// Resolve asks the services for the keys, once for each, and sets them. Of a
// key that it does not get it sets why.
func Resolve(ctx context.Context, keys []*policy.Key) {
	each(keys, func(uri string) (*policy.Key, *policy.Finding) {
		key, err := get(ctx, uri)
		if err != nil {
			return nil, unknown(uri, err)
		}
		return key, nil
	})
}

// Offline sets that the keys are not known because the network is switched off.
func Offline(keys []*policy.Key) {
	each(keys, func(uri string) (*policy.Key, *policy.Finding) {
		return nil, &policy.Finding{
			Message: fmt.Sprintf("the key %s is not known: its service may not be asked", uri),
			Hint:    "run without --offline, or give the public key itself: key: {file: ...}",
		}
	})
}

// Saved sets the keys to what an earlier run was given, PEM by URI.
func Saved(keys []*policy.Key, given map[string]string) {
	each(keys, func(uri string) (*policy.Key, *policy.Finding) {
		key, err := native.ParseKey([]byte(given[uri]))
		if err == nil {
			return key, nil
		}
		return nil, &policy.Finding{
			Message: fmt.Sprintf("the key %s is not known: the evidence that was saved does not hold it", uri),
			Hint:    "save it again where the service gives the key out",
		}
	})
}

// Given is what the services gave out, PEM by URI, for Saved.
func Given(keys []*policy.Key) map[string]string {
	given := map[string]string{}
	for _, key := range keys {
		if der, err := x509.MarshalPKIXPublicKey(key.Public); key.Public != nil && err == nil {
			given[key.KMS] = string(encoded(der))
		}
	}
	return given
}

func encoded(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// each finds out about every URI once, several at a time.
func each(keys []*policy.Key, find func(uri string) (*policy.Key, *policy.Finding)) {
	of := map[string][]*policy.Key{}
	var uris []string
	for _, key := range keys {
		if of[key.KMS] == nil {
			uris = append(uris, key.KMS)
		}
		of[key.KMS] = append(of[key.KMS], key)
	}
	var group errgroup.Group
	group.SetLimit(bounds.ManagedKeysAtOnce)
	for i, uri := range uris {
		group.Go(func() error {
			found, why := (*policy.Key)(nil), &policy.Finding{
				Message: fmt.Sprintf("the policies name more than %d keys in key-management services", bounds.ManagedKeys),
				Hint:    "give the public keys themselves: key: {file: ...}",
			}
			if i < bounds.ManagedKeys {
				found, why = find(uri)
			}
			for _, key := range of[uri] {
				if key.Unknown = why; found != nil {
					key.Fingerprint, key.Public = found.Fingerprint, found.Public
				}
			}
			return nil
		})
	}
	_ = group.Wait()
}

func unknown(uri string, err error) *policy.Finding {
	late := errors.Is(err, context.DeadlineExceeded)
	reason := strings.Join(strings.Fields(err.Error()), " ")
	if len(reason) > 300 {
		reason = strings.ToValidUTF8(reason[:300], "") + "…"
	}
	if late {
		reason = "it did not answer in time"
	}
	return &policy.Finding{
		Message:   fmt.Sprintf("the key %s is not known: %s", uri, reason),
		Hint:      "see that its service is reachable and that these credentials may read the key, or give the public key itself: key: {file: ...}",
		Retryable: late,
	}
}

// get asks a service. Providers may hang, whatever their context says: they
// are left behind.
func get(ctx context.Context, uri string) (*policy.Key, error) {
	if err := known(uri); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, bounds.ManagedKeyTime)
	defer cancel()
	type answer struct {
		key *policy.Key
		err error
	}
	answers := make(chan answer, 1)
	go func() {
		var a answer
		defer func() {
			if p := recover(); p != nil {
				a = answer{err: fmt.Errorf("this is a defect of syncgate: %v", p)}
			}
			answers <- a
		}()
		a.key, a.err = ask(ctx, uri)
	}()
	select {
	case a := <-answers:
		if ctx.Err() != nil && a.err != nil {
			return nil, ctx.Err()
		}
		return a.key, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// known tells whether there is a provider for a URI. For what it does not know
// sigstore's package would run a program.
func known(uri string) error {
	has := func(scheme string) bool { return strings.HasPrefix(uri, scheme) }
	if slices.ContainsFunc(kms.SupportedProviders(), has) {
		return nil
	}
	scheme, _, _ := strings.Cut(uri, "://")
	return fmt.Errorf("this build of syncgate has no provider for %.40q", scheme)
}

func ask(ctx context.Context, uri string) (*policy.Key, error) {
	service, err := kms.Get(ctx, uri, crypto.SHA256)
	if err != nil {
		return nil, err
	}
	public, err := service.PublicKey(options.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, err
	}
	// It is held to what a key in a file is held to.
	return native.ParseKey(encoded(der))
}
