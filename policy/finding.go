package policy

// Code names a kind of finding. Codes are part of the report's contract:
// scripts rely on them, so they are never renamed.
type Code string

// Finding is one thing that was found out about an image, an object or a
// unit. Findings are the only thing that users read.
type Finding struct {
	// Code names the kind of finding.
	Code Code `json:"code"`
	// Verdict is what this finding says of what it is about.
	Verdict Verdict `json:"verdict"`
	// Policy is the name of the policy that asked, if one did.
	Policy string `json:"policy,omitempty"`
	// Requirement is the name of the requirement that asked, if one did.
	Requirement string `json:"requirement,omitempty"`
	// Message says what is so, in lower case, naming the object.
	Message string `json:"message"`
	// Hint says what to do next.
	Hint string `json:"hint,omitempty"`
	// Retryable tells whether the same check may end otherwise if it is run
	// again with nothing changed.
	Retryable bool `json:"retryable"`
	// Warning marks a finding that is reported but does not count towards the
	// verdict: from a policy with mode warn, or an exception that ends soon.
	Warning bool `json:"warning,omitempty"`
}
