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

// errTooLarge is why a file is not read.
var errTooLarge = fmt.Errorf("file is larger than the limit of %d MiB", bounds.FileBytes>>20)

// find returns an object, of which large ones are not read yet. The lock must
// be held.
func (o *objects) find(kind plumbing.ObjectType, hash plumbing.Hash) (plumbing.EncodedObject, error) {
	for _, store := range o.stores {
		found, err := store.EncodedObject(kind, hash)
		if err == nil {
			return found, nil
		}
		if !errors.Is(err, plumbing.ErrObjectNotFound) {
			return nil, err
		}
	}
	return nil, errMissing
}

// size returns the size of an object. Large ones are not read for it.
func (o *objects) size(hash plumbing.Hash) (size int64, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer explainObject(hash, &err)
	found, err := o.find(plumbing.AnyObject, hash)
	if err != nil {
		return 0, err
	}
	return found.Size(), nil
}

// read returns the type and content of an object. The content has been held
// to its id: a commit id says what is deployed only if all that hangs on it
// is what it was.
func (o *objects) read(kind plumbing.ObjectType, hash plumbing.Hash) (found plumbing.ObjectType, data []byte, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer explainObject(hash, &err)
	object, err := o.find(kind, hash)
	if err != nil {
		return 0, nil, err
	}
	if object.Size() > bounds.FileBytes {
		return 0, nil, errTooLarge
	}
	reader, err := object.Reader()
	if err != nil {
		return 0, nil, err
	}
	defer reader.Close()
	data = make([]byte, object.Size())
	if _, err := io.ReadFull(reader, data); err != nil {
		return 0, nil, err
	}
	if plumbing.ComputeHash(object.Type(), data) != hash {
		return 0, nil, errors.New("its content is not what its id stands for; the repository is damaged")
	}
	return object.Type(), data, nil
}

// explainObject names the object in an error, and makes one of a panic: the
// library trusts what is on disk.
func explainObject(hash plumbing.Hash, err *error) {
	if reason := recover(); reason != nil {
		*err = fmt.Errorf("the repository is damaged (%v)", reason)
	}
	if *err != nil && !errors.Is(*err, errTooLarge) {
		*err = fmt.Errorf("read object %s: %w", hash, *err)
	}
}

// blob returns the content of a file.
func (o *objects) blob(hash plumbing.Hash) ([]byte, error) {
	_, data, err := o.read(plumbing.BlobObject, hash)
	return data, err
}

// decode reads an object into one of the library's types.
func (o *objects) decode(kind plumbing.ObjectType, hash plumbing.Hash, into func(plumbing.EncodedObject) error) error {
	found, data, err := o.read(kind, hash)
	if err != nil {
		return err
	}
	encoded := new(plumbing.MemoryObject)
	encoded.SetType(found)
	encoded.SetSize(int64(len(data)))
	if _, err := encoded.Write(data); err != nil {
		return err
	}
	defer explainObject(hash, &err)
	err = into(encoded)
	return err
}

// emptyTree is the tree without entries, which git knows without its object.
const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

// tree returns the entries of a tree.
func (o *objects) tree(hash plumbing.Hash) (*object.Tree, error) {
	tree := new(object.Tree)
	if hash.String() == emptyTree {
		return tree, nil
	}
	return tree, o.decode(plumbing.TreeObject, hash, tree.Decode)
}

// commit returns a commit, or what an annotated tag, or a tag of a tag,
// points at.
func (o *objects) commit(hash plumbing.Hash) (*object.Commit, error) {
	const deepest = 10
	for range deepest {
		var commit *object.Commit
		err := o.decode(plumbing.AnyObject, hash, func(found plumbing.EncodedObject) error {
			switch found.Type() {
			case plumbing.CommitObject:
				commit = new(object.Commit)
				return commit.Decode(found)
			case plumbing.TagObject:
				tag := new(object.Tag)
				if err := tag.Decode(found); err != nil {
					return err
				}
				hash = tag.Target
				return nil
			}
			return fmt.Errorf("it is a %s, not a commit", found.Type())
		})
		switch {
		case o.shallow && errors.Is(err, errMissing):
			return nil, fmt.Errorf("commit %s is not there: the clone is shallow; fetch it with more depth", hash)
		case err != nil:
			return nil, err
		case commit != nil:
			return commit, nil
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
