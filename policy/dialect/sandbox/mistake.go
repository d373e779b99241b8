package sandbox

// SyntaxError is a mistake in the text of a program.
type SyntaxError struct {
	// Line and Column are where it is in the program, from 1.
	Line, Column int
	Message      string
}

// Error returns the message.
func (e *SyntaxError) Error() string { return e.Message }
