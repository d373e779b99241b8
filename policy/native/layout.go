package native

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"path"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/document"
	"github.com/syncgate/syncgate/policy/predicate"
)

// layout reads an in-toto layout and checks its owners' signatures. It is nil
// after a problem.
func (c *converter) layout(l layout) *policy.LayoutRequirement {
	var owners [][]byte
	for _, file := range l.Keys {
		pem := c.keyFile(file)
		if pem == nil {
			return nil
		}
		if _, err := ParseKey(pem); err != nil {
			c.Report(file.Node, "read key file %s: %v", document.Quote(c.keyPath(file)), err)
			return nil
		}
		owners = append(owners, pem)
	}
	if l.File.Value == "" || len(owners) == 0 {
		return nil
	}
	if path.IsAbs(l.File.Value) {
		c.Report(l.File.Node, "layout %s is not a relative path: write it relative to the policy file", document.Quote(l.File.Value))
		return nil
	}
	name := c.keyPath(l.File)
	text, err := document.ReadFile(c.files, name, bounds.PolicyBytes)
	if err != nil {
		c.Report(l.File.Node, "read layout %s: %s", document.Quote(name), document.Reason(err))
		return nil
	}
	parsed, err := predicate.ParseLayout(text, owners)
	if err != nil {
		c.Report(l.File.Node, "read layout %s: %v", document.Quote(name), err)
		return nil
	}
	out := &policy.LayoutRequirement{Layout: parsed, Source: c.At(l.place)}
	for _, step := range parsed.Steps {
		rules, err := functionaries(step, l.InsecureIgnoreTransparencyLog.Value)
		if err != nil {
			c.Report(l.File.Node, "read layout %s: step %s: %v", document.Quote(name), document.Quote(step.Name), err)
			return nil
		}
		out.Functionaries = append(out.Functionaries, rules)
	}
	return out
}

// functionaries are those who may sign links of a step, by the keys that the
// layout holds. One key under two names is one functionary.
func functionaries(step predicate.LayoutStep, ignoreLog bool) ([]policy.SignerRule, error) {
	var rules []policy.SignerRule
	seen := map[string]bool{}
	for _, public := range step.Keys {
		if err := checkStrength(public); err != nil {
			return nil, err
		}
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			return nil, fmt.Errorf("unknown kind of key: %w", err)
		}
		sum := sha256.Sum256(der)
		fingerprint := hex.EncodeToString(sum[:])
		if seen[fingerprint] {
			continue
		}
		seen[fingerprint] = true
		rules = append(rules, policy.SignerRule{
			Name: fmt.Sprintf("functionary %s of %s", fingerprint[:12], step.Name), IgnoreTransparencyLog: ignoreLog,
			Key: &policy.Key{Fingerprint: fingerprint, Public: public},
		})
	}
	if len(rules) < step.Threshold {
		return nil, fmt.Errorf("it asks for links by %d functionaries and names %d", step.Threshold, len(rules))
	}
	return rules, nil
}
