package verify_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify/registry"
	"github.com/syncgate/syncgate/verify/verifytest"
)

// roundTrip is how long it takes to a registry that is far away, and back.
const roundTrip = 40 * time.Millisecond

// From a cold start, 50 images that each have a signature and three
// attestations take at most 12 round trips to a registry: connections, lists,
// manifests and contents. Only time on the way counts, so that this holds on
// however busy a machine; BenchmarkCheckFarAway measures the rest too.
func TestFiftyImagesTakeTwelveRoundTrips(t *testing.T) {
	for name, form := range map[string]verifytest.Form{"tags": verifytest.FormTag, "bundles": verifytest.FormBundle} {
		t.Run(name, func(t *testing.T) {
			const size, trips = 50, 12
			f := newFleet(t, size, form)
			synctest.Test(t, func(t *testing.T) {
				near := &link{conns: make(chan net.Conn), closed: make(chan struct{})}
				server := &http.Server{Handler: f.world.Handler()}
				go func() { _ = server.Serve(near) }()
				defer func() { _ = server.Close() }()
				base := farTransport(near.dial)
				defer base.CloseIdleConnections()
				began := time.Now()
				report := f.check(t, registry.Options{Base: base})
				if report.Verdict != policy.Pass || report.Summary.Images != size {
					t.Fatalf("verdict %s of %d images: %+v", report.Verdict, report.Summary.Images, report.Images[0].Findings)
				}
				took := float64(time.Since(began)) / float64(roundTrip)
				t.Logf("%.1f round trips", took)
				if took > trips {
					t.Errorf("it takes %.1f round trips, more than %d", took, trips)
				}
			})
		})
	}
}

// link is a listener for connections within the process.
type link struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *link) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, io.EOF
	}
}

func (l *link) Close() error { close(l.closed); return nil }

func (l *link) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func (l *link) dial(_ context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	l.conns <- far
	return near, nil
}

func farTransport(dial func(ctx context.Context, network, address string) (net.Conn, error)) *http.Transport {
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.MaxIdleConnsPerHost = bounds.RegistryRequests
	base.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		return dialFar(ctx, address, dial)
	}
	return base
}

// BenchmarkCheckFarAway verifies 50 images as BenchmarkCheck does, from a cold
// start, of a registry that is 40 ms away, there and back.
func BenchmarkCheckFarAway(b *testing.B) {
	const size = 50
	for name, form := range map[string]verifytest.Form{"tags": verifytest.FormTag, "bundles": verifytest.FormBundle} {
		b.Run(name, func(b *testing.B) {
			f := newFleet(b, size, form)
			for b.Loop() {
				base := farTransport((&net.Dialer{}).DialContext)
				if report := f.check(b, registry.Options{Base: base}); report.Verdict != policy.Pass || report.Summary.Images != size {
					b.Fatalf("verdict %s of %d images: %+v", report.Verdict, report.Summary.Images, report.Images[0].Findings)
				}
			}
			b.ReportMetric(float64(b.Elapsed()/time.Duration(b.N))/float64(roundTrip), "trips")
		})
	}
}

// dialFar connects to an address by way of a link on which a packet takes half
// a trip, however many are on it.
func dialFar(ctx context.Context, address string, dial func(ctx context.Context, network, address string) (net.Conn, error)) (net.Conn, error) {
	time.Sleep(roundTrip) // the handshake
	far, err := dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	near, inside := net.Pipe()
	go carry(far, inside, roundTrip/2)
	go carry(inside, far, roundTrip/2)
	return near, nil
}

// carry moves what comes from one end to the other, each piece after a delay.
func carry(to, from net.Conn, delay time.Duration) {
	type piece struct {
		due  time.Time
		data []byte
	}
	pieces := make(chan piece, 1024)
	go func() {
		defer close(pieces)
		for {
			data := make([]byte, 32<<10)
			n, err := from.Read(data)
			if n > 0 {
				pieces <- piece{time.Now().Add(delay), data[:n]}
			}
			if err != nil {
				return
			}
		}
	}()
	for p := range pieces {
		time.Sleep(time.Until(p.due))
		if _, err := to.Write(p.data); err != nil {
			_ = from.Close()
		}
	}
	_ = to.Close()
}
