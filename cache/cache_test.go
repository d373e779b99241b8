package cache

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// age makes everything that is kept look older than a test takes.
func age(t *testing.T, d *Dir, by time.Duration) {
	t.Helper()
	names, _ := filepath.Glob(filepath.Join(d.path, "*", "*"))
	for _, name := range names {
		info, err := os.Stat(name)
		if err == nil {
			err = os.Chtimes(name, info.ModTime().Add(-by), info.ModTime().Add(-by))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestBounded wants the least recently used to go first.
func TestBounded(t *testing.T) {
	d := Open(t.TempDir(), 250)
	data := func(b byte) []byte { return bytes.Repeat([]byte{b}, 100) }
	has := func(b byte) bool { _, ok := d.Load("owner", digestOf(data(b)), 1000); return ok }
	for _, b := range []byte("ab") {
		d.Store("owner", digestOf(data(b)), data(b))
		age(t, d, time.Hour)
	}
	if !has('a') || !has('b') {
		t.Fatal("within the limit it forgets")
	}
	age(t, d, time.Hour)
	if !has('a') {
		t.Fatal("within the limit it forgets")
	}
	d.Store("owner", digestOf(data('c')), data('c'))
	if !has('a') || has('b') || !has('c') {
		t.Error("it does not forget what was used least recently, or forgets too much")
	}
	if d.Store("owner", digestOf(make([]byte, 300)), make([]byte, 300)); !has('a') {
		t.Error("what is larger than all of it drives the rest out")
	}
}

// TestKeepsWhatHasItsDigest wants nothing else back.
func TestKeepsWhatHasItsDigest(t *testing.T) {
	d := Open(t.TempDir(), 1000)
	data, other := []byte("content"), []byte("Content")
	d.Store("owner", digestOf(other), data)
	if _, ok := d.Load("owner", digestOf(other), 100); ok {
		t.Error("content is kept under a digest that it does not have")
	}
	d.Store("owner", digestOf(data), data)
	if _, ok := d.Load("owner", digestOf(data), 3); ok {
		t.Error("it returns more than is asked for")
	}
	if _, ok := d.Load("another", digestOf(data), 100); ok {
		t.Error("one owner is shown what another one has")
	}
	if got, ok := d.Load("owner", digestOf(data), 100); !ok || !bytes.Equal(got, data) {
		t.Fatal("it forgets")
	}
	long := sha512.Sum512(data)
	d.Store("owner", "sha512:"+hex.EncodeToString(long[:]), data)
	if _, ok := d.Load("owner", "sha512:"+hex.EncodeToString(long[:]), 100); !ok {
		t.Error("it does not keep content under SHA-512")
	}
	for _, digest := range []string{"", "sha256:", "sha256:../../x", "md5:" + hex.EncodeToString(long[:16]), "sha256:" + hex.EncodeToString(long[:])} {
		if d.Store("owner", digest, data); len(files(t, d)) != 2 {
			t.Errorf("digest %q is kept", digest)
		}
	}
	for _, name := range files(t, d) {
		if err := os.WriteFile(name, other, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := d.Load("owner", digestOf(data), 100); ok {
		t.Error("damaged content is returned")
	}
	if len(files(t, d)) != 1 {
		t.Error("damaged content stays")
	}
}

func files(t *testing.T, d *Dir) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(d.path, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestShared has several caches of one directory write and read the same.
func TestShared(t *testing.T) {
	path := t.TempDir()
	var group sync.WaitGroup
	for range 4 {
		d := Open(path, 5000)
		group.Go(func() {
			for i := range 200 {
				data := []byte(fmt.Sprintf("%0100d", i%70))
				d.Store("owner", digestOf(data), data)
				if got, ok := d.Load("owner", digestOf(data), 1000); ok && !bytes.Equal(got, data) {
					t.Errorf("got %q, want %q", got, data)
				}
			}
		})
	}
	group.Wait()
	d := Open(path, 5000)
	d.Store("owner", digestOf([]byte("last")), []byte("last"))
	var size int64
	for _, name := range files(t, d) {
		if info, err := os.Stat(name); err == nil {
			size += info.Size()
		}
	}
	if size > 5000 || size == 0 {
		t.Errorf("it holds %d bytes, more than 5000 or nothing", size)
	}
}

// TestNothingIsKeptWithoutADirectory wants a nil cache to do nothing.
func TestNothingIsKeptWithoutADirectory(t *testing.T) {
	d := Open("", 1000)
	d.Store("owner", digestOf(nil), nil)
	if _, ok := d.Load("owner", digestOf(nil), 10); ok {
		t.Error("it keeps something")
	}
	locked := Open(filepath.Join(t.TempDir(), "file", "below"), 1000)
	if err := os.WriteFile(filepath.Dir(locked.path), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	locked.Store("owner", digestOf(nil), nil)
	if _, ok := locked.Load("owner", digestOf(nil), 10); ok {
		t.Error("it keeps something where it cannot")
	}
}
