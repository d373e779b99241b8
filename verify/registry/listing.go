package registry

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
)

// errNoAPI is that a registry has no referrers API.
var errNoAPI = errors.New("the registry has no referrers API")

// errNotListed is that a referrers API knows nothing of a repository or a
// digest.
var errNotListed = errors.New("the referrers API does not list the digest")

// listing is what the referrers API says, as far as it could be read.
type listing struct {
	descriptors []descriptor
	err         error
}

// hasAPI tells whether there is an API. Its error is that this is not known.
func (l *listing) hasAPI() (bool, error) {
	if errors.Is(l.err, errNoAPI) {
		return false, nil
	}
	return l.err == nil, l.err
}

// list asks the referrers API, or for the fallback tag. Whether there is an
// API is found out once a run. The first part of the repository's name counts
// as another registry, because one host may serve several.
func (s *search) list(ctx context.Context, r *repo) []descriptor {
	first, _, _ := strings.Cut(s.repository.RepositoryStr(), "/")
	registry := s.repository.RegistryStr() + "/" + first
	if has, known := s.client.apis.wait(ctx, registry); known && !has {
		return s.fallback(ctx, r)
	}
	own := &listing{err: errAbandoned}
	func() {
		defer func() { has, err := own.hasAPI(); s.client.apis.told(registry, has, err) }()
		own = r.pages(ctx, s.digest)
	}()
	var protocol protocolError
	switch {
	case errors.Is(own.err, errNoAPI), errors.Is(own.err, errNotListed):
		return s.fallback(ctx, r)
	case own.err == nil:
		return own.descriptors
	}
	s.fault(s.what, own.err)
	if errors.As(own.err, &protocol) && len(own.descriptors) == 0 {
		// Some registries answer nonsense where they have no API.
		return s.fallback(ctx, r)
	}
	return own.descriptors
}

// fallback reads the index at the tag that stands in for the API, as the
// distribution specification has it ("Referrers Tag Schema").
func (s *search) fallback(ctx context.Context, r *repo) []descriptor {
	digits := s.digest.Hex()
	m, err := r.manifestByTag(ctx, s.digest.Algorithm()+"-"+digits[:min(len(digits), 64)])
	var status *statusError
	switch {
	case errors.As(err, &status) && status.missing() && !status.token:
		return nil
	case err == nil && !m.index:
		err = protocolError("the tag that stands in for its referrers API is no index")
	}
	if err != nil {
		s.fault(s.what, err)
	}
	return m.manifests
}

// pages reads the list, page by page.
func (r *repo) pages(ctx context.Context, digest policy.Digest) *listing {
	l := &listing{}
	next := r.base + "/referrers/" + digest.String()
	seen := map[string]bool{}
	for range bounds.ReferrerPages {
		if seen[next] {
			l.err = protocolError("its list of referrers has no end")
			return l
		}
		seen[next] = true
		var page []descriptor
		page, next, l.err = r.page(ctx, next)
		l.descriptors = append(l.descriptors, page...)
		if l.err != nil || next == "" {
			return l
		}
	}
	l.err = limitError(fmt.Sprintf("its list of referrers has more than %d pages; the others are not looked at", bounds.ReferrerPages))
	return l
}

// page reads one page, and where the next one is.
func (r *repo) page(ctx context.Context, address string) (page []descriptor, next string, err error) {
	resp, err := r.client.get(ctx, &r.home, address, ociIndex)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode/100 == 3 && resp.Header.Get("Location") != "" {
		return nil, "", errNoAPI // it leads to another host: a web site, not an API
	}
	if resp.StatusCode != http.StatusOK {
		return nil, "", listError(newStatusError(resp))
	}
	if mediaType, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil || mediaType != ociIndex {
		return nil, "", protocolError("it answers a request for referrers with something else")
	}
	body, err := readAll(resp, bounds.ManifestBytes, "the list of referrers")
	if err != nil {
		return nil, "", err
	}
	m, err := parseManifest(body, ociIndex, policy.Digest{})
	if err != nil {
		return nil, "", err
	}
	if link := nextLink(resp.Header); link != "" {
		if next, err = r.sameList(resp.Request.URL, link); err != nil {
			return m.manifests, "", err
		}
	}
	return m.manifests, next, nil
}

// listError tells what it means that there is no list. Artifactory answers
// 406 where it has no API, and Quay 400 for a digest that it does not have.
func listError(e *statusError) error {
	switch {
	case e.status == http.StatusBadRequest,
		e.status == http.StatusNotFound && (e.code == "NAME_UNKNOWN" || e.code == "MANIFEST_UNKNOWN"):
		return errNotListed
	case e.status == http.StatusNotFound, e.status == http.StatusMethodNotAllowed,
		e.status == http.StatusNotAcceptable, e.status == http.StatusNotImplemented:
		return errNoAPI
	}
	return e
}

// nextLink returns the target of rel="next" (RFC 8288), and "" if there is
// none.
func nextLink(header http.Header) string {
	for _, value := range header.Values("Link") {
		for _, link := range strings.Split(value, ",") {
			target, parameters, ok := strings.Cut(strings.TrimSpace(link), ">")
			if target, open := strings.CutPrefix(target, "<"); ok && open &&
				strings.Contains(strings.ReplaceAll(parameters, `"`, ""), "rel=next") {
				return target
			}
		}
	}
	return ""
}

// sameList resolves a link, which may lead nowhere but to this repository's
// referrers.
func (r *repo) sameList(from *url.URL, link string) (string, error) {
	target, err := from.Parse(link)
	if err != nil || target.User != nil || !strings.HasPrefix(target.String(), r.base+"/referrers/") {
		return "", protocolError("its list of referrers goes on somewhere else")
	}
	target.Fragment = ""
	return target.String(), nil
}
