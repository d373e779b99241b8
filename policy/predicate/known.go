package predicate

import (
	"fmt"

	scai "github.com/in-toto/attestation/go/predicates/scai/v0"
	testresult "github.com/in-toto/attestation/go/predicates/test_result/v0"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// The predicate types that in-toto specifies, of which no facts are made:
// policies look at them with expressions.
const (
	// TypeTestResult is the result of tests.
	TypeTestResult = "https://in-toto.io/attestation/test-result/v0.1"
	// TypeSCAI02 and TypeSCAI03 are reports of attributes of software.
	TypeSCAI02 = "https://in-toto.io/attestation/scai/attribute-report/v0.2"
	TypeSCAI03 = "https://in-toto.io/attestation/scai/v0.3"
)

// Check holds a predicate of a type that in-toto specifies, and that no Parse
// function reads, to its specification, so that an expression does not judge
// something that is none. It takes predicates of all other types.
func Check(predicateType string, raw []byte) error {
	what, check := "", func() error { return nil }
	switch predicateType {
	case TypeTestResult:
		what, check = "test result", func() error { return checkTestResult(raw) }
	case TypeSCAI02, TypeSCAI03:
		what, check = "SCAI report", func() error { return checkSCAI(raw) }
	case TypeLink1, TypeLink03:
		what, check = "link", func() error {
			_, err := ParseLink(predicateType, raw)
			return err
		}
	}
	_, err := guard(what, func() (*struct{}, error) { return nil, check() })
	return err
}

// protoKeys are the keys of resource descriptors, which both types hold.
func protoKeys(more ...string) []string {
	return append(more, "name", "uri", "digest", "content", "downloadLocation", "mediaType", "annotations")
}

func checkTestResult(raw []byte) error {
	const what = "test result"
	raw, err := open(raw, protoKeys("result", "configuration", "url", "passedTests", "warnedTests", "failedTests")...)
	if err != nil {
		return err
	}
	message := new(testresult.TestResult)
	if err := decodeProto(what, raw, message); err != nil {
		return err
	}
	// What is left out, the expression will miss where it needs it.
	switch result := message.GetResult(); result {
	case "", "PASSED", "WARNED", "FAILED":
	default:
		return fmt.Errorf("decode %s: result: want PASSED, WARNED or FAILED, found %q", what, clip(result))
	}
	for i, c := range message.GetConfiguration() {
		if err := c.Validate(); err != nil {
			return fmt.Errorf("decode %s: configuration[%d]: %s", what, i, clip(err.Error()))
		}
	}
	return nil
}

func checkSCAI(raw []byte) error {
	const what = "SCAI report"
	raw, err := open(raw, protoKeys("attributes", "attribute", "target", "conditions", "evidence", "producer")...)
	if err != nil {
		return err
	}
	message := new(scai.AttributeReport)
	if err := decodeProto(what, raw, message); err != nil {
		return err
	}
	if err := message.Validate(); err != nil {
		return fmt.Errorf("decode %s: %s", what, clip(err.Error()))
	}
	return nil
}

func decodeProto(what string, raw []byte, message proto.Message) error {
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(raw, message); err != nil {
		return fmt.Errorf("decode %s: %s", what, clip(err.Error()))
	}
	return nil
}
