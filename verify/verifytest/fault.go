package verifytest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/syncgate/syncgate/bounds"
)

// Fault is a way in which a registry goes wrong. It answers a request itself,
// or has the registry behind it do so.
type Fault func(out http.ResponseWriter, r *http.Request, behind http.Handler)

// Break puts faults before the registry, the first one outermost, in place of
// those that were there.
func (w *World) Break(faults ...Fault) {
	handler := w.registry.handler
	for i := len(faults) - 1; i >= 0; i-- {
		fault, behind := faults[i], handler
		handler = http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) { fault(out, r, behind) })
	}
	w.registry.front.Store(&handler)
}

// Mend takes all faults away.
func (w *World) Mend() { w.Break() }

// On is a fault of the requests alone whose path contains a text.
func On(part string, f Fault) Fault {
	return func(out http.ResponseWriter, r *http.Request, behind http.Handler) {
		if strings.Contains(r.URL.Path, part) {
			f(out, r, behind)
			return
		}
		behind.ServeHTTP(out, r)
	}
}

// First is a fault of the first n requests that it meets.
func First(n int64, f Fault) Fault {
	var met atomic.Int64
	return func(out http.ResponseWriter, r *http.Request, behind http.Handler) {
		if met.Add(1) <= n {
			f(out, r, behind)
			return
		}
		behind.ServeHTTP(out, r)
	}
}

// Faults are the ways to go wrong, by their names.
func Faults() map[string]Fault {
	return map[string]Fault{
		"down":             func(out http.ResponseWriter, _ *http.Request, _ http.Handler) { hangUp(out, false) },
		"connection reset": func(out http.ResponseWriter, _ *http.Request, _ http.Handler) { hangUp(out, true) },
		"slow":             func(_ http.ResponseWriter, r *http.Request, _ http.Handler) { <-r.Context().Done() },
		"truncating":       truncate,
		"lying":            lie,
		"announcing":       announce,
		"HEAD is not GET":  headIsNotGet,
		"redirecting": func(out http.ResponseWriter, r *http.Request, _ http.Handler) {
			http.Redirect(out, r, r.URL.Path+"?again="+strconv.Itoa(len(r.URL.RawQuery)), http.StatusTemporaryRedirect)
		},
		"endless":            endless,
		"web page":           func(out http.ResponseWriter, _ *http.Request, _ http.Handler) { webPage(out) },
		"401":                Answers(http.StatusUnauthorized, ""),
		"403":                Answers(http.StatusForbidden, ""),
		"429":                Answers(http.StatusTooManyRequests, ""),
		"429 for a while":    Answers(http.StatusTooManyRequests, "1"),
		"429 for an hour":    Answers(http.StatusTooManyRequests, "3600"),
		"500":                Answers(http.StatusInternalServerError, ""),
		"503":                Answers(http.StatusServiceUnavailable, ""),
		"wrong content type": retype,
		"oversized":          oversized,
		"gzip bomb":          gzipBomb,
	}
}

// Answers is a fault that answers with a status, and where retryAfter is not
// empty with that in a Retry-After header.
func Answers(status int, retryAfter string) Fault {
	return func(out http.ResponseWriter, _ *http.Request, _ http.Handler) {
		if retryAfter != "" {
			out.Header().Set("Retry-After", retryAfter)
		}
		out.WriteHeader(status)
	}
}

// hangUp closes the connection without an answer.
func hangUp(out http.ResponseWriter, reset bool) {
	conn, _, err := out.(http.Hijacker).Hijack()
	if err != nil {
		panic(err) // only HTTP/1.1 is served
	}
	if reset {
		_ = conn.(*net.TCPConn).SetLinger(0)
	}
	_ = conn.Close()
}

// answered is what the registry behind says.
func answered(r *http.Request, behind http.Handler) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	behind.ServeHTTP(rec, r)
	return rec
}

// send sends an answer with another body.
func send(out http.ResponseWriter, rec *httptest.ResponseRecorder, body []byte) {
	for name, values := range rec.Header() {
		out.Header()[name] = values
	}
	out.Header().Set("Content-Length", strconv.Itoa(len(body)))
	out.WriteHeader(rec.Code)
	_, _ = out.Write(body)
}

