// Package trustroot writes the keys and certificates that other tools'
// policies hold down as trusted roots of Sigstore's own form.
package trustroot

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
)

// Root is a trusted root. Its zero value trusts nobody. Whatever is added is
// trusted at all times: policies say nothing of periods.
type Root struct {
	form struct {
		MediaType              string      `json:"mediaType"`
		TLogs                  []log       `json:"tlogs"`
		CertificateAuthorities []authority `json:"certificateAuthorities"`
		CTLogs                 []log       `json:"ctlogs"`
		TimestampAuthorities   []authority `json:"timestampAuthorities"`
	}
}

type log struct {
	BaseURL       string `json:"baseUrl"`
	HashAlgorithm string `json:"hashAlgorithm"`
	PublicKey     struct {
		RawBytes   []byte `json:"rawBytes"`
		KeyDetails string `json:"keyDetails"`
		ValidFor   period `json:"validFor"`
	} `json:"publicKey"`
	LogID struct {
		KeyID []byte `json:"keyId"`
	} `json:"logId"`
}

type authority struct {
	URI       string `json:"uri"`
	CertChain struct {
		Certificates []certificate `json:"certificates"`
	} `json:"certChain"`
	ValidFor period `json:"validFor"`
}

type certificate struct {
	RawBytes []byte `json:"rawBytes"`
}

type period struct {
	Start string `json:"start"`
}

func always() period { return period{Start: "1970-01-01T00:00:00Z"} }

// JSON is the root as trusted_root.json has it.
func (r *Root) JSON() ([]byte, error) {
	r.form.MediaType = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
	return json.Marshal(r.form)
}

// AddAuthority adds certificate authorities in PEM: one for each root among
// them, with the others below it, in whatever order they are written.
func (r *Root) AddAuthority(uri string, text []byte) error {
	_, added, err := chains(uri, text)
	r.form.CertificateAuthorities = append(r.form.CertificateAuthorities, added...)
	return err
}

// AddStamper adds a timestamp authority likewise. Its own certificate may be
// there.
func (r *Root) AddStamper(uri string, text []byte) error {
	leaves, added, err := chains(uri, text)
	if len(leaves) > 1 {
		return errors.New("it holds more than one certificate of a timestamp authority")
	}
	for _, a := range added {
		a.CertChain.Certificates = append(append([]certificate{}, leaves...), a.CertChain.Certificates...)
		r.form.TimestampAuthorities = append(r.form.TimestampAuthorities, a)
	}
	return err
}

// chains are the authorities of a text, one for each root, and the
// certificates of nobody's authority.
func chains(uri string, text []byte) (leaves []certificate, out []authority, err error) {
	var intermediates, roots []certificate
	for len(bytes.TrimSpace(text)) > 0 {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		parsed, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, nil, errors.New("it holds a certificate that cannot be read")
		}
		held := certificate{block.Bytes}
		switch {
		case bytes.Equal(parsed.RawSubject, parsed.RawIssuer):
			roots = append(roots, held)
		case parsed.IsCA:
			intermediates = append(intermediates, held)
		default:
			leaves = append(leaves, held)
		}
	}
	if len(roots) == 0 {
		return nil, nil, errors.New("it holds no root: want certificates in PEM, one of which certified itself")
	}
	for _, root := range roots {
		one := authority{URI: uri, ValidFor: always()}
		one.CertChain.Certificates = append(append([]certificate{}, intermediates...), root)
		out = append(out, one)
	}
	return leaves, out, nil
}

// AddLog adds a transparency log by its public key in PEM, which must be an
// ECDSA key: cosign reads no other.
func (r *Root) AddLog(url string, text []byte) error {
	added, err := newLog(url, text, func(public any) bool { _, ok := public.(*ecdsa.PublicKey); return ok })
	if err == nil {
		r.form.TLogs = append(r.form.TLogs, added)
	}
	return err
}

// AddCertificateLog adds a log of certificates by its public key in PEM.
func (r *Root) AddCertificateLog(url string, text []byte) error {
	added, err := newLog(url, text, func(any) bool { return true })
	if err == nil {
		r.form.CTLogs = append(r.form.CTLogs, added)
	}
	return err
}

func newLog(url string, text []byte, fit func(public any) bool) (log, error) {
	out := log{BaseURL: url, HashAlgorithm: "SHA2_256"}
	block, _ := pem.Decode(text)
	if block == nil {
		return out, errors.New("it holds no PEM block: want a public key in PEM")
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return out, errors.New("it holds no public key that can be read")
	}
	details := keyDetails(public)
	if details == "" || !fit(public) {
		return out, errors.New("its kind is not fit: want ECDSA on P-256, P-384 or P-521")
	}
	id := sha256.Sum256(block.Bytes)
	out.LogID.KeyID = id[:]
	out.PublicKey.RawBytes, out.PublicKey.KeyDetails, out.PublicKey.ValidFor = block.Bytes, details, always()
	return out, nil
}

// keyDetails is Sigstore's word for a kind of key, and empty where it has none.
func keyDetails(public any) string {
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		return map[int]string{256: "PKIX_ECDSA_P256_SHA_256", 384: "PKIX_ECDSA_P384_SHA_384", 521: "PKIX_ECDSA_P521_SHA_512"}[key.Curve.Params().BitSize]
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits == 2048 || bits == 3072 || bits == 4096 {
			return fmt.Sprintf("PKIX_RSA_PKCS1V15_%d_SHA256", bits)
		}
	case ed25519.PublicKey:
		return "PKIX_ED25519"
	}
	return ""
}
