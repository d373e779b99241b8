package verifytest

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/bits"
	"sync"
	"time"
)

// logName is the log's name in its checkpoints.
const logName = "rekor.syncgate.test - 1"

// rekorLog is a transparency log as Rekor version 1 is one: an RFC 6962 tree that
// gives signed promises and inclusion proofs.
type rekorLog struct {
	key *SigningKey

	mu     sync.Mutex
	leaves [][32]byte
	// full keeps the roots of complete subtrees by level and position.
	full map[[2]int][32]byte
}

// entry is a logged entry, and all that proves it.
type entry struct {
	kind, version string
	body          []byte
	index         int64
	integrated    time.Time
	promise       []byte
	proof         proof
}

// proof shows that an entry is in the tree.
type proof struct {
	size       int64
	root       [32]byte
	hashes     [][32]byte
	checkpoint string
}

func newLog() (*rekorLog, error) {
	key, err := NewSigningKey(ECDSAP256)
	return &rekorLog{key: key, full: map[[2]int][32]byte{}}, err
}

// append adds an entry whose body is canonical JSON.
func (l *rekorLog) append(kind, version string, spec any, at time.Time) (*entry, error) {
	body, err := canonical(map[string]any{"apiVersion": version, "kind": kind, "spec": spec})
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e := &entry{kind: kind, version: version, body: body, index: int64(len(l.leaves)), integrated: at}
	l.leaves = append(l.leaves, sha256.Sum256(append([]byte{0}, body...)))
	if e.promise, err = l.sign(e); err != nil {
		return nil, err
	}
	e.proof, err = l.prove(len(l.leaves) - 1)
	return e, err
}

// sign makes the signed entry timestamp.
func (l *rekorLog) sign(e *entry) ([]byte, error) {
	payload, err := canonical(e.payload(l.key))
	if err != nil {
		return nil, err
	}
	return l.key.Sign(payload)
}

// payload is what a signed entry timestamp signs.
func (e *entry) payload(key *SigningKey) map[string]any {
	id := key.id()
	return map[string]any{
		"body":           base64.StdEncoding.EncodeToString(e.body),
		"integratedTime": e.integrated.Unix(),
		"logID":          hex.EncodeToString(id[:]),
		"logIndex":       e.index,
	}
}

// prove makes the proof of a leaf in the tree as it is now, and signs the
// tree's head.
func (l *rekorLog) prove(index int) (proof, error) {
	size := len(l.leaves)
	p := proof{size: int64(size), root: l.root(0, size)}
	p.hashes = l.path(index, 0, size)
	id := l.key.id()
	head := fmt.Sprintf("%s\n%d\n%s\n", logName, size, base64.StdEncoding.EncodeToString(p.root[:]))
	signature, err := l.key.Sign([]byte(head))
	signed := append(id[:4:4], signature...)
	p.checkpoint = fmt.Sprintf("%s\n— rekor.syncgate.test %s\n", head, base64.StdEncoding.EncodeToString(signed))
	return p, err
}

// root is the Merkle tree hash of size leaves from start on (RFC 6962,
// section 2.1).
func (l *rekorLog) root(start, size int) [32]byte {
	if size == 1 {
		return l.leaves[start]
	}
	level := bits.TrailingZeros(uint(size))
	complete := size == 1<<level && start%size == 0
	key := [2]int{level, start >> level}
	if h, ok := l.full[key]; ok && complete {
		return h
	}
	half := 1 << (bits.Len(uint(size-1)) - 1)
	left, right := l.root(start, half), l.root(start+half, size-half)
	h := sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
	if complete {
		l.full[key] = h
	}
	return h
}

// path is the audit path of a leaf (RFC 6962, section 2.1.1).
func (l *rekorLog) path(index, start, size int) [][32]byte {
	if size == 1 {
		return nil
	}
	half := 1 << (bits.Len(uint(size-1)) - 1)
	if index < half {
		return append(l.path(index, start, half), l.root(start+half, size-half))
	}
	return append(l.path(index-half, start+half, size-half), l.root(start, half))
}

// canonical writes JSON with sorted keys and nothing escaped that need not
// be: RFC 8785 for the values used here.
func canonical(v any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}