// truncate sends half of what it announces.
func truncate(out http.ResponseWriter, r *http.Request, behind http.Handler) {
	rec := answered(r, behind)
	conn, _, err := out.(http.Hijacker).Hijack()
	if err != nil {
		panic(err) // only HTTP/1.1 is served
	}
	body := rec.Body.Bytes()
	fmt.Fprintf(conn, "HTTP/1.1 %d %s\r\n", rec.Code, http.StatusText(rec.Code))
	_ = rec.Header().Write(conn)
	if rec.Header().Get("Content-Length") == "" {
		fmt.Fprintf(conn, "Content-Length: %d\r\n", len(body)+1)
	}
	_, _ = conn.Write(append([]byte("\r\n"), body[:len(body)/2]...))
	_ = conn.Close()
}

// lie sends something else than what it was asked for, and says that it is.
func lie(out http.ResponseWriter, r *http.Request, behind http.Handler) {
	rec := answered(r, behind)
	body := append(bytes.Clone(rec.Body.Bytes()), ' ')
	send(out, rec, body)
}

// announce sends what it was asked for and says that it is something else.
func announce(out http.ResponseWriter, r *http.Request, behind http.Handler) {
	rec := answered(r, behind)
	rec.Header().Set("Docker-Content-Digest", digestOf([]byte("something else")).String())
	send(out, rec, rec.Body.Bytes())
}

// headIsNotGet answers HEAD as it should and GET with other content, under
// that content's own digest.
func headIsNotGet(out http.ResponseWriter, r *http.Request, behind http.Handler) {
	rec := answered(r, behind)
	if r.Method == http.MethodHead {
		send(out, rec, nil)
		return
	}
	body := append(bytes.Clone(rec.Body.Bytes()), '\n')
	rec.Header().Set("Docker-Content-Digest", digestOf(body).String())
	send(out, rec, body)
}

// endless sends lists whose pages have no end, and bodies that have none.
func endless(out http.ResponseWriter, r *http.Request, behind http.Handler) {
	if strings.Contains(r.URL.Path, "/referrers/") {
		rec := answered(r, behind)
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		rec.Header().Set("Link", fmt.Sprintf(`<%s?page=%d>; rel="next"`, r.URL.Path, page+1))
		send(out, rec, rec.Body.Bytes())
		return
	}
	rec := answered(r, behind)
	out.Header().Set("Content-Type", rec.Header().Get("Content-Type"))
	for r.Context().Err() == nil {
		if _, err := out.Write(bytes.Repeat([]byte(" "), 1<<16)); err != nil {
			return
		}
	}
}

func webPage(out http.ResponseWriter) {
	out.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = out.Write([]byte("<!DOCTYPE html><title>Sign in</title>"))
}

// retype sends everything as text.
func retype(out http.ResponseWriter, r *http.Request, behind http.Handler) {
	rec := answered(r, behind)
	rec.Header().Set("Content-Type", "text/plain")
	send(out, rec, rec.Body.Bytes())
}

// oversized announces more than anything may have.
func oversized(out http.ResponseWriter, r *http.Request, behind http.Handler) {
	rec := answered(r, behind)
	out.Header().Set("Content-Type", rec.Header().Get("Content-Type"))
	out.Header().Set("Content-Length", strconv.Itoa(bounds.ImageEvidenceTotal))
	_, _ = out.Write([]byte("{"))
}

// gzipBomb sends a little that would be a gigabyte.
func gzipBomb(out http.ResponseWriter, r *http.Request, behind http.Handler) {
	rec := answered(r, behind)
	var member bytes.Buffer
	z := gzip.NewWriter(&member)
	_, _ = z.Write(make([]byte, 1<<20))
	_ = z.Close()
	rec.Header().Set("Content-Encoding", "gzip")
	send(out, rec, bytes.Repeat(member.Bytes(), 1<<10))
}
