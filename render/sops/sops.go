// Package sops decrypts what SOPS encrypted, where an age key for it is at
// hand: objects, the entries of a Secret that come from a dotenv file, and
// whole files.
//
// It reads SOPS' own format: each value is "ENC[AES256_GCM,data:…,iv:…,tag:…,
// type:…]", sealed by one data key together with the path of keys that leads
// to it, and the data key is encrypted for each recipient. The message
// authentication code of the whole is not checked, as Flux does not: fields
// are added to objects before they are decrypted.
package sops

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// Keys are the age keys at hand. The zero value has none.
type Keys struct{ identities []age.Identity }

// ErrNoKey is the error where no key at hand opens something.
var ErrNoKey = errors.New("no key at hand opens it")

// ParseKeys reads age identities, one a line, as age-keygen writes them.
func ParseKeys(text string) (Keys, error) {
	identities, err := age.ParseIdentities(strings.NewReader(text))
	if err != nil {
		// The error of the library may quote the line, which is a secret.
		return Keys{}, errors.New("it is not a file of age identities, lines that begin with AGE-SECRET-KEY-1")
	}
	return Keys{identities}, nil
}

// With returns these keys and others.
func (k Keys) With(others Keys) Keys {
	return Keys{append(k.identities[:len(k.identities):len(k.identities)], others.identities...)}
}

// None tells that there is no key.
func (k Keys) None() bool { return len(k.identities) == 0 }

// dataKeyBytes is the size of a data key: AES-256.
const dataKeyBytes = 32

// open returns the data key that was encrypted for one of several recipients.
func (k Keys) open(encrypted []string) ([]byte, error) {
	if k.None() {
		return nil, ErrNoKey
	}
	for _, text := range encrypted {
		plain, err := age.Decrypt(armor.NewReader(strings.NewReader(text)), k.identities...)
		if err != nil {
			continue
		}
		key, err := io.ReadAll(io.LimitReader(plain, dataKeyBytes+1))
		if err == nil && len(key) == dataKeyBytes {
			return key, nil
		}
	}
	return nil, ErrNoKey
}

var sealed = regexp.MustCompile(`\AENC\[AES256_GCM,data:([^,]*),iv:([^,]+),tag:([^,]+),type:([a-z0-9]+)\]\z`)

// IsSealed tells whether a text is an encrypted value.
func IsSealed(text string) bool { return strings.HasPrefix(text, "ENC[AES256_GCM,") }

// unseal decrypts one value. Path is the keys that lead to it; items of lists
// have none. Kind is SOPS' word for the type of the plain value.
func unseal(text string, key []byte, path []string) (plain, kind string, err error) {
	parts := sealed.FindStringSubmatch(text)
	if parts == nil {
		return "", "", errors.New("a value is not in SOPS' form")
	}
	var raw [3][]byte
	for i := range raw {
		if raw[i], err = base64.StdEncoding.DecodeString(parts[i+1]); err != nil {
			return "", "", errors.New("a value is not in SOPS' form")
		}
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", "", err
	}
	gcm, err := cipher.NewGCMWithNonceSize(block, len(raw[1]))
	if err != nil {
		return "", "", err
	}
	opened, err := gcm.Open(nil, raw[1], append(raw[0], raw[2]...), []byte(strings.Join(path, ":")+":"))
	if err != nil {
		return "", "", fmt.Errorf("the value at %s was changed or moved after it was encrypted", strings.Join(path, "."))
	}
	return string(opened), parts[4], nil
}
