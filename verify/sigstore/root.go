package sigstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/sigstore/sigstore-go/pkg/root"
	sgverify "github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// TrustedRoot is a Sigstore trusted root: certificate authorities,
// transparency logs, certificate logs and timestamp authorities. It may be
// one that is loaded only when it is first needed.
type TrustedRoot struct {
	// load is nil where loaded is set from the beginning.
	load func(context.Context) (*material, error)

	once   sync.Once
	ready  chan struct{}
	loaded *material
	failed error
}

// material is a trusted root that was read.
type material struct {
	root.TrustedMaterial
	// logs, certLogs and stampers tell what the root asks of a signature by
	// a certificate.
	logs, certLogs, stampers bool
	// asCosign tells that a certificate that nobody dates counts while it is
	// valid, if no transparency log is asked for.
	asCosign bool
	// own are authorities that a policy names. Where it is nil, certificates
	// are judged as those of a Sigstore deployment.
	own *ownAuthorities
	// verifiers verify bundles that a certificate signed, each with what a
	// policy may relax.
	verifiers map[relaxed]*sgverify.Verifier
}

// relaxed is what a policy may relax.
type relaxed struct{ noLog, noCertLog bool }

// upTo are the relaxations that a trust allows, the strictest first.
func upTo(t policy.Trust) []relaxed {
	all := []relaxed{{}}
	if t.IgnoreCertificateLog {
		all = append(all, relaxed{noCertLog: true})
	}
	if t.IgnoreTransparencyLog {
		all = append(all, relaxed{noLog: true})
	}
	if t.IgnoreCertificateLog && t.IgnoreTransparencyLog {
		all = append(all, relaxed{noLog: true, noCertLog: true})
	}
	return all
}

// ParseTrustedRoot reads a trusted root from the JSON of a trusted_root.json.
func ParseTrustedRoot(data []byte) (*TrustedRoot, error) {
	m, err := parseMaterial(data)
	if err != nil {
		return nil, err
	}
	return &TrustedRoot{loaded: m}, nil
}

// readBounded reads a file of at most bounds.TrustedRootBytes.
func readBounded(path string) (data []byte, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	data, err = io.ReadAll(io.LimitReader(file, bounds.TrustedRootBytes+1))
	if err == nil && len(data) > bounds.TrustedRootBytes {
		err = fmt.Errorf("%s is larger than %d bytes", path, bounds.TrustedRootBytes)
	}
	return data, err
}

func parseMaterial(data []byte) (*material, error) {
	parsed, err := root.NewTrustedRootFromJSON(data)
	if err != nil {
		return nil, err
	}
	m := newMaterial(parsed)
	if len(parsed.FulcioCertificateAuthorities()) == 0 && !m.logs && !m.stampers {
		return nil, errors.New("it trusts nobody: no certificate authority, log or timestamp authority is in it")
	}
	return m, m.makeVerifiers()
}

func newMaterial(trusted root.TrustedMaterial) *material {
	return &material{
		TrustedMaterial: trusted,
		logs:            len(trusted.RekorLogs()) > 0,
		certLogs:        len(trusted.CTLogs()) > 0,
		stampers:        len(trusted.TimestampingAuthorities()) > 0,
	}
}

// makeVerifiers makes those that sigstore-go does all of the work in. One
// entry of one log and one time are asked for. More would not be safer,
// because all come with the bundle.
func (m *material) makeVerifiers() error {
	m.verifiers = map[relaxed]*sgverify.Verifier{}
	for _, r := range upTo(policy.Trust{IgnoreTransparencyLog: true, IgnoreCertificateLog: true}) {
		options := []sgverify.VerifierOption{sgverify.WithoutStatementPredicate()}
		if r.noLog {
			options = append(options, sgverify.WithSignedTimestamps(1))
		} else {
			options = append(options, sgverify.WithObserverTimestamps(1))
		}
		if m.logs && !r.noLog {
			options = append(options, sgverify.WithTransparencyLog(1))
		}
		if m.certLogs && !r.noCertLog {
			options = append(options, sgverify.WithSignedCertificateTimestamps(1))
		}
		verifier, err := sgverify.NewVerifier(m.TrustedMaterial, options...)
		if err != nil {
			return err
		}
		m.verifiers[r] = verifier
	}
	return nil
}

// material returns the root, which may mean to fetch it. It is nil if r is.
// A failure is a *verify.Fault, and is kept: what failed once is not tried
// again for each image. It is fetched for all images, whichever asks first, so
// the deadline of none ends it.
func (r *TrustedRoot) material(ctx context.Context) (*material, error) {
	if r == nil {
		return nil, nil
	}
	if r.load == nil {
		return r.loaded, nil
	}
	r.once.Do(func() {
		r.ready = make(chan struct{})
		go func() {
			defer close(r.ready)
			r.fetch(context.WithoutCancel(ctx))
		}()
	})
	select {
	case <-r.ready:
		return r.loaded, r.failed
	case <-ctx.Done():
		return nil, trustFault(ctx.Err())
	}
}

// fetch loads the root. What a library does not survive is a failure.
func (r *TrustedRoot) fetch(ctx context.Context) {
	defer func() {
		if p := recover(); p != nil {
			r.failed = trustFault(fmt.Errorf("this is a defect of syncgate: %v", p))
		}
	}()
	m, err := r.load(ctx)
	if err != nil {
		r.failed = trustFault(err)
		return
	}
	r.loaded = m
}

func trustFault(err error) error {
	var fault *verify.Fault
	if errors.As(err, &fault) {
		return fault
	}
	return &verify.Fault{
		Code:      CodeTrustUnavailable,
		Verdict:   policy.Unknown,
		Message:   fmt.Sprintf("load trusted root: %v", err),
		Hint:      "name a trusted root file with --trusted-root, or look at why the TUF repository cannot be reached",
		Retryable: true,
		Err:       err,
	}
}
