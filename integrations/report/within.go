package report

import (
	"bytes"
	"fmt"
	"io"
	"sort"
)

// writeWithin writes as many of n items as JSON as fit into limit bytes; made
// makes the value that holds the first so many. A limit of 0 is none.
func writeWithin(w io.Writer, limit, n int, made func(n int) any) error {
	if limit <= 0 {
		return writeJSON(w, made(n))
	}
	size := func(n int) (*bytes.Buffer, error) {
		var b bytes.Buffer
		err := writeJSON(&b, made(n))
		return &b, err
	}
	var failed error
	fits := sort.Search(n, func(i int) bool {
		b, err := size(n - i)
		if err != nil {
			failed = err
		}
		return err != nil || b.Len() <= limit
	})
	if failed != nil {
		return failed
	}
	b, err := size(n - fits)
	if err != nil {
		return err
	}
	if b.Len() > limit {
		return fmt.Errorf("write report: not even an empty one has %d bytes; allow more", limit)
	}
	_, err = w.Write(b.Bytes())
	return err
}
