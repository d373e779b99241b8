package predicate

import (
	"errors"
	"strings"

	cvss20 "github.com/pandatix/go-cvss/20"
	cvss30 "github.com/pandatix/go-cvss/30"
	cvss31 "github.com/pandatix/go-cvss/31"
	cvss40 "github.com/pandatix/go-cvss/40"
)

// vectorScore is the score that a CVSS vector says: its base score, and of
// version 4 the score as a whole.
func vectorScore(vector string) (float64, error) {
	switch version, _, _ := strings.Cut(vector, "/"); version {
	case "CVSS:4.0":
		v, err := cvss40.ParseVector(vector)
		if err != nil {
			return 0, err
		}
		return v.Score(), nil
	case "CVSS:3.1":
		v, err := cvss31.ParseVector(vector)
		if err != nil {
			return 0, err
		}
		return v.BaseScore(), nil
	case "CVSS:3.0":
		v, err := cvss30.ParseVector(vector)
		if err != nil {
			return 0, err
		}
		return v.BaseScore(), nil
	}
	if strings.HasPrefix(vector, "CVSS:") {
		return 0, errors.New("it is of a version that is not known")
	}
	v, err := cvss20.ParseVector(vector)
	if err != nil {
		return 0, err
	}
	return v.BaseScore(), nil
}
