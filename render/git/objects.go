package git

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"github.com/syncgate/syncgate/bounds"
)

// objects reads the objects of a repository and of those that it borrows
// from. Unlike go-git's storage it may be used by several goroutines.
type objects struct {
	mu     sync.Mutex
	stores []*filesystem.ObjectStorage
	// shallow tells that history ends early.
	shallow bool
}

// errMissing is why an object that must be there cannot be read.
var errMissing = errors.New("it is not in the repository, which is a shallow or partial clone, or damaged; fetch it, or give the URL of the remote")

// object returns an object of a type.
func (o *objects) object(kind plumbing.ObjectType, hash plumbing.Hash) (plumbing.EncodedObject, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, store := range o.stores {
		found, err := store.EncodedObject(kind, hash)
		if err == nil {
			return found, nil
		}
		if !errors.Is(err, plumbing.ErrObjectNotFound) {
			return nil, fmt.Errorf("read object %s: %w", hash, err)
		}
	}
	return nil, fmt.Errorf("read object %s: %w", hash, errMissing)
}

// size returns the size of an object. Large ones are not read for it.
func (o *objects) size(hash plumbing.Hash) (int64, error) {
	found, err := o.object(plumbing.AnyObject, hash)
	if err != nil {
		return 0, err
	}
	return found.Size(), nil
}

// errTooLarge is why a file is not read.
var errTooLarge = fmt.Errorf("file is larger than the limit of %d MiB", bounds.FileBytes>>20)

// blob returns the content of a file. Its memory is the caller's.
func (o *objects) blob(hash plumbing.Hash) ([]byte, error) {
	found, err := o.object(plumbing.BlobObject, hash)
	if err != nil {
		return nil, err
	}
	if found.Size() > bounds.FileBytes {
		return nil, errTooLarge
	}
	// Objects of packs and large objects are read from disk, by code that is
	// not safe for several goroutines.
	o.mu.Lock()
	defer o.mu.Unlock()
	reader, err := found.Reader()
	if err != nil {
		return nil, fmt.Errorf("read object %s: %w", hash, err)
	}
	defer reader.Close()
	data := make([]byte, found.Size())
	if _, err := io.ReadFull(reader, data); err != nil {
		return nil, fmt.Errorf("read object %s: %w", hash, err)
	}
	return data, nil
}

// tree returns the entries of a tree.
func (o *objects) tree(hash plumbing.Hash) (*object.Tree, error) {
	found, err := o.object(plumbing.TreeObject, hash)
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	tree := new(object.Tree)
	if err := tree.Decode(found); err != nil {
		return nil, fmt.Errorf("read object %s: %w", hash, err)
	}
	return tree, nil
}

// commit returns a commit, or what an annotated tag, or a tag of a tag,
// points at.
func (o *objects) commit(hash plumbing.Hash) (*object.Commit, error) {
	const deepest = 10
	for range deepest {
		found, err := o.object(plumbing.AnyObject, hash)
		if err != nil {
			if o.shallow && errors.Is(err, errMissing) {
				return nil, fmt.Errorf("commit %s is not there: the clone is shallow; fetch it with more depth", hash)
			}
			return nil, err
		}
		switch found.Type() {
		case plumbing.CommitObject:
			commit := new(object.Commit)
			if err := commit.Decode(found); err != nil {
				return nil, fmt.Errorf("read commit %s: %w", hash, err)
			}
			return commit, nil
		case plumbing.TagObject:
			tag := new(object.Tag)
			if err := tag.Decode(found); err != nil {
				return nil, fmt.Errorf("read tag %s: %w", hash, err)
			}
			hash = tag.Target
		default:
			return nil, fmt.Errorf("%s is a %s, not a commit", hash, found.Type())
		}
	}
	return nil, fmt.Errorf("%s is a tag of a tag, more than %d deep", hash, deepest)
}

// commits returns the commits and tags whose id begins so, in order.
func (o *objects) commits(prefix string) []plumbing.Hash {
	o.mu.Lock()
	candidates := o.withPrefix(prefix)
	o.mu.Unlock()
	var found []plumbing.Hash
	for _, hash := range candidates {
		if _, err := o.commit(hash); err == nil {
			found = append(found, hash)
		}
	}
	return found
}

// withPrefix returns the objects whose id begins so. The storage looks for
// whole bytes only.
func (o *objects) withPrefix(prefix string) []plumbing.Hash {
	even := prefix[:len(prefix)&^1]
	first := plumbing.NewHash(even + strings.Repeat("0", 40-len(even)))
	var hashes []plumbing.Hash
	for _, store := range o.stores {
		some, err := store.HashesWithPrefix(first[:len(even)/2])
		if err != nil {
			continue
		}
		for _, hash := range some {
			if strings.HasPrefix(hash.String(), prefix) {
				hashes = append(hashes, hash)
			}
		}
	}
	plumbing.HashesSort(hashes)
	return slices.Compact(hashes)
}

// close closes the packs that are open.
func (o *objects) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, store := range o.stores {
		_ = store.Close() // they were only read
	}
}
