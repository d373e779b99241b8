package verifytest

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"maps"
	"slices"
)

// identity is who a keyless signer says to be.
type identity struct {
	issuer string
	// subjects is one, unless a test wants more.
	subjects   []string
	extensions map[string]string
}

// fulcioArc is the number below 1.3.6.1.4.1.57264.1 of each extension that
// Fulcio documents, by its name in lower camel case.
func fulcioArc(name string) (int, bool) {
	names := []string{
		2:  "githubWorkflowTrigger",
		3:  "githubWorkflowSHA",
		4:  "githubWorkflowName",
		5:  "githubWorkflowRepository",
		6:  "githubWorkflowRef",
		9:  "buildSignerURI",
		10: "buildSignerDigest",
		11: "runnerEnvironment",
		12: "sourceRepositoryURI",
		13: "sourceRepositoryDigest",
		14: "sourceRepositoryRef",
		15: "sourceRepositoryIdentifier",
		16: "sourceRepositoryOwnerURI",
		17: "sourceRepositoryOwnerIdentifier",
		18: "buildConfigURI",
		19: "buildConfigDigest",
		20: "buildTrigger",
		21: "runInvocationURI",
		22: "sourceRepositoryVisibilityAtSigning",
	}
	arc := slices.Index(names, name)
	return arc, name != "" && arc > 0
}

// encode writes the issuer, in its old and its new form, and the extensions
// in the order of their names. The old ones, up to 6, are no DER.
func (i *identity) encode() ([]pkix.Extension, error) {
	out := []pkix.Extension{{Id: fulcioOID(1), Value: []byte(i.issuer)}}
	add := func(arc int, value string) error {
		if arc <= 6 {
			out = append(out, pkix.Extension{Id: fulcioOID(arc), Value: []byte(value)})
			return nil
		}
		der, err := asn1.MarshalWithParams(value, "utf8")
		out = append(out, pkix.Extension{Id: fulcioOID(arc), Value: der})
		return err
	}
	if err := add(8, i.issuer); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(i.extensions)) {
		arc, ok := fulcioArc(name)
		if !ok {
			return nil, fmt.Errorf("issue certificate: no Fulcio extension is called %q", name)
		}
		if err := add(arc, i.extensions[name]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func fulcioOID(arc int) asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, arc}
}
