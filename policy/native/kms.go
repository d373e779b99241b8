package native

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"

	"github.com/syncgate/syncgate/policy"
)

// awsKey is the ARN of a key or an alias, with or without an endpoint, which
// is all that policy-controller takes of AWS.
var awsKey = regexp.MustCompile(`\Aawskms://([^/]*)/arn:(?:aws|aws-us-gov|aws-cn):kms:[a-z0-9-]+:\d{12}:(?:key/(?:mrk-)?[A-Fa-f0-9-]{32,36}|alias/.+)\z`)

// ManagedKey is a key in a key-management service, by its URI. It is not known
// before the service was asked.
func ManagedKey(uri string) (*policy.Key, error) {
	if err := checkKMS(uri); err != nil {
		return nil, err
	}
	return &policy.Key{KMS: uri}, nil
}

// checkKMS tells what is wrong with the URI of a key in a key-management
// service.
func checkKMS(uri string) error {
	scheme, _, found := strings.Cut(uri, "://")
	switch {
	case !found || !strings.Contains(" awskms azurekms gcpkms hashivault ", " "+scheme+" "):
		return errors.New("want a URI that begins with awskms://, azurekms://, gcpkms:// or hashivault://")
	case scheme != "awskms":
		return nil
	}
	parts := awsKey.FindStringSubmatch(uri)
	if parts == nil {
		return errors.New("want awskms://[HOST:PORT]/ARN with the ARN of a key or of an alias")
	}
	if endpoint := parts[1]; endpoint != "" {
		if _, _, err := net.SplitHostPort(endpoint); err != nil {
			return fmt.Errorf("the endpoint is malformed: want HOST:PORT")
		}
	}
	return nil
}
