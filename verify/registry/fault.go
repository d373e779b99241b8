package registry

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// place is what was being done, and where, when something went wrong.
type place struct {
	// doing begins the message: "resolve ghcr.io/acme/app:1.2".
	doing string
	host  string
	// repository is the name within the registry: "acme/app".
	repository string
	// authenticated tells that credentials were sent.
	authenticated bool
}

// fault tells an error as a user has to see it. It repeats nothing that the
// registry said in its own words, and no URL: either may hold a secret.
func (p place) fault(err error) *verify.Fault {
	var told *verify.Fault
	var status *statusError
	var limit limitError
	var mismatch mismatchError
	var protocol protocolError
	var credential credentialError
	switch {
	case errors.As(err, &told):
		return told
	case errors.As(err, &status):
		return p.status(status)
	case errors.As(err, &limit):
		return p.make(verify.CodeLimitExceeded, policy.Unknown, limit, "if this is expected, remove what is not needed from the registry")
	case errors.As(err, &mismatch):
		return p.make(verify.CodeDigestMismatch, policy.Fail, mismatch, "the registry or something between changes content: do not deploy from it")
	case errors.As(err, &credential):
		return p.make(verify.CodeRegistryDenied, policy.Unknown, credential,
			"look at the credentials of "+p.host+" in Docker's config.json and its credential helper")
	case errors.As(err, &protocol):
		return p.make(verify.CodeRegistryProtocol, policy.Unknown, protocol, "check the image's name and that "+p.host+" is an OCI registry")
	}
	return p.connection(err)
}

func (p place) make(code policy.Code, verdict policy.Verdict, reason error, hint string) *verify.Fault {
	return &verify.Fault{
		Code: code, Verdict: verdict, Hint: hint, Err: reason,
		Message: fmt.Sprintf("%s: registry %s: %s", p.doing, p.host, reason),
	}
}

func (p place) retryable(code policy.Code, reason error, hint string) *verify.Fault {
	f := p.make(code, policy.Unknown, reason, hint)
	f.Retryable = true
	return f
}

// status tells an answer with a status that was not asked for.
func (p place) status(e *statusError) *verify.Fault {
	answered := e.Error()
	switch {
	case e.token:
		answered = "its token service answers with " + answered
	case e.host != "" && e.host != p.host:
		answered = e.host + ", to which it redirects, answers with " + answered
	default:
		answered = "it answers with " + answered
	}
	switch {
	case e.status == http.StatusUnauthorized || e.status == http.StatusForbidden:
		return p.denied(answered, e)
	case e.status == http.StatusTooManyRequests:
		if e.retryAfter != "" {
			answered += ", and asks to wait (Retry-After: " + e.retryAfter + ")"
		}
		return p.retryable(verify.CodeRegistryRateLimited, because{answered, e},
			"run it again later; `docker login "+p.host+"` may raise the limit")
	case e.status >= 500 || e.status == http.StatusRequestTimeout:
		return p.retryable(verify.CodeRegistryUnavailable, because{answered, e}, "run it again when "+p.host+" is well")
	}
	return p.make(verify.CodeRegistryProtocol, policy.Unknown, because{answered, e},
		"check the image's name and that "+p.host+" is an OCI registry")
}

func (p place) denied(answered string, e *statusError) *verify.Fault {
	sent, hint := "no credentials were sent", "run `docker login "+p.host+"`, or check the image's name"
	if p.authenticated {
		sent = "credentials were sent"
		hint = "check that the credentials of " + p.host + " may pull " + p.repository + ", or run `docker login " + p.host + "` again"
	}
	return p.make(verify.CodeRegistryDenied, policy.Unknown,
		because{"access to repository " + p.repository + " is denied: " + answered + "; " + sent, e}, hint)
}

// because words an error anew and keeps it as the cause.
type because struct {
	text  string
	cause error
}

func (b because) Error() string { return b.text }

func (b because) Unwrap() error { return b.cause }

// connection tells why there is no answer at all.
func (p place) connection(err error) *verify.Fault {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // its text holds the URL
	}
	gaveUp := new(gaveUpError)
	var certificate *tls.CertificateVerificationError
	var header tls.RecordHeaderError
	var authority x509.UnknownAuthorityError
	switch {
	case errors.Is(err, context.Canceled):
		return p.retryable(verify.CodeRegistryTimeout, because{"the run was stopped before it answered", context.Canceled}, "run it again")
	case errors.As(err, &gaveUp):
		code := verify.CodeRegistryUnavailable
		if gaveUp.timeout {
			code = verify.CodeRegistryTimeout
		}
		return p.retryable(code, gaveUp, "run it again when "+gaveUp.host+" is well")
	case isTimeout(err):
		return p.retryable(verify.CodeRegistryTimeout, because{"it did not answer in time", context.DeadlineExceeded},
			"run it again, or look at how "+p.host+" answers")
	case errors.As(err, &certificate), errors.As(err, &authority):
		return p.make(verify.CodeRegistryProtocol, policy.Unknown, because{"its TLS certificate does not hold: " + err.Error(), nil},
			"add its certificate authority to the system's, or name it with SSL_CERT_FILE")
	case errors.As(err, &header), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return p.make(verify.CodeRegistryProtocol, policy.Unknown, protocolError("it does not speak TLS"),
			"if it is meant to be reached without TLS, pass --plain-http "+p.host)
	case isNetwork(err):
		return p.retryable(verify.CodeRegistryUnavailable, because{"no connection: " + networkReason(err), nil},
			"check that "+p.host+" is right and can be reached")
	}
	return p.make(verify.CodeRegistryProtocol, policy.Unknown, protocolError("it gives an answer that is not HTTP, or not all of one"),
		"check that "+p.host+" is an OCI registry")
}

func isNetwork(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return errors.As(err, &op) || errors.As(err, &dns) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// networkReason is the short reason why a connection failed.
func networkReason(err error) string {
	var dns *net.DNSError
	var errno syscall.Errno
	switch {
	case errors.As(err, &dns):
		return "no address for " + strconv.Quote(dns.Name) + ": " + dns.Err
	case errors.As(err, &errno):
		return errno.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "it was closed before the answer was whole"
	}
	return "it broke"
}
