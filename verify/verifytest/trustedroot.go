package verifytest

import (
	"crypto/x509"
	"encoding/json"
	"time"
)

// TrustedRoot is what to trust in this world: a Sigstore trusted root as JSON.
func (w *World) TrustedRoot() []byte {
	root := map[string]any{
		"mediaType":              "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
		"tlogs":                  []any{w.logInstance(w.rekor.key, "https://rekor.syncgate.test")},
		"ctlogs":                 []any{w.logInstance(w.ct, "https://ct.syncgate.test")},
		"certificateAuthorities": []any{w.authorityInstance(w.fulcio)},
		"timestampAuthorities":   []any{w.authorityInstance(w.tsa, w.stamper)},
	}
	out, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		// Only strings, bytes, maps and lists are in it.
		panic(err)
	}
	return out
}

func (w *World) logInstance(key *SigningKey, url string) map[string]any {
	id := key.id()
	return map[string]any{
		"baseUrl":       url,
		"hashAlgorithm": "SHA2_256",
		"logId":         map[string]any{"keyId": id[:]},
		"publicKey": map[string]any{
			"rawBytes":   key.der(),
			"keyDetails": "PKIX_ECDSA_P256_SHA_256",
			"validFor":   w.period(),
		},
	}
}

func (w *World) authorityInstance(a *authority, leaves ...*x509.Certificate) map[string]any {
	var chain []any
	for _, c := range append(leaves, a.issuer, a.root) {
		chain = append(chain, map[string]any{"rawBytes": c.Raw})
	}
	return map[string]any{
		"subject":   map[string]any{"organization": "syncgate.test", "commonName": a.root.Subject.CommonName},
		"uri":       "https://authority.syncgate.test",
		"certChain": map[string]any{"certificates": chain},
		"validFor":  w.period(),
	}
}

func (w *World) period() map[string]any {
	return map[string]any{"start": w.now.Add(-validity).Format(time.RFC3339)}
}
