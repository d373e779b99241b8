package verifytest

import (
	"crypto"
	"crypto/sha256"
	"encoding/asn1"
	"time"

	"github.com/digitorus/timestamp"
)

// stamp is the timestamp authority's RFC 3161 response for data.
func (w *World) stamp(data []byte, at time.Time) ([]byte, error) {
	sum := sha256.Sum256(data)
	token := timestamp.Timestamp{
		HashAlgorithm:     crypto.SHA256,
		HashedMessage:     sum[:],
		Time:              at,
		Policy:            asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 2},
		AddTSACertificate: true,
	}
	return token.CreateResponseWithOpts(w.stamper, w.stampKey.private, crypto.SHA256)
}
