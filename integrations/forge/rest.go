package forge

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// REST speaks JSON to a forge that has no client library worth its weight.
type REST struct {
	// Base is the URL that paths follow.
	Base string
	// Client carries requests; it bounds what is read of an answer.
	Client *http.Client
	// Authorization is the header of that name. It is in no error.
	Authorization string
}

// Do sends in and reads the answer into out, where they are not nil. It returns
// the status of the answer, or 0 if there is none. What is no answer in JSON is
// no success, whatever its status: a page to sign in at has 203.
func (c REST) Do(ctx context.Context, request string, in, out any) (status int, err error) {
	method, path, _ := strings.Cut(request, " ")
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return 0, err
		}
		body = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.Base, "/")+path, body)
	if err != nil {
		return 0, err
	}
	r.Header.Set("Accept", "application/json")
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Authorization", c.Authorization)
	resp, err := c.Client.Do(r)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return resp.StatusCode, err
	}
	switch resp.StatusCode {
	case http.StatusNoContent:
		return resp.StatusCode, nil
	case http.StatusOK, http.StatusCreated:
	default:
		return resp.StatusCode, Said(resp.StatusCode, reason(text))
	}
	if out == nil {
		out = &json.RawMessage{}
	}
	if err := json.Unmarshal(text, out); err != nil {
		return resp.StatusCode, fmt.Errorf("it answers %d with what is no JSON", resp.StatusCode)
	}
	return resp.StatusCode, nil
}

// reason is what an answer says went wrong.
func reason(text []byte) string {
	var said struct {
		Message string
		Error   struct{ Message string }
	}
	if json.Unmarshal(text, &said) != nil {
		return ""
	}
	return strings.TrimSpace(said.Message + " " + said.Error.Message)
}
