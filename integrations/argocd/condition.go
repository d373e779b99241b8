package argocd

import (
	"github.com/syncgate/syncgate/integrations/report"
	"github.com/syncgate/syncgate/verify"
)

// Condition says why a report is no pass, for the condition of an application.
func Condition(r verify.Report) string {
	return report.Condition(r, "a hard refresh tries again")
}
