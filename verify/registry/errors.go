package registry

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/syncgate/syncgate/bounds"
)

// protocolError is an answer that no registry should give.
type protocolError string

func (e protocolError) Error() string { return string(e) }

// limitError is more data than the bounds allow.
type limitError string

func (e limitError) Error() string { return string(e) }

// mismatchError is content that is not what its digest says.
type mismatchError string

func (e mismatchError) Error() string { return string(e) }

// credentialError is why credentials could not be looked up.
type credentialError string

func (e credentialError) Error() string { return string(e) }

// statusError is an answer with a status that was not asked for.
type statusError struct {
	status int
	// code is the first error code of the distribution specification in it.
	code string
	// host answered: the registry, its token service or what it redirects to.
	host string
	// retryAfter is the Retry-After header, if it can be read.
	retryAfter string
	// html tells that it is a web page, so no registry's answer.
	html bool
	// token tells that a token was asked for.
	token bool
}

func (e *statusError) Error() string {
	return strings.TrimRight(fmt.Sprintf("status %d %s", e.status, e.code), " ")
}

// newStatusError reads the error that an answer carries. Of what the registry
// says it keeps only the code: a message may repeat a credential.
func newStatusError(resp *http.Response) *statusError {
	e := &statusError{status: resp.StatusCode, html: isHTML(resp.Header)}
	if resp.Request != nil {
		e.host = resp.Request.URL.Host
	}
	e.retryAfter = printable(resp.Header.Get("Retry-After"))
	body, err := io.ReadAll(io.LimitReader(resp.Body, bounds.HandshakeBytes))
	if err != nil {
		return e
	}
	var said struct {
		Errors []struct {
			Code string `json:"code"`
		} `json:"errors"`
	}
	if json.Unmarshal(body, &said) == nil && len(said.Errors) > 0 {
		e.code = cleanCode(said.Errors[0].Code)
	}
	return e
}

// missing tells whether a registry says that there is no such thing.
func (e *statusError) missing() bool { return e.status == http.StatusNotFound && !e.html }

// cleanCode returns an error code of the distribution specification, and
// nothing if it is not written as one.
func cleanCode(code string) string {
	for _, r := range code {
		if r != '_' && (r < 'A' || r > 'Z') {
			return ""
		}
	}
	return code[:min(len(code), 40)]
}

// printable returns a short header as it is, and nothing if it is not one.
func printable(s string) string {
	if len(s) >= 40 || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
		return ""
	}
	return s
}

func isHTML(header http.Header) bool {
	return strings.HasPrefix(strings.ToLower(header.Get("Content-Type")), "text/html")
}
