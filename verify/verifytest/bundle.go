package verifytest

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strconv"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// mediaType is that of a Sigstore bundle, which older versions write
// otherwise.
func (h How) mediaType() string {
	if h.chained() {
		return "application/vnd.dev.sigstore.bundle+json;version=" + h.Version
	}
	return "application/vnd.dev.sigstore.bundle.v0.3+json"
}

// chained tells whether bundles of the version carry the chain of certificates.
func (h How) chained() bool { return h.Version == "0.1" || h.Version == "0.2" }

// Bundle makes a Sigstore bundle with an envelope in it. With the predicate
// type SignPredicate it is a signature of the image.
func (w *World) Bundle(image Image, signer *Signer, claim Claim, how How) (verify.Bundle, error) {
	how.Form = FormBundle
	e, err := w.seal(image, signer, claim, how)
	if err != nil {
		return verify.Bundle{}, err
	}
	material, err := w.material(e.with, e.signature, e.logged, how)
	if err != nil {
		return verify.Bundle{}, err
	}
	payload, err := json.Marshal(map[string]any{
		"mediaType":            how.mediaType(),
		"verificationMaterial": material,
		"dsseEnvelope":         json.RawMessage(e.envelope),
	})
	return verify.Bundle{
		Format:  policy.FormatBundle,
		Payload: payload,
		Annotations: map[string]string{
			"dev.sigstore.bundle.content":       "dsse-envelope",
			"dev.sigstore.bundle.predicateType": claim.PredicateType,
		},
	}, err
}

// material is what a bundle carries to verify its signature with.
func (w *World) material(with credential, signature []byte, logged *entry, how How) (map[string]any, error) {
	material := map[string]any{"tlogEntries": []any{}}
	switch {
	case with.certificate != nil && how.chained():
		var chain []any
		for _, c := range append([]*x509.Certificate{with.certificate}, with.chain...) {
			chain = append(chain, map[string]any{"rawBytes": c.Raw})
		}
		material["x509CertificateChain"] = map[string]any{"certificates": chain}
	case with.certificate != nil:
		material["certificate"] = map[string]any{"rawBytes": with.certificate.Raw}
	default:
		id := with.key.id()
		material["publicKey"] = map[string]any{"hint": base64.StdEncoding.EncodeToString(id[:])}
	}
	if logged != nil {
		material["tlogEntries"] = []any{w.tlogEntry(logged)}
	}
	if how.Stamped {
		token, err := w.stamp(signature, w.at(how))
		if err != nil {
			return nil, err
		}
		material["timestampVerificationData"] = map[string]any{
			"rfc3161Timestamps": []any{map[string]any{"signedTimestamp": token}},
		}
	}
	return material, nil
}

// tlogEntry writes an entry as the bundle format wants it.
func (w *World) tlogEntry(e *entry) map[string]any {
	id := w.rekor.key.id()
	hashes := [][]byte{}
	for _, h := range e.proof.hashes {
		hashes = append(hashes, h[:])
	}
	return map[string]any{
		"logIndex":          strconv.FormatInt(e.index, 10),
		"logId":             map[string]any{"keyId": id[:]},
		"kindVersion":       map[string]any{"kind": e.kind, "version": e.version},
		"integratedTime":    strconv.FormatInt(e.integrated.Unix(), 10),
		"inclusionPromise":  map[string]any{"signedEntryTimestamp": e.promise},
		"canonicalizedBody": e.body,
		"inclusionProof": map[string]any{
			"logIndex":   strconv.FormatInt(e.index, 10),
			"rootHash":   e.proof.root[:],
			"treeSize":   strconv.FormatInt(e.proof.size, 10),
			"hashes":     hashes,
			"checkpoint": map[string]any{"envelope": e.proof.checkpoint},
		},
	}
}

// LogID is the transparency log's id in hex, for tests that tell logs apart.
func (w *World) LogID() string {
	id := w.rekor.key.id()
	return hex.EncodeToString(id[:])
}
